using Tyer.Comms.Links;
using Tyer.Comms.Paths;

namespace Tyer.Comms.Peers;

/// <summary>What a connection wants done, in the order given.</summary>
internal enum ConnectionActionKind
{
    /// <summary>Dial the peer by a path, for a stream, and call the link by this id.</summary>
    Dial,

    /// <summary>Say hello on a link, with this stamp.</summary>
    SendHello,

    /// <summary>Say ready on a link.</summary>
    SendReady,

    /// <summary>Say why a link is refused, and end it.</summary>
    Refuse,

    /// <summary>End a link.</summary>
    End,

    /// <summary>The control link of a path is agreed on: pings and acknowledgements may pass.</summary>
    OpenControl,

    /// <summary>Both links of a path are agreed on: watch it by pings.</summary>
    Watch,

    /// <summary>A path is not watched any more.</summary>
    Unwatch,

    /// <summary>Messages may come over the data link of a path.</summary>
    Open,

    /// <summary>Send the session's messages over a data link from now on.</summary>
    Carry,

    /// <summary>Send what was queued just now.</summary>
    Flush,

    /// <summary>Tell the observer that messages flow.</summary>
    TellConnected,

    /// <summary>Tell the observer that they flow no more.</summary>
    TellDisconnected,

    /// <summary>Tell the observer that the session with an incarnation is over, and that another one begins.</summary>
    TellReset,

    /// <summary>Tell the observer that a link was refused, by this side or by the other.</summary>
    TellRefused,

    /// <summary>Tell the observer how a path stands now.</summary>
    TellPath,

    /// <summary>Tell the observer that the peer answers pings and takes no messages.</summary>
    TellStalled,

    /// <summary>Nothing is left to be done.</summary>
    TellStopped,
}

/// <summary>One thing to do; which fields mean something depends on the kind.</summary>
internal readonly record struct ConnectionAction(
    ConnectionActionKind Kind,
    long Link = 0,
    int Path = 0,
    LinkStream Stream = LinkStream.Control,
    ulong Stamp = 0,
    ulong Attempt = 0,
    RefusalCode Refusal = RefusalCode.None,
    LinkEnd End = default,
    ulong Incarnation = 0,
    ulong OldIncarnation = 0,
    PathState OldState = PathState.Down,
    PathState NewState = PathState.Down,
    bool IsByPeer = false);
