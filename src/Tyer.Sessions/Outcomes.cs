namespace Tyer.Sessions;

/// <summary>How an end that is not a grant becomes an exception: <c>docs/contract.md</c>, "Outcomes".</summary>
internal static class Outcomes
{
    /// <summary>The exception for a call that was refused, so that nothing follows it.</summary>
    internal static Exception Refused(RawResult result, string lockspace, in ResourceName resource)
    {
        var what = $"The request for '{resource}' in lockspace '{lockspace}'";
        return result switch
        {
            RawResult.TooManyLocks or RawResult.TooManyRequests => new LockRefusedException(
                RefusalReason.LimitReached, what, "the session has as many locks, or requests under way, as it may have"),
            RawResult.NotPermitted => new LockRefusedException(RefusalReason.NotPermitted, what, "this session may not do that"),
            RawResult.UnknownLockspace or RawResult.Lost => new LockUnavailableException(UnavailableReason.Stopping, what, "the session has ended"),
            RawResult.Unavailable => new LockUnavailableException(UnavailableReason.Unreachable, what, "the node cannot be reached"),
            RawResult.Busy => new InvalidOperationException($"An operation on this lock of '{resource}' is under way; one at a time."),
            RawResult.UnknownLock => new ObjectDisposedException(nameof(LockHandle), $"The lock on '{resource}' has ended."),
            _ => new LockRefusedException(RefusalReason.BadRequest, what, $"{result}"),
        };
    }

    /// <summary>The exception for a new lock that ended without a grant.</summary>
    internal static Exception OfLock(SessionLockspace space, SessionLockHandle handle, LockMode wanted, TimeSpan waited) =>
        Of(space, handle, new LockAttempt(space.Name, handle.Resource, wanted), waited);

    /// <summary>The exception for a conversion that ended without a grant.</summary>
    internal static Exception OfConversion(SessionLockspace space, SessionLockHandle handle, LockMode wanted, TimeSpan waited) =>
        Of(space, handle, new LockAttempt(space.Name, handle.Resource, wanted, handle.Mode), waited);

    /// <summary>A release whose value may or may not have been committed when the connection went.</summary>
    internal static Exception ReleaseUnknown(SessionLockHandle handle) => new OutcomeUnknownException(
        new RequestId(handle.Id, 0), $"The release of '{handle.Resource}' with a new value", "the session was lost before the master answered; the lock is free, only the value is in doubt");

    private static Exception Of(SessionLockspace space, SessionLockHandle handle, LockAttempt attempt, TimeSpan waited)
    {
        var wait = handle.WaitInformation;
        var holders = wait?.Holders ?? [];
        return handle.Status switch
        {
            RawStatus.TimedOut or RawStatus.Again => new LockTimeoutException(
                attempt, waited, holders, wait is { Position: > 0 } ? wait.Position : null, holders.Count > 0 ? holders[0] : null),
            RawStatus.Deadlock => new DeadlockException(attempt, holders),
            RawStatus.Cancelled => new OperationCanceledException($"The wait for {attempt} was cancelled."),
            RawStatus.Refused => new LockRefusedException(
                RefusalReason.LimitReached, $"{attempt}", "as many requests wait for it as the lockspace lets wait for one resource"),
            RawStatus.NotFound => new LockRefusedException(RefusalReason.BadRequest, $"{attempt}", "there is no orphan to adopt"),
            RawStatus.Lost => handle.LostException(),
            RawStatus.NoQuorum => new LockUnavailableException(
                UnavailableReason.NoQuorum, $"{attempt}", "the master's side of the cluster has no quorum, and grants nothing"),
            RawStatus.Unavailable => new LockUnavailableException(
                UnavailableReason.Unreachable,
                $"{attempt}",
                handle.LostBecause is { } lost ? $"the session was lost while it waited ({lost})" : "nobody has decided about it in time: its master does not answer"),
            _ => new InvalidOperationException($"{attempt} ended with {handle.Status}."),
        };
    }
}
