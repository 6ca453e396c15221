using Tyer.Comms.Frames;

namespace Tyer.Comms.Links;

/// <summary>
/// What a link delivers to. Calls come one at a time: frames, in order, and the ends of batches; then, once, the end of the link. Only
/// <see cref="OnSendable"/> may come at any time and from any thread.
/// </summary>
internal interface IFrameReceiver
{
    /// <summary>A frame with a good checksum, of a kind that must not be skipped. What is returned, if not none, ends the link.</summary>
    FrameError OnFrame(in MessageView frame);

    /// <summary>All frames of one read have been delivered; what was sent meanwhile goes out when this returns.</summary>
    void OnBatchEnd();

    /// <summary>The bytes after the last frame are malformed, or <see cref="OnFrame"/> said so; a last chance to say why, then the link ends.</summary>
    void OnMalformed(FrameError error);

    /// <summary>A send was turned away, and there is room again.</summary>
    void OnSendable();

    /// <summary>The link has ended: nobody sends or receives on it any more.</summary>
    void OnEnded(in LinkEnd end);
}
