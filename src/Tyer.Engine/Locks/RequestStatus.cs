namespace Tyer.Engine.Locks;

/// <summary>How a request ended. Every request has exactly one end.</summary>
public enum RequestStatus : byte
{
    /// <summary>Granted.</summary>
    Granted = 0,

    /// <summary>The lock is released.</summary>
    Unlocked = 1,

    /// <summary>It was not to queue (NOQUEUE), and somebody is in the way. A conversion leaves the lock in its old mode.</summary>
    Again = 2,

    /// <summary>It would have closed a cycle of waits, and was chosen to give way. A conversion leaves the lock in its old mode.</summary>
    Deadlock = 3,

    /// <summary>Undone by a cancel, or by an unlock that overtook it.</summary>
    Cancelled = 4,

    /// <summary>Its time ran out while it waited.</summary>
    TimedOut = 5,

    /// <summary>The queue of the resource is as long as it may be.</summary>
    QueueFull = 6,

    /// <summary>No orphan of that name is there to be adopted.</summary>
    NotFound = 7,

    /// <summary>It was not to queue (NOQUEUE), and the master's view has no quorum: nobody may decide.</summary>
    NoQuorum = 8,

    /// <summary>It was not to queue (NOQUEUE), and nobody has decided about it in time. Told by the owner's side, never by a master.</summary>
    Unavailable = 9,
}

internal static class RequestStatusRange
{
    /// <summary>The last that a message may carry.</summary>
    internal const RequestStatus Last = RequestStatus.NoQuorum;
}
