using Tyer.Engine;
using Tyer.Engine.Recovery;

namespace Tyer.Node.Queries;

/// <summary>Why a whole resource stands still, in words that name whom to look at.</summary>
internal static class StandstillText
{
    /// <summary>Null: nothing but locks is in anybody's way.</summary>
    internal static string? Of(RecoveryStanding standing, bool isRebuilding, Func<uint, string> nameOf)
    {
        if (isRebuilding)
            return $"the recovery of view {standing.View}: its master departed, and {WaitsFor(standing, nameOf)}";
        return standing.HasQuorum ? null : $"the lack of a quorum in view {standing.View}";
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
