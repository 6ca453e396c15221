namespace Tyer;

/// <summary>Where a request or a conversion that must wait takes its place.</summary>
public enum LockQueue
{
    /// <summary>Behind those that wait already (rule L3).</summary>
    Fifo = 0,

    /// <summary>Before those that wait already.</summary>
    Head = 1,

    /// <summary>Nowhere: granted as soon as it is compatible with what is held, whoever waits. May starve the others.</summary>
    NoOrder = 2,
}

/// <summary>What a request may ask for beyond resource and mode. Every default is the safe choice.</summary>
/// <remarks>
/// Combinations that cannot work are refused with an <see cref="ArgumentException"/> that names them: see <see cref="LockArguments"/>.
/// </remarks>
public sealed record LockOptions
{
    /// <summary>What this application calls itself, shown to whoever waits for it. At most 128 bytes (UTF-8).</summary>
    public string? Owner { get; init; }

    /// <summary>What the lock is for, shown to operators. At most 128 bytes (UTF-8).</summary>
    public string? Purpose { get; init; }

    /// <summary>
    /// Locks with the same transaction count as one party in the deadlock search; without one, each session is a party of its own. It does
    /// not make them compatible.
    /// </summary>
    public Guid? Transaction { get; init; }

    /// <summary>
    /// How long to wait before giving up with a <see cref="LockTimeoutException"/>; null waits for ever, zero does not queue. Not to be
    /// combined with the <c>wait</c> of <c>TryLockAsync</c>.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The place in the queue.</summary>
    public LockQueue Queue { get; init; }

    /// <summary>Whether the resource's value is read with the grant and can be written. Default: true.</summary>
    public bool ValueBlock { get; init; } = true;

    /// <summary>Whether the lock stays, as an orphan, when its owner dies; somebody has to adopt or purge it.</summary>
    public bool Persistent { get; init; }

    /// <summary>
    /// Takes over a lock that a dead owner left behind (<see cref="Persistent"/>), in exactly the mode asked for, past every queue. Without one in
    /// that mode it is busy; without any, refused with a <see cref="LockRefusedException"/>. Say <see cref="Persistent"/> too, and the lock is left
    /// behind again should this owner die before it is done.
    /// </summary>
    public bool Adopt { get; init; }

    /// <summary>Grants at once, past every queue; only for <see cref="LockMode.Null"/>, which disturbs nobody.</summary>
    public bool Expedite { get; init; }

    /// <summary>
    /// Keeps this request out of the deadlock search while it waits: it is never the victim, and a cycle through it is not found.
    /// </summary>
    public bool NoDeadlockWait { get; init; }

    /// <summary>
    /// A mode to be content with when the one asked for would have to wait: <see cref="LockMode.ProtectedRead"/> or
    /// <see cref="LockMode.ConcurrentWrite"/>. <see cref="LockHandle.Mode"/> tells which it became.
    /// </summary>
    public LockMode? Alternative { get; init; }

    /// <summary>
    /// Sends the holders a blocking notice even when this request does not queue (a wait of zero); one that queues always does.
    /// </summary>
    public bool NotifyHolders { get; init; }
}
