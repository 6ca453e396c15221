using Tyer.Comms.Frames;
using Tyer.Comms.Links;

namespace Tyer.Comms.Clients;

/// <summary>
/// Who hears what comes over a client's link; one at either end. Calls come one at a time, but for <see cref="OnSendable"/>, on the link's
/// reader: they must not block. What they throw ends the link with <see cref="LinkEndReason.HandlerFailed"/>.
/// </summary>
public interface ILinkReceiver
{
    /// <summary>A message; the view is valid during the call.</summary>
    void OnMessage(in MessageView message);

    /// <summary>All messages of one read have been delivered. What was sent since its first one leaves together when this returns.</summary>
    void OnBatchEnd();

    /// <summary>A send was answered <see cref="Sending.SendResult.WouldBlock"/>, and there is room again. On any thread, at any time.</summary>
    void OnSendable();

    /// <summary>The link has ended; the last call.</summary>
    void OnClosed(in LinkEnd end);
}
