using Tyer.Comms.Links;

namespace Tyer.Comms.Peers;

/// <summary>What a connection wants done, in the order given.</summary>
internal enum ConnectionActionKind
{
    /// <summary>Dial the peer and call the link by this id.</summary>
    Dial,

    /// <summary>Say hello on a link, with this stamp.</summary>
    SendHello,

    /// <summary>Say ready on a link.</summary>
    SendReady,

    /// <summary>Say why a link is refused, and end it.</summary>
    Refuse,

    /// <summary>End a link.</summary>
    End,

    /// <summary>Let messages flow on a link: first tell the observer, then deliver what comes.</summary>
    Open,

    /// <summary>Send the session's queue over a link.</summary>
    Attach,

    /// <summary>Send what was queued just now.</summary>
    Flush,

    /// <summary>Tell the observer that the link with an incarnation is down.</summary>
    TellDisconnected,

    /// <summary>Tell the observer that the session with an incarnation is over, and that another one begins.</summary>
    TellReset,

    /// <summary>Tell the observer that a link was refused, by this side or by the other.</summary>
    TellRefused,

    /// <summary>Nothing is left to be done.</summary>
    TellStopped,
}

/// <summary>One thing to do; which fields mean something depends on the kind.</summary>
internal readonly record struct ConnectionAction(
    ConnectionActionKind Kind,
    long Link = 0,
    ulong Stamp = 0,
    ulong ReceiveNext = 0,
    RefusalCode Refusal = RefusalCode.None,
    LinkEnd End = default,
    ulong Incarnation = 0,
    ulong OldIncarnation = 0,
    bool IsByPeer = false);
