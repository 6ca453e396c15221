namespace Tyer;

/// <summary>How an operation of the classic interface ended.</summary>
public enum RawStatus
{
    /// <summary>Not yet.</summary>
    InProgress = 0,

    /// <summary>Granted.</summary>
    Ok,

    /// <summary>It would have had to wait (<see cref="RawFlags.NoQueue"/>), or the orphans there are in other modes (<see cref="RawFlags.Orphan"/>).</summary>
    Again,

    /// <summary>It was the victim of a deadlock. A conversion left the lock in its old mode.</summary>
    Deadlock,

    /// <summary>It was cancelled. A conversion left the lock in its old mode; a new request is gone.</summary>
    Cancelled,

    /// <summary>The lock is released.</summary>
    Unlocked,

    /// <summary>Its time ran out (<see cref="RawFlags.Timeout"/>). A conversion left the lock in its old mode.</summary>
    TimedOut,

    /// <summary>There is no such lock, or no such orphan.</summary>
    NotFound,

    /// <summary>The master refused it; <see cref="LockStatusBlock.Error"/> says why.</summary>
    Refused,

    /// <summary>The lock is lost; <see cref="LockStatusBlock.Error"/> says why.</summary>
    Lost,

    /// <summary>Nobody could decide; nothing was granted.</summary>
    Unavailable,

    /// <summary>It may or may not have happened.</summary>
    Unknown,
}

/// <summary>What the status block says beside its status.</summary>
[Flags]
public enum RawStatusFlags
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The old mode was given up to resolve a deadlock (<see cref="RawFlags.ConvDeadlk"/>).</summary>
    Demoted = 0x1,

    /// <summary>The value is not to be believed.</summary>
    ValNotValid = 0x2,

    /// <summary>Granted in the alternative mode: see <see cref="LockStatusBlock.Mode"/>.</summary>
    AltMode = 0x4,
}

/// <summary>Whether a call of the classic interface was accepted. If it was not, no callback comes.</summary>
public enum RawResult
{
    /// <summary>Accepted: exactly one completion follows.</summary>
    Accepted = 0,

    /// <summary>The name is empty, too long, or ends in NUL.</summary>
    BadName,

    /// <summary>It is not a mode.</summary>
    BadMode,

    /// <summary>The flags do not go together, or not with the call or the modes: see <see cref="LockArguments"/>.</summary>
    BadFlags,

    /// <summary><see cref="RawFlags.ValBlk"/> without a buffer of the lockspace's value size.</summary>
    BadValue,

    /// <summary><see cref="RawFlags.Timeout"/> without a positive timeout, or a label too long.</summary>
    BadBlock,

    /// <summary>This session has no such lock.</summary>
    NotFound,

    /// <summary>An operation on the lock is under way.</summary>
    Busy,

    /// <summary>A limit is reached.</summary>
    LimitReached,

    /// <summary>The user may not do this here.</summary>
    NotPermitted,

    /// <summary>The lock, or the session, is lost.</summary>
    Lost,

    /// <summary>There is no connection to a node at present, or the node does not serve.</summary>
    Unavailable,

    /// <summary>The lockspace is closed.</summary>
    Closed,
}

/// <summary>What a cancel did.</summary>
public enum CancelOutcome
{
    /// <summary>The request or conversion completes with <see cref="RawStatus.Cancelled"/>.</summary>
    Cancelled,

    /// <summary>Nothing was waiting: the lock is granted, by now or for long.</summary>
    AlreadyGranted,

    /// <summary>This session has no such lock.</summary>
    NotFound,
}
