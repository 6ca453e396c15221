namespace Tyer;

/// <summary>Whether a call of the classic interface was accepted. If it was not, no callback comes.</summary>
public enum RawResult
{
    /// <summary>Accepted: exactly one completion follows.</summary>
    Accepted = 0,

    /// <summary>The name is empty, too long, or ends in NUL.</summary>
    InvalidName,

    /// <summary>It is not a mode.</summary>
    InvalidMode,

    /// <summary>
    /// The flags do not go together, or not with the call: <see cref="LockArguments.FindFault(LockMode, RawFlags)"/> says what.
    /// </summary>
    InvalidFlags,

    /// <summary><see cref="RawFlags.QueCvt"/> on a conversion that never waits.</summary>
    InvalidConversion,

    /// <summary>In the status block: <see cref="RawFlags.Timeout"/> without a positive timeout, or a label too long.</summary>
    InvalidBlock,

    /// <summary><see cref="RawFlags.ValBlk"/>, and the buffer is shorter than the lockspace's values.</summary>
    NoValueBuffer,

    /// <summary>A value is longer than the lockspace's values.</summary>
    ValueTooLong,

    /// <summary>This session has no such lock.</summary>
    UnknownLock,

    /// <summary>The lockspace is not open, or not any more.</summary>
    UnknownLockspace,

    /// <summary>An operation on the lock is under way.</summary>
    Busy,

    /// <summary>The session has as many locks as it may.</summary>
    TooManyLocks,

    /// <summary>The session has as many requests under way as it may.</summary>
    TooManyRequests,

    /// <summary>The user may not do this here.</summary>
    NotPermitted,

    /// <summary>The session is lost, and its locks with it.</summary>
    Lost,

    /// <summary>There is no connection to a node at present, or the node does not serve.</summary>
    Unavailable,
}
