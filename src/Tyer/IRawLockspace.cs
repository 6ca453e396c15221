namespace Tyer;

/// <summary>
/// The classic interface of lock managers, one to one: a call is accepted or refused at once, and an accepted one completes with exactly
/// one
/// callback. <see cref="ILockspace"/> and the <c>libdlm</c> library are built on it.
/// </summary>
public interface IRawLockspace
{
    /// <summary>
    /// Asks for a new lock; or, with <see cref="RawFlags.Convert"/>, for another mode of the lock that <paramref name="block"/> names.
    /// </summary>
    /// <param name="resource">The resource's name, 1 to 64 bytes; ignored by a conversion.</param>
    /// <param name="mode">The mode wanted.</param>
    /// <param name="flags">How; see <see cref="LockArguments.FindFault(LockMode, RawFlags)"/> for what goes together.</param>
    /// <param name="block">What else is said, and where the outcome is told. Not to be touched until the completion.</param>
    /// <param name="callbacks">Whom to call. A conversion replaces those of the lock.</param>
    /// <returns><see cref="RawResult.Accepted"/>, and one completion follows; or the refusal, and none does.</returns>
    RawResult Lock(ReadOnlySpan<byte> resource, LockMode mode, RawFlags flags, LockStatusBlock block, RawCallbacks callbacks);

    /// <summary>Releases a lock.</summary>
    /// <param name="id">Which.</param>
    /// <param name="flags"><see cref="RawFlags.ValBlk"/>, <see cref="RawFlags.IvValBlk"/>, <see cref="RawFlags.ForceUnlock"/>.</param>
    /// <param name="block">Where the outcome is told, and the value to commit.</param>
    /// <param name="callbacks">Whom to call.</param>
    /// <returns>
    /// <see cref="RawResult.Accepted"/>, and one completion follows (<see cref="RawStatus.Unlocked"/>); or the refusal, and none does. An
    /// operation
    /// that <see cref="RawFlags.ForceUnlock"/> overtakes completes too, as <see cref="RawStatus.Cancelled"/>.
    /// </returns>
    RawResult Unlock(LockId id, RawFlags flags, LockStatusBlock block, RawCallbacks callbacks);

    /// <summary>Takes a waiting request or conversion back. It adds no callback: what it cancels completes.</summary>
    /// <param name="id">Which lock.</param>
    /// <param name="cancellationToken">Ends the waiting for the answer, not the cancel.</param>
    /// <returns>Whether it came in time.</returns>
    ValueTask<CancelOutcome> CancelAsync(LockId id, CancellationToken cancellationToken = default);

    /// <summary>Releases orphans of this lockspace: locks with PERSISTENT whose process is gone.</summary>
    /// <param name="node">Of processes of which node; 0 = of any member.</param>
    /// <param name="processId">Of which process; 0 = of any.</param>
    /// <param name="cancellationToken">Ends the waiting for the answer, not the purge.</param>
    /// <returns>How many were released.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such node id, or the process id is negative.</exception>
    /// <exception cref="LockUnavailableException">That node is not a member, or somebody did not answer; asking again is harmless.</exception>
    ValueTask<int> PurgeAsync(uint node, int processId, CancellationToken cancellationToken = default);
}
