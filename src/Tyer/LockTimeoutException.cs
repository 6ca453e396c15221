using System.Globalization;
using System.Text;

namespace Tyer;

/// <summary>
/// <c>TYER-BUSY</c>: the wait ran out, and somebody else has the lock. The request is gone from the queue; a conversion left the lock
/// in its old mode.
/// </summary>
public sealed class LockTimeoutException : TyerException
{
    /// <summary>The value of <see cref="TyerException.Code"/>.</summary>
    public const string ErrorCode = "TYER-BUSY";

    private const int HoldersShownMax = 3;

    /// <summary>Makes the exception from what the resource's master told when the wait ran out.</summary>
    /// <param name="attempt">What was tried.</param>
    /// <param name="waited">How long; zero when the request was not to queue.</param>
    /// <param name="holders">Who stood in the way; of many, the first.</param>
    /// <param name="queuePosition">The place in the queue, from 1; null when it did not queue, or the place is not known.</param>
    /// <param name="rootBlocker">The one at the end of the chain of those who wait for each other.</param>
    /// <param name="heldUpBy">What the resource as a whole waits for, such as a recovery; null normally.</param>
    /// <param name="holderCount">How many stood in the way, if more than are listed.</param>
    public LockTimeoutException(
        LockAttempt attempt,
        TimeSpan waited,
        IReadOnlyList<LockEntry> holders,
        int? queuePosition = null,
        LockEntry? rootBlocker = null,
        string? heldUpBy = null,
        int holderCount = 0)
        : base(ErrorCode, Describe(attempt, waited, holders, Math.Max(holderCount, holders.Count), queuePosition, rootBlocker, heldUpBy))
    {
        Attempt = attempt;
        Waited = waited;
        Holders = holders;
        HolderCount = Math.Max(holderCount, holders.Count);
        QueuePosition = queuePosition;
        RootBlocker = rootBlocker;
        HeldUpBy = heldUpBy;
    }

    /// <summary>What was tried.</summary>
    public LockAttempt Attempt { get; }

    /// <summary>How long it waited; zero when it was not to queue.</summary>
    public TimeSpan Waited { get; }

    /// <summary>Who stood in the way when the wait ran out; of many, the first.</summary>
    public IReadOnlyList<LockEntry> Holders { get; }

    /// <summary>How many stood in the way; may be more than are listed.</summary>
    public int HolderCount { get; }

    /// <summary>The place in the queue at that moment, from 1; null when it did not queue, or the place is not known.</summary>
    public int? QueuePosition { get; }

    /// <summary>
    /// Follow the chain of those who wait for each other and this lock is at its end: whoever holds it delays all the others. May be on
    /// another resource. Null when it is not known.
    /// </summary>
    public LockEntry? RootBlocker { get; }

    /// <summary>What the resource as a whole waits for, such as a recovery; null normally (rule L6).</summary>
    public string? HeldUpBy { get; }

    private static string Describe(
        LockAttempt attempt,
        TimeSpan waited,
        IReadOnlyList<LockEntry> holders,
        int holderCount,
        int? queuePosition,
        LockEntry? rootBlocker,
        string? heldUpBy)
    {
        var text = new StringBuilder();
        string time = waited == TimeSpan.Zero ? "at once, and was not to wait" : $"within {Duration.Format(waited)}";
        text.Append(CultureInfo.InvariantCulture, $"{attempt} was not granted {time}.");
        foreach (LockEntry holder in holders.Take(HoldersShownMax)) text.Append(CultureInfo.InvariantCulture, $" In the way: {holder}.");
        int more = holderCount - Math.Min(holders.Count, HoldersShownMax);
        if (more > 0) text.Append(CultureInfo.InvariantCulture, $" And {more} more.");
        if (queuePosition is { } position) text.Append(CultureInfo.InvariantCulture, $" Place in the queue: {position}.");
        bool isToldAlready = holderCount == 1 && holders is [var only] && only.Id == rootBlocker?.Id;
        if (rootBlocker is not null && !isToldAlready)
            text.Append(CultureInfo.InvariantCulture, $" At the root, on '{rootBlocker.Resource}': {rootBlocker}.");
        if (heldUpBy is not null) text.Append(CultureInfo.InvariantCulture, $" The resource is held up by {heldUpBy}.");
        return text.Append(" Wait longer, try again, or look at whoever holds it.").ToString();
    }
}
