namespace Tyer.Comms.Peers;

/// <summary>
/// Who handles the messages of peers. Those of one peer come one at a time, in order and exactly once for a pair of incarnations, on the
/// thread that reads the link; peers side by side. It must not block. What it throws stops the connection to that peer for good, and is
/// reported with <see cref="Links.LinkEndReason.HandlerFailed"/>: the message was taken and not handled, and going on would hide that.
/// </summary>
public interface IMessageHandler
{
    /// <summary>A message.</summary>
    /// <param name="peer">Whose.</param>
    /// <param name="binding">The service that it is meant for.</param>
    /// <param name="view">The membership view that its sender stamped on it.</param>
    /// <param name="body">What it says; valid during the call.</param>
    void OnMessage(Peer peer, ushort binding, uint view, ReadOnlySpan<byte> body);

    /// <summary>All messages of one read have been delivered. What was sent to this peer since the first leaves when this returns.</summary>
    void OnBatchEnd(Peer peer);
}
