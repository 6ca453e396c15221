using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;
using Tyer.Sessions.Explaining;

namespace Tyer.Cli.Explaining;

/// <summary>Why somebody waits: the facts, the root, and what can be done.</summary>
internal static class Explanation
{
    /// <summary>Explains one resource.</summary>
    /// <param name="found">The resource.</param>
    /// <param name="about">The lock that was asked about; null: the whole resource.</param>
    /// <param name="waitsOf">Finds the resources on which the process of a lock waits.</param>
    public static async Task<WhyDocument> MakeAsync(
        LockspaceResource found, LockId? about, Func<LockEntry, Task<IReadOnlyList<LockspaceResource>>> waitsOf)
    {
        ResourceSnapshot snapshot = found.Snapshot;
        LockEntry? subject = WaitRules.Queue(snapshot).FirstOrDefault(waiting => waiting.Id == about) ?? WaitRules.Queue(snapshot).FirstOrDefault();
        LockEntry? inTheWay = subject is not null && WaitRules.InTheWayOf(subject, snapshot) is [var first, ..] ? first : null;
        BlockerChain chain = inTheWay is null
            ? new BlockerChain([], IsCircle: false)
            : await BlockerChain.FollowAsync(inTheWay, waitsOf).ConfigureAwait(false);

        return new WhyDocument(
            found.Lockspace,
            snapshot.Resource,
            snapshot.HeldUpBy,
            [.. WaitRules.Held(snapshot)],
            [.. WaitRules.Queue(snapshot).Select((waiting, i) => new WaitDocument(i + 1, waiting, [.. WaitRules.InTheWayOf(waiting, snapshot).Select(each => each.Id)]))],
            chain.Links,
            chain.Links.Count == 0 ? null : chain.Links[^1],
            chain.IsCircle,
            Advise(snapshot, chain));
    }

    /// <summary>Says it in sentences.</summary>
    public static void Print(TextWriter writer, WhyDocument why, LockId? about)
    {
        writer.WriteLine(Headline(why));
        if (about is { } id && OfLock(why, id) is { } sentence) writer.WriteLine(sentence);
        if (why.HeldUpBy is not null) writer.WriteLine($"The whole resource is held up by {why.HeldUpBy}.");

        if (why.Holders.Count > 0) writer.WriteLine("Held:");
        foreach (LockEntry holder in why.Holders) writer.WriteLine($"  {holder}");
        if (why.Waits.Count > 0) writer.WriteLine("Waiting, in the order of the queue:");
        foreach (WaitDocument wait in why.Waits)
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {wait.Position}. {wait.Lock}; {Reason(why, wait)}"));

        if (why.RootBlocker is not null) writer.WriteLine(RootSentence(why));
        foreach (string advice in why.Advice) writer.WriteLine(advice);
    }

    private static string Headline(WhyDocument why)
    {
        string what = $"'{why.Resource}' in lockspace '{why.Lockspace}'";
        string held = why.Holders.Count == 0 ? "is held by nobody" : string.Create(CultureInfo.InvariantCulture, $"is held by {why.Holders.Count}");
        string waited = why.Waits.Count == 0 ? "nobody waits for it" : string.Create(CultureInfo.InvariantCulture, $"{why.Waits.Count} {Verb(why.Waits.Count)} for it");
        return $"{what} {held}, and {waited}.";
    }

    private static string Verb(int count) => count == 1 ? "waits" : "wait";

    private static string? OfLock(WhyDocument why, LockId id)
    {
        if (why.Waits.FirstOrDefault(wait => wait.Lock.Id == id) is { } wait)
            return string.Create(CultureInfo.InvariantCulture, $"{id} is number {wait.Position} in its queue; {Reason(why, wait)}.");
        int waiting = why.Waits.Count(each => each.WaitsFor.Contains(id));
        return why.Holders.Any(holder => holder.Id == id)
            ? string.Create(CultureInfo.InvariantCulture, $"{id} is held, and waits for nothing; {waiting} {Verb(waiting)} for it.")
            : null;
    }

    private static string Reason(WhyDocument why, WaitDocument wait)
    {
        if (wait.WaitsFor.Count == 0) return why.HeldUpBy is null ? "about to be granted" : $"waits for {why.HeldUpBy}";
        bool isExcluded = why.Holders.Any(holder => wait.WaitsFor.Contains(holder.Id) && holder.Granted is { } held
            && wait.Lock.Requested is { } wanted && !LockModes.IsCompatible(held, wanted));
        string list = string.Join(", ", wait.WaitsFor);
        return isExcluded ? $"waits for {list}" : $"waits for its turn, behind {list}";
    }

    private static string RootSentence(WhyDocument why)
    {
        LockEntry root = why.RootBlocker!;
        if (why.IsCircle)
            return $"They wait for each other: {string.Join("; ", why.Chain.Select(link => $"{link.Owner} holds '{link.Resource}' ({link.Id})"))}.";
        if (why.Chain.Count == 1) return root.Granted is null ? $"At the root: {root.Owner}, who waits here." : $"At the root: {root.Owner}, who waits for nothing.";
        string path = string.Join("; ", why.Chain.SkipLast(1).Select(link => $"{link.Owner} has '{link.Resource}' and waits in turn"));
        return $"At the root, on '{root.Resource}': {root}, who waits for nothing. On the way there: {path}.";
    }

    private static List<string> Advise(ResourceSnapshot snapshot, BlockerChain chain)
    {
        if (snapshot.HeldUpBy is not null) return [$"It goes on by itself when that ends; '{TyerCommand.Name} status' tells what it waits for."];
        if (chain.Links is not [.., var root]) return [];

        string revoke = $"{TyerCommand.Name} revoke {root.Id} --reason TEXT";
        if (chain.IsCircle) return [$"None of them will go on by itself. End one, or take its lock away: {revoke}"];
        if (root.IsOrphan) return [$"Its process is gone and left the lock on purpose; nobody will release it. Repair under it what it guards: {TyerCommand.Name} orphans adopt {root.Resource} -- CMD. Or end it: {TyerCommand.Name} orphans purge {root.Id}"];
        return
        [
            string.Create(CultureInfo.InvariantCulture, $"Look at process {root.Owner.ProcessId} on {Printable.Escape(root.Owner.Host)}; when it ends, its locks are free at once.")
                + $" To take the lock from it while it runs: {revoke}",
        ];
    }
}
