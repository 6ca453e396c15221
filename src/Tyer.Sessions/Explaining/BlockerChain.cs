using Tyer.Sessions.Administration;

namespace Tyer.Sessions.Explaining;

/// <summary>
/// From a lock that is waited for to the one that all wait for in the end: its process waits for a lock of another, and so on. Ending the
/// first of the chain seldom helps; the last is where to look.
/// </summary>
/// <param name="Links">The locks, the one waited for first; each is held by a process that waits for the next.</param>
/// <param name="IsCircle">Whether the last waits for the first or another before it: they wait for each other.</param>
public sealed record BlockerChain(IReadOnlyList<LockEntry> Links, bool IsCircle)
{
    /// <summary>A chain is followed no further: beyond that nobody reads it.</summary>
    private const int LinksMax = 32;

    /// <summary>Follows the chain.</summary>
    /// <param name="first">The lock that is waited for.</param>
    /// <param name="waitsOf">Finds the resources on which the process of a lock waits.</param>
    public static async Task<BlockerChain> FollowAsync(LockEntry first, Func<LockEntry, Task<IReadOnlyList<LockspaceResource>>> waitsOf)
    {
        var links = new List<LockEntry> { first };
        while (links.Count < LinksMax)
        {
            LockEntry? next = Next(links[^1], await waitsOf(links[^1]).ConfigureAwait(false));
            if (next is null) return new BlockerChain(links, IsCircle: false);
            bool isKnown = links.Exists(link => WaitRules.IsSameProcess(link.Owner, next.Owner));
            links.Add(next);
            if (isKnown) return new BlockerChain(links, IsCircle: true);
        }

        return new BlockerChain(links, IsCircle: false);
    }

    /// <summary>What the process that holds a lock waits for the longest; null when it waits for nothing.</summary>
    private static LockEntry? Next(LockEntry holder, IReadOnlyList<LockspaceResource> contended)
    {
        var waits =
            from resource in contended
            from waiting in WaitRules.Queue(resource.Snapshot)
            where WaitRules.IsSameProcess(waiting.Owner, holder.Owner)
            orderby waiting.WaitedFor descending
            from blocker in WaitRules.InTheWayOf(waiting, resource.Snapshot)
            where !WaitRules.IsSameProcess(blocker.Owner, holder.Owner)
            select blocker;
        return waits.FirstOrDefault();
    }
}
