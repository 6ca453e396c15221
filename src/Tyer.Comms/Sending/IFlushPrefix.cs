namespace Tyer.Comms.Sending;

/// <summary>What goes in front of a flush, between two frames of the queue: a peer's acknowledgement rides along for 24 bytes.</summary>
internal interface IFlushPrefix
{
    /// <summary>Whether the prefix is to go out even with nothing behind it. With the queue's gate held.</summary>
    bool IsDemanded { get; }

    /// <summary>Writes the prefix, if there is one; with the queue's gate held.</summary>
    /// <param name="destination">Room for one frame without a body.</param>
    /// <param name="hasFrames">Whether frames follow; if not, only a demanded prefix is written.</param>
    /// <returns>Bytes written; 0 for none.</returns>
    int WritePrefix(Span<byte> destination, bool hasFrames);
}
