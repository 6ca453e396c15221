namespace Tyer;

/// <summary>
/// A lockspace: a set of resources by name, with locks on them. Two lockspaces share nothing. Disposing it releases every lock taken
/// through it; the others' stay.
/// </summary>
/// <remarks>
/// All members may be called from any thread. The same program that locks twice has two locks, which may conflict: there is no
/// re-entrancy, the handle is the owner. What the outcomes mean is in <c>docs/contract.md</c>; besides the exceptions named here every call
/// may throw <see cref="LockRefusedException"/>, <see cref="LockUnavailableException"/> and, after it was disposed,
/// <see cref="ObjectDisposedException"/>.
/// </remarks>
public interface ILockspace : IAsyncDisposable
{
    /// <summary>Its name: 1 to 64 of <c>A-Za-z0-9._-</c>.</summary>
    string Name { get; }

    /// <summary>The classic interface with flags, status block and callbacks, for those who know lock managers.</summary>
    IRawLockspace Raw { get; }

    /// <summary>Locks a resource; waits as long as it takes. <c>await using var h = await locks.LockAsync("orders/42");</c></summary>
    /// <param name="resource">Its name; a string will do.</param>
    /// <param name="mode">How; alone if nothing else is said.</param>
    /// <param name="cancellationToken">Ends the wait at once; a grant that still arrives is released in the background.</param>
    /// <returns>The lock. Dispose it to release.</returns>
    /// <exception cref="ArgumentException">The name, or the mode, is none.</exception>
    /// <exception cref="DeadlockException">It waited in a circle and was chosen to give way (L4).</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    ValueTask<LockHandle> LockAsync(
        ResourceName resource, LockMode mode = LockMode.Exclusive, CancellationToken cancellationToken = default);

    /// <summary>Locks a resource, with options; waits for <see cref="LockOptions.Timeout"/>, or as long as it takes.</summary>
    /// <param name="resource">Its name.</param>
    /// <param name="mode">How.</param>
    /// <param name="options">Label, timeout, place in the queue and the rest.</param>
    /// <param name="cancellationToken">Ends the wait at once; a grant that still arrives is released in the background.</param>
    /// <returns>The lock. Dispose it to release.</returns>
    /// <exception cref="ArgumentException">The name or the mode is none, or the options do not go together; the message names
    /// them.</exception>
    /// <exception cref="LockTimeoutException">The timeout ran out; it tells who has the lock.</exception>
    /// <exception cref="DeadlockException">It waited in a circle and was chosen to give way (L4).</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    ValueTask<LockHandle> LockAsync(
        ResourceName resource, LockMode mode, LockOptions options, CancellationToken cancellationToken = default);

    /// <summary>Locks a resource if it can be had within <paramref name="wait"/>.</summary>
    /// <param name="resource">Its name.</param>
    /// <param name="mode">How.</param>
    /// <param name="wait">Zero: do not queue. <see cref="Timeout.InfiniteTimeSpan"/>: for ever.</param>
    /// <param name="cancellationToken">Ends the wait at once; a grant that still arrives is released in the background.</param>
    /// <returns>The lock; or null when it was busy for all of <paramref name="wait"/>, and only then: every other outcome throws.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="wait"/> is negative, and not infinite.</exception>
    /// <exception cref="ArgumentException">The name, or the mode, is none.</exception>
    /// <exception cref="DeadlockException">It waited in a circle and was chosen to give way (L4).</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    ValueTask<LockHandle?> TryLockAsync(
        ResourceName resource, LockMode mode, TimeSpan wait, CancellationToken cancellationToken = default);

    /// <summary>Locks a resource, with options, if it can be had within <paramref name="wait"/>.</summary>
    /// <param name="resource">Its name.</param>
    /// <param name="mode">How.</param>
    /// <param name="wait">Zero: do not queue. <see cref="Timeout.InfiniteTimeSpan"/>: for ever.</param>
    /// <param name="options">Label, place in the queue and the rest; without a <see cref="LockOptions.Timeout"/>.</param>
    /// <param name="cancellationToken">Ends the wait at once; a grant that still arrives is released in the background.</param>
    /// <returns>The lock; or null when it was busy for all of <paramref name="wait"/>, and only then: every other outcome throws.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="wait"/> is negative, and not infinite.</exception>
    /// <exception cref="ArgumentException">The name or the mode is none, or the options do not go together; the message names
    /// them.</exception>
    /// <exception cref="DeadlockException">It waited in a circle and was chosen to give way (L4).</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    ValueTask<LockHandle?> TryLockAsync(
        ResourceName resource, LockMode mode, TimeSpan wait, LockOptions options, CancellationToken cancellationToken = default);

    /// <summary>Who holds, who waits. Asks every member; never stops the locking.</summary>
    /// <param name="query">Which resources; ordered by name, one page.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="ArgumentException">The query makes no sense; the message names the part.</exception>
    /// <exception cref="LockUnavailableException">
    /// With <see cref="UnavailableReason.Incomplete"/>, after the last resource that could be had: the members that it names did not
    /// answer.
    /// </exception>
    IAsyncEnumerable<ResourceSnapshot> QueryAsync(ResourceQuery query, CancellationToken cancellationToken = default);
}
