namespace Tyer.Sessions.Wire;

/// <summary>
/// What a message between a client and its node is: its first byte. The numbers are the protocol's; those from a client are below 64,
/// those from a node above.
/// </summary>
public enum WireKind : byte
{
    /// <summary>No message.</summary>
    None = 0,

    /// <summary>Client: who I am. The first, and only the first.</summary>
    Hello = 1,

    /// <summary>Client: a new lock.</summary>
    Lock = 2,

    /// <summary>Client: another mode.</summary>
    Convert = 3,

    /// <summary>Client: the end of a lock.</summary>
    Unlock = 4,

    /// <summary>Client: undo what a lock waits for.</summary>
    Cancel = 5,

    /// <summary>Client: I am alive.</summary>
    KeepAlive = 6,

    /// <summary>Client: open a lockspace.</summary>
    OpenLockspace = 7,

    /// <summary>Client: close a lockspace.</summary>
    CloseLockspace = 8,

    /// <summary>Client: remove orphans.</summary>
    Purge = 9,

    /// <summary>Client: a question of an operator.</summary>
    Ask = 10,

    /// <summary>Client: the answer to a question is not wanted any more.</summary>
    Forget = 11,

    /// <summary>Node: the session is open.</summary>
    Welcome = 64,

    /// <summary>Node: something could not be done; after a hello, the connection ends.</summary>
    Failed = 65,

    /// <summary>Node: a new lock has to wait; this is its id.</summary>
    Queued = 66,

    /// <summary>Node: a call has ended.</summary>
    Completed = 67,

    /// <summary>Node: a call was not accepted; nothing else follows it.</summary>
    CallRefused = 68,

    /// <summary>Node: what a cancel did.</summary>
    CancelAnswered = 69,

    /// <summary>Node: a lock is in somebody's way.</summary>
    Blocking = 70,

    /// <summary>Node: a lock is lost.</summary>
    LockLost = 71,

    /// <summary>Node: the session is lost, with all its locks; the connection ends.</summary>
    SessionLost = 72,

    /// <summary>Node: I heard that you are alive.</summary>
    KeepAliveHeard = 73,

    /// <summary>Node: a lockspace is open.</summary>
    LockspaceOpened = 74,

    /// <summary>Node: a lockspace is closed.</summary>
    LockspaceClosed = 75,

    /// <summary>Node: orphans are removed.</summary>
    Purged = 76,

    /// <summary>Node: a piece of the answer to a question.</summary>
    Answer = 77,

    /// <summary>Node: a request has waited for long; what for.</summary>
    WaitsLong = 78,
}
