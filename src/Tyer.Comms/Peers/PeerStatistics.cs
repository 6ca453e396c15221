using Tyer.Comms.Sending;

namespace Tyer.Comms.Peers;

/// <summary>What has passed between this node and a peer.</summary>
public readonly record struct PeerStatistics
{
    /// <summary>Links that carried messages, ever: how often messages went another way, or the same way again.</summary>
    public long Connections { get; internal init; }

    /// <summary>Sessions that ended because the peer started again, ever.</summary>
    public long Resets { get; internal init; }

    /// <summary>Messages that came again over another link and were dropped, ever.</summary>
    public long Duplicates { get; internal init; }

    /// <summary>Bytes that were sent again over a new link, ever.</summary>
    public long ResentBytes { get; internal init; }

    /// <summary>Messages sent or queued and not acknowledged, now.</summary>
    public int UnacknowledgedMessages { get; internal init; }

    /// <summary>Bytes sent or queued and not acknowledged, now.</summary>
    public long UnacknowledgedBytes { get; internal init; }

    /// <summary>What was sent, over all links, ever.</summary>
    public WriterStatistics Sent { get; internal init; }
}
