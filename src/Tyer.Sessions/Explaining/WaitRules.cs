namespace Tyer.Sessions.Explaining;

/// <summary>Who is in whose way on one resource, read off a snapshot by the rules that the master grants by.</summary>
public static class WaitRules
{
    /// <summary>Those that wait, in the order in which they will be granted: conversions come first (L3).</summary>
    public static IEnumerable<LockEntry> Queue(ResourceSnapshot snapshot) => snapshot.Converting.Concat(snapshot.Waiting);

    /// <summary>
    /// The locks that are in the way of one that waits: those held in a mode that excludes the one it wants, or, where there is none, those
    /// before it in the queue.
    /// </summary>
    public static IReadOnlyList<LockEntry> InTheWayOf(LockEntry waiting, ResourceSnapshot snapshot)
    {
        if (waiting.Requested is not { } wanted) return [];

        List<LockEntry> holders = [.. Held(snapshot).Where(held => held.Id != waiting.Id && !LockModes.IsCompatible(held.Granted!.Value, wanted))];
        return holders.Count > 0 ? holders : [.. Queue(snapshot).TakeWhile(ahead => ahead.Id != waiting.Id)];
    }

    /// <summary>The locks that are granted, those that convert included.</summary>
    public static IEnumerable<LockEntry> Held(ResourceSnapshot snapshot) => snapshot.Granted.Concat(snapshot.Converting).Where(held => held.Granted is not null);

    /// <summary>Whether two locks belong to one process, which does not do the one thing while it waits for the other.</summary>
    public static bool IsSameProcess(LockOwner a, LockOwner b) => a.ProcessId == b.ProcessId && a.Host == b.Host && a.Node == b.Node;
}
