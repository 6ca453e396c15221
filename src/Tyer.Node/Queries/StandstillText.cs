using Tyer.Engine;
using Tyer.Engine.Recovery;

namespace Tyer.Node.Queries;

/// <summary>Why a whole resource stands still, in words that name whom to look at.</summary>
internal static class StandstillText
{
    /// <summary>Null: nothing but locks is in anybody's way.</summary>
    /// <param name="standing">How far recovery is where the resource is mastered.</param>
    /// <param name="isRebuilding">Whether the resource is being rebuilt.</param>
    /// <param name="master">The name of that node.</param>
    /// <param name="nameOf">Names of others.</param>
    internal static string? Of(RecoveryStanding standing, bool isRebuilding, string master, Func<uint, string> nameOf)
    {
        if (isRebuilding)
            return $"the recovery of view {standing.View}: its master departed, and {WaitsFor(standing, nameOf)}";
        if (!standing.HasQuorum)
            return $"the lack of a quorum in view {standing.View}";
        return standing.IsSuspended ? $"its master {master}, which is out of touch with the cluster stack and grants nothing" : null;
    }

    /// <summary>What the end of a recovery waits for.</summary>
    internal static string WaitsFor(RecoveryStanding standing, Func<uint, string> nameOf)
    {
        List<string> causes = [];
        if (standing.Unproven.Count > 0)
            causes.Add($"it is not proven that {Names(standing.Unproven)} {(standing.Unproven.Count == 1 ? "has" : "have")} stopped");
        if (standing.Unhoused.Count > 0)
            causes.Add($"{Names(standing.Unhoused)} {(standing.Unhoused.Count == 1 ? "has" : "have")} not sent all locks yet");
        return causes.Count == 0 ? "it ends in a moment" : string.Join("; ", causes);

        string Names(IReadOnlyList<MemberId> members) => string.Join(", ", members.Select(member => nameOf(member.Node)));
    }
}
