namespace Tyer;

/// <summary>How an operation of the classic interface ended.</summary>
public enum RawStatus
{
    /// <summary>Not yet.</summary>
    InProgress = 0,

    /// <summary>Granted.</summary>
    Ok,

    /// <summary>
    /// It would have had to wait (<see cref="RawFlags.NoQueue"/>), or the orphans there are in other modes (<see cref="RawFlags.Orphan"/>).
    /// </summary>
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

    /// <summary>It was not to queue (<see cref="RawFlags.NoQueue"/>), and the master's side of the cluster has no quorum: nobody may decide.</summary>
    NoQuorum,
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
