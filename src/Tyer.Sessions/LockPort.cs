using Tyer.Time;

namespace Tyer.Sessions;

/// <summary>
/// The way from a lockspace, as an application sees it, to the lock manager: into a node of the same process, or over a connection. What
/// handles do with it is the same (<see cref="SessionLockspace"/>).
/// </summary>
public abstract class LockPort
{
    /// <summary>The lockspace's name.</summary>
    public abstract string LockspaceName { get; }

    /// <summary>The longest value in this lockspace, in bytes.</summary>
    public abstract int ValueSize { get; }

    /// <summary>What time it is.</summary>
    public abstract IClock Clock { get; }

    /// <summary>Whether continuations and callbacks run on the thread that brings the event: they then must not block.</summary>
    public abstract bool InlineCompletions { get; }

    /// <summary>For how long what the session holds is safe by the local rule, from now; infinite where no lease can run out.</summary>
    public abstract TimeSpan SafeFor { get; }

    /// <summary>Asks for a lock. If accepted, one completion follows, perhaps within the call.</summary>
    public abstract RawResult Lock(ISessionLock target, in LockRequest request);

    /// <summary>
    /// The short way of <see cref="Lock"/>, where the lock manager is in this process and can grant at once: all is said by the result, and no
    /// completion follows.
    /// </summary>
    /// <param name="target">The lock. From here on it may be told that it blocks, or is lost.</param>
    /// <param name="resource">Its resource.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="flags">Flags of the classic interface; blocking notices are wanted.</param>
    /// <param name="grant">What was granted.</param>
    /// <returns>False: nothing has happened, and the call has to go the long way.</returns>
    public virtual bool TryLockAtOnce(ISessionLock target, in ResourceName resource, LockMode mode, RawFlags flags, out GrantAtOnce grant)
    {
        grant = default;
        return false;
    }

    /// <summary>The short way of <see cref="Unlock"/>, likewise, for a lock that was granted at once and whose end leaves the value as it is.</summary>
    /// <param name="key">The <see cref="GrantAtOnce.Key"/> that came with the grant.</param>
    /// <param name="id">The lock's <see cref="ISessionLock.Id"/>.</param>
    /// <param name="portKey">Its <see cref="ISessionLock.PortKey"/>.</param>
    /// <returns>False: nothing has happened, and the call has to go the long way.</returns>
    public virtual bool TryUnlockAtOnce(object key, LockId id, uint portKey) => false;

    /// <summary>Asks for another mode. If accepted, one completion follows, perhaps within the call.</summary>
    public abstract RawResult Convert(ISessionLock target, in ConvertRequest request);

    /// <summary>Ends a lock. If accepted, one completion follows, perhaps within the call.</summary>
    public abstract RawResult Unlock(ISessionLock target, RawFlags flags, bool givesValue, ReadOnlySpan<byte> value);

    /// <summary>Undoes what a lock waits for.</summary>
    /// <returns>The outcome; null: it follows as an event.</returns>
    public abstract CancelOutcome? Cancel(ISessionLock target);

    /// <summary>Removes orphans.</summary>
    public abstract ValueTask<int> PurgeAsync(uint node, int processId, CancellationToken cancellationToken);

    /// <summary>Asks the members who holds and who waits.</summary>
    public abstract IAsyncEnumerable<ResourceSnapshot> QueryAsync(ResourceQuery query, CancellationToken cancellationToken);

    /// <summary>Closes the lockspace: its locks are released.</summary>
    public abstract ValueTask CloseAsync();
}

/// <summary>A new lock, as a port takes it.</summary>
public readonly ref struct LockRequest
{
    /// <summary>The mode.</summary>
    public LockMode Mode { get; init; }

    /// <summary>Flags of the classic interface.</summary>
    public RawFlags Flags { get; init; }

    /// <summary>How long to wait; null = for ever.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether blocking notices are wanted.</summary>
    public bool NotifyBlocking { get; init; }

    /// <summary>Deadlock identity, if not the session.</summary>
    public Guid? Transaction { get; init; }

    /// <summary>The owner's label.</summary>
    public string? Label { get; init; }

    /// <summary>What the lock is for.</summary>
    public string? Purpose { get; init; }
}

/// <summary>A conversion, as a port takes it.</summary>
public readonly ref struct ConvertRequest
{
    /// <summary>The mode.</summary>
    public LockMode Mode { get; init; }

    /// <summary>Flags of the classic interface.</summary>
    public RawFlags Flags { get; init; }

    /// <summary>How long to wait; null = for ever.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether blocking notices are wanted.</summary>
    public bool NotifyBlocking { get; init; }

    /// <summary>Whether <see cref="Value"/> is to be written if the change of modes writes.</summary>
    public bool GivesValue { get; init; }

    /// <summary>The value.</summary>
    public ReadOnlySpan<byte> Value { get; init; }
}

/// <summary>A lock that was granted within the call.</summary>
/// <param name="Key">What the port finds it by, as long as it is there.</param>
/// <param name="PortKey">For <see cref="ISessionLock.PortKey"/>.</param>
/// <param name="Id">Its id.</param>
/// <param name="Epoch">The first part of its token. In parts: as a whole it would be copied before both have reached memory, for which a processor waits.</param>
/// <param name="Counter">The second part.</param>
public readonly record struct GrantAtOnce(object Key, uint PortKey, LockId Id, ulong Epoch, ulong Counter);
