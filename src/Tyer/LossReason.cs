namespace Tyer;

/// <summary>Why a lock was lost. Whatever the reason, nobody else was granted it before the handle was told (rule S6).</summary>
public enum LossReason
{
    /// <summary>The session was not renewed in time: the process or the machine stalled.</summary>
    SessionExpired,

    /// <summary>The connection to the node closed and could not be resumed.</summary>
    ConnectionClosed,

    /// <summary>The node is stopping, or stopped.</summary>
    NodeStopped,

    /// <summary>The others put the node out of the cluster.</summary>
    NodeExpelled,

    /// <summary>The node's side has no quorum (rule S2).</summary>
    QuorumLost,

    /// <summary>An administrator took the lock away.</summary>
    Revoked,

    /// <summary>This program closed the lockspace.</summary>
    LockspaceClosed,

    /// <summary>The machine's clock jumped, as after a suspend: what was promised until then cannot be relied on.</summary>
    ClockJumped,
}
