namespace Tyer.Comms.Peers;

/// <summary>What can happen to a connection as a whole; what happens on its paths comes to it as one of these.</summary>
internal enum ConnectionTrigger
{
    /// <summary>Begin to try.</summary>
    Connect,

    /// <summary>A path is dialled, or the peer has dialled one.</summary>
    Attempt,

    /// <summary>The first path is up.</summary>
    Established,

    /// <summary>The last path, or the last attempt, is over: silence.</summary>
    TimedOut,

    /// <summary>It is over: closed by the other side.</summary>
    Broke,

    /// <summary>It is over: the system said so.</summary>
    NetworkFailed,

    /// <summary>It is over: the other side sent what it must not, or is not whom it should be.</summary>
    ProtocolBroken,

    /// <summary>It is over: somebody could not prove who he is.</summary>
    NotAuthentic,

    /// <summary>It is over: the other side has said goodbye.</summary>
    PeerLeft,

    /// <summary>Nothing is left of what was established, and nobody delivers or sends on it.</summary>
    Cleaned,

    /// <summary>Membership has cut off the incarnation that is known.</summary>
    Fence,

    /// <summary>An incarnation has come that is not cut off.</summary>
    Readmit,

    /// <summary>An operator wants no connection; the session is kept for the next.</summary>
    StandDown,

    /// <summary>Say goodbye, then stop.</summary>
    Disconnect,

    /// <summary>Stop at once.</summary>
    Abort,
}

/// <summary>What a transition asks for.</summary>
[Flags]
internal enum ConnectionEffects
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>All links are to be ended, and none begun any more. Fencing ends only those of the lives that are cut off, and does that itself.</summary>
    EndLinks = 1,

    /// <summary>All links there are, are to be ended.</summary>
    DropLinks = 8,

    /// <summary>Say goodbye on every lane.</summary>
    SayGoodbye = 2,

    /// <summary>Who waits for the end hears of it.</summary>
    TellStopped = 4,
}

/// <summary>
/// The states of a connection as a function: (state, trigger) to (state, effects). It has no memory and no clock; who calls it keeps both.
/// Null is a pair that cannot come: <see cref="PeerConnection"/> stops rather than go on with one.
/// </summary>
internal static class ConnectionMachine
{
    /// <summary>What follows.</summary>
    public static (ConnectionState State, ConnectionEffects Effects)? Next(ConnectionState state, ConnectionTrigger trigger) => state switch
    {
        ConnectionState.StandAlone => trigger switch
        {
            ConnectionTrigger.Connect => (ConnectionState.Unconnected, ConnectionEffects.None),

            // Links that an operator has just ended may not be cleaned up yet.
            ConnectionTrigger.Disconnect or ConnectionTrigger.Abort => (ConnectionState.Disconnecting, ConnectionEffects.EndLinks),
            ConnectionTrigger.Fence or ConnectionTrigger.StandDown => (state, ConnectionEffects.None),
            _ => null,
        },
        ConnectionState.Unconnected => trigger switch
        {
            ConnectionTrigger.Attempt => (ConnectionState.Connecting, ConnectionEffects.None),
            _ => Common(state, trigger),
        },
        ConnectionState.Connecting => trigger switch
        {
            ConnectionTrigger.Attempt => (state, ConnectionEffects.None),
            ConnectionTrigger.Established => (ConnectionState.Connected, ConnectionEffects.None),
            ConnectionTrigger.Readmit => (state, ConnectionEffects.None),
            _ => ReasonOf(trigger) is { } reason ? (reason, ConnectionEffects.None) : Common(state, trigger),
        },
        ConnectionState.Connected => trigger switch
        {
            ConnectionTrigger.Attempt or ConnectionTrigger.Readmit => (state, ConnectionEffects.None),
            ConnectionTrigger.Disconnect => (ConnectionState.Disconnecting, ConnectionEffects.SayGoodbye),
            _ => ReasonOf(trigger) is { } reason ? (reason, ConnectionEffects.None) : Common(state, trigger),
        },
        ConnectionState.Disconnecting => trigger switch
        {
            ConnectionTrigger.Cleaned => (ConnectionState.StandAlone, ConnectionEffects.TellStopped),
            ConnectionTrigger.Abort => (state, ConnectionEffects.EndLinks),
            ConnectionTrigger.Connect or ConnectionTrigger.StandDown => null,

            // The goodbye may still have to find a way: paths come and go under it.
            _ => (state, ConnectionEffects.None),
        },
        ConnectionState.Fenced => trigger switch
        {
            ConnectionTrigger.Readmit => (ConnectionState.Unconnected, ConnectionEffects.None),
            ConnectionTrigger.Cleaned => (state, ConnectionEffects.None),
            ConnectionTrigger.Fence => (state, ConnectionEffects.None),
            ConnectionTrigger.Disconnect or ConnectionTrigger.Abort => (ConnectionState.Disconnecting, ConnectionEffects.EndLinks),

            // Somebody may come who is not cut off: paths are dialled and answered, and end, until one does.
            ConnectionTrigger.Attempt => (state, ConnectionEffects.None),
            _ => ReasonOf(trigger) is null ? null : (state, ConnectionEffects.None),
        },
        _ => trigger switch
        {
            ConnectionTrigger.Cleaned => (ConnectionState.Unconnected, ConnectionEffects.None),
            ConnectionTrigger.Attempt or ConnectionTrigger.Readmit => (state, ConnectionEffects.None),
            _ => ReasonOf(trigger) is null ? Common(state, trigger) : (state, ConnectionEffects.None),
        },
    };

    /// <summary>Whether it says why the last connection is over.</summary>
    public static bool IsReason(ConnectionState state) => state is >= ConnectionState.Timeout and <= ConnectionState.TearDown;

    private static (ConnectionState State, ConnectionEffects Effects)? Common(ConnectionState state, ConnectionTrigger trigger) => trigger switch
    {
        ConnectionTrigger.Fence => (ConnectionState.Fenced, ConnectionEffects.None),
        ConnectionTrigger.StandDown => (ConnectionState.StandAlone, ConnectionEffects.DropLinks),
        ConnectionTrigger.Disconnect or ConnectionTrigger.Abort => (ConnectionState.Disconnecting, ConnectionEffects.EndLinks),
        ConnectionTrigger.Readmit when state == ConnectionState.Unconnected => (state, ConnectionEffects.None),
        _ => null,
    };

    private static ConnectionState? ReasonOf(ConnectionTrigger trigger) => trigger switch
    {
        ConnectionTrigger.TimedOut => ConnectionState.Timeout,
        ConnectionTrigger.Broke => ConnectionState.BrokenPipe,
        ConnectionTrigger.NetworkFailed => ConnectionState.NetworkFailure,
        ConnectionTrigger.ProtocolBroken => ConnectionState.ProtocolError,
        ConnectionTrigger.NotAuthentic => ConnectionState.AuthFailure,
        ConnectionTrigger.PeerLeft => ConnectionState.TearDown,
        _ => null,
    };
}
