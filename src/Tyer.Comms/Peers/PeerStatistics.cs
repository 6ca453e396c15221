using Tyer.Comms.Sending;

namespace Tyer.Comms.Peers;

/// <summary>What has passed between this node and a peer.</summary>
public readonly record struct PeerStatistics
{
    /// <summary>Links that carried messages, ever.</summary>
    public long Connections { get; internal init; }

    /// <summary>Sessions that ended because the peer started again, ever.</summary>
    public long Resets { get; internal init; }

    /// <summary>Messages that came again after a new link and were dropped, ever.</summary>
    public long Duplicates { get; internal init; }

    /// <summary>Bytes that were sent again over a new link, ever.</summary>
    public long ResentBytes { get; internal init; }

    /// <summary>Messages sent or queued and not acknowledged, now.</summary>
    public int UnacknowledgedMessages { get; internal init; }

    /// <summary>Bytes sent or queued and not acknowledged, now.</summary>
    public long UnacknowledgedBytes { get; internal init; }

    /// <summary>What the present link has sent.</summary>
    public WriterStatistics Link { get; internal init; }
}
