using Tyer.Comms.Links;

namespace Tyer.Comms.Peers;

/// <summary>What can happen to a connection.</summary>
internal enum ConnectionEventKind
{
    /// <summary>Begin to try; or try again, after <see cref="StandDown"/>.</summary>
    Start,

    /// <summary>An operator wants no connection until the next <see cref="Start"/>.</summary>
    StandDown,

    /// <summary>Time has passed.</summary>
    Tick,

    /// <summary>A dialled link is connected.</summary>
    DialConnected,

    /// <summary>
    /// A hello that is meant for this node and comes from this peer, which has proved it if it has to: the first frame of an accepted link,
    /// or the answer on a dialled one.
    /// </summary>
    Hello,

    /// <summary>A ready.</summary>
    Ready,

    /// <summary>The peer refuses a link, which ends it.</summary>
    Refused,

    /// <summary>A link has ended: nobody delivers, reads or sends on it any more.</summary>
    LinkEnded,

    /// <summary>Enough pongs have come over a control link, or messages over a data link.</summary>
    Proven,

    /// <summary>A control link has been silent for too long.</summary>
    Overdue,

    /// <summary>The peer has acknowledged this side's goodbye.</summary>
    GoodbyeAcknowledged,

    /// <summary>The peer answers pings and acknowledges nothing.</summary>
    Stalled,

    /// <summary>Much waits on the path that carries, and less on this one.</summary>
    Relieve,

    /// <summary>A path may be dialled from now on.</summary>
    AddPath,

    /// <summary>A path is to be used no more.</summary>
    RemovePath,

    /// <summary>Membership cuts off incarnations.</summary>
    Fence,

    /// <summary>Say goodbye, then stop.</summary>
    Stop,

    /// <summary>Stop at once.</summary>
    Abort,
}

/// <summary>One thing that happened; which fields mean something depends on the kind. Answered: this side has said its hello already.</summary>
internal readonly record struct ConnectionEvent(
    ConnectionEventKind Kind,
    long Link = 0,
    Hello? Hello = null,
    Ready Ready = default,
    RefusalCode Refusal = RefusalCode.None,
    LinkEnd End = default,
    ulong Incarnation = 0,
    int Path = 0,
    bool IsAnswered = false);
