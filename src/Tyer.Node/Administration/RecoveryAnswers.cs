using Tyer.Cluster;
using Tyer.Engine;
using Tyer.Node.Recovery;
using Tyer.Sessions.Administration;

namespace Tyer.Node.Administration;

/// <summary>The recoveries that a node remembers, in the words of operators.</summary>
internal sealed class RecoveryAnswers(NodeCore node)
{
    /// <summary>All, the newest first.</summary>
    internal IReadOnlyList<RecoveryInfo> All => [.. node.Shards.Recoveries.Records.Select(Describe)];

    /// <summary>The one that is not over; null: nothing is in doubt.</summary>
    internal RecoveryInfo? UnderWay => node.Shards.Recoveries.Records is [{ Settled: null } newest, ..] ? Describe(newest) : null;

    private RecoveryInfo Describe(RecoveryRecord record) => new()
    {
        View = record.View.Id,
        Age = node.Shards.Clock.Now - record.Began,
        Left = Names(record.Left),
        Joined = Names(record.Joined),
        Installed = record.Installed,
        DirectoryDone = record.DirectoryDone,
        LocksDone = record.LocksDone,
        DirectoryComplete = record.DirectoryComplete,
        Settled = record.Settled,
        LastRegrant = record.LastRegrant,
        ResourcesRebuilt = record.Counts.ResourcesRebuilt,
        LocksRebuilt = record.Counts.LocksRebuilt,
        LocksPurged = record.Counts.LocksPurged,
        RecordsSent = record.Counts.RecordsSent,
        Regrants = record.Counts.Regrants,
        Held = record.Counts.Held,
        SupersededBy = record.SupersededBy,
        WaitsFor = record.Settled is null && record.SupersededBy is null ? [.. WaitsFor()] : [],
    };

    private IEnumerable<string> WaitsFor()
    {
        foreach (var (member, lacksDirectory, lacksLocks) in node.Shards.Recoveries.Unsaid)
        {
            var phases = (lacksDirectory, lacksLocks) switch
            {
                (true, true) => "DirectoryDone and LocksDone",
                (true, false) => "DirectoryDone",
                _ => "LocksDone",
            };
            var isCutOff = member.Node != node.Id && node.Peers?.IsReachable(member.Node) == false;
            yield return $"{phases} of {node.NameOf(member.Node)}{(isCutOff ? ", which is not connected" : "")}";
        }

        foreach (var unproven in node.Membership.Unproven.Keys.OrderBy(each => each.Node).ThenBy(each => each.Incarnation))
            yield return $"proof that {node.Membership.NameOf(unproven)} and its clients have stopped";
    }

    private string[] Names(IEnumerable<MemberId> members) =>
        [.. members.Select(member => node.Membership.NameOf(new NodeIncarnation(new NodeId(member.Node), new Incarnation(member.Incarnation))))];
}
