namespace Tyer;

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
