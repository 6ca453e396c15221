using System.Collections.Immutable;

namespace Tyer.Cluster.Glue;

/// <summary>
/// Who is unproven in a view of nothing but newcomers, where nobody remembers an earlier one: after all nodes have been stopped or have failed, and at
/// the very first start.
/// </summary>
/// <remarks>
/// A voter that is absent may have been in the last view, and be alive, cut off, and within its lease; of which life it is nothing is known, so it is
/// listed under <see cref="UnknownLife"/>. A voter that is present knows itself how its last life ended. What is granted so waits until these leases, too,
/// have run out by everybody's count (which for a newcomer begins with its start), or until an operator has vouched for the absent.
/// If all voters are present and were stopped in order, nothing waits.
/// </remarks>
public static class FirstView
{
    /// <summary>Stands for whichever life an absent voter may have had: lower than all that there are.</summary>
    public static Incarnation UnknownLife { get; } = new(1);

    /// <summary>Who is unproven, in the order of their ids.</summary>
    /// <param name="voters">All nodes that are configured.</param>
    /// <param name="present">Who is in the view, each with its <see cref="Joiner.EarlierLife"/>.</param>
    public static ImmutableArray<NodeIncarnation> UnprovenOf(
        IEnumerable<NodeId> voters, IEnumerable<(NodeId Node, NodeIncarnation? EarlierLife)> present)
    {
        ArgumentNullException.ThrowIfNull(voters);
        ArgumentNullException.ThrowIfNull(present);
        Dictionary<NodeId, NodeIncarnation?> members = present.ToDictionary(each => each.Node, each => each.EarlierLife);
        IEnumerable<NodeIncarnation> absent = voters.Where(voter => !members.ContainsKey(voter)).Select(voter => new NodeIncarnation(voter, UnknownLife));
        IEnumerable<NodeIncarnation> earlier = members.Values.Where(life => life is not null).Select(life => life!.Value);
        return [.. absent.Concat(earlier).OrderBy(who => who.Node)];
    }
}
