using System.Globalization;
using Tyer.Cluster.Static;

namespace Tyer.Cluster.External;

/// <summary>How a node stands when it is told something.</summary>
/// <param name="List">The nodes that it is configured with, itself included.</param>
/// <param name="Self">The node.</param>
/// <param name="Highest">The highest view id in its state directory.</param>
/// <param name="View">The view that it is in; null before the first.</param>
/// <param name="Proofs">Who is proven to act no more.</param>
internal sealed record Standing(PeerList List, Member Self, ulong Highest, ClusterView? View, IReadOnlySet<NodeIncarnation> Proofs);

/// <summary>
/// What of a control daemon's word cannot be right. Each answer is null, or the reason as a sentence without its full stop, with what
/// would be right. It is about mistakes: whether a proof is true only the daemon can know.
/// </summary>
internal static class ExternalRules
{
    public static string DescribeWaiting(ulong highest) => highest == 0
        ? "waiting for the first view from the control daemon ('tyer view set')"
        : string.Create(CultureInfo.InvariantCulture, $"waiting for a view from the control daemon ('tyer view set'); its id must be above {highest}");

    public static string? FaultOfLease(TimeSpan safeFor) => safeFor >= ClusterLimits.LeaseMin && safeFor <= ClusterLimits.LeaseMax
        ? null
        : $"it is to be safe for {safeFor.TotalSeconds} s; that can be {ClusterLimits.LeaseMin.TotalSeconds} to {ClusterLimits.LeaseMax.TotalSeconds} s";

    public static string? FaultOf(ClusterView view, Standing here) =>
        FaultOfId(view, here) ?? FaultOfSelf(view, here) ?? FaultOfVersion(view, here) ?? view.Members.Select(member => FaultOf(member, view, here)).FirstOrDefault(fault => fault is not null)
        ?? FaultOfDeparted(view, here);

    public static string? FaultOf(NodeIncarnation who, Standing here)
    {
        if (who == here.Self.NodeIncarnation) return $"this is {here.Self}, which is running";
        if (here.List.Find(who.Node) is null) return $"there is no node of the id {who.Node} among this node's peers";
        if (who.Node == here.Self.Id || here.View is not { } view || here.Proofs.Contains(who)) return null;

        // One who is older than a member has departed long ago; of anybody else nothing is known, so the number is not right.
        Member? member = view.Find(who.Node);
        if (who.Incarnation <= member?.Incarnation || view.Unproven.Contains(who)) return null;
        string known = member is null ? "" : $" {here.List.NameOf(who.Node)} is {member.NodeIncarnation} there.";
        string unproven = view.Unproven.IsEmpty ? "" : $" Unproven are {string.Join(", ", view.Unproven)}.";
        return $"it is neither a member of view {view.Id} nor unproven in it.{known}{unproven}".TrimEnd('.');
    }

    private static string? FaultOfId(ClusterView view, Standing here) =>
        view.Id > here.Highest ? null
        : here.View is { } present ? $"this node is in view {present.Id}; the next one has a greater id"
        : $"this node has known view {here.Highest} in an earlier run; ids are never used again, so the next one has a greater id";

    /// <summary>To be left out of a view is to be expelled; but not before one has been in any.</summary>
    private static string? FaultOfSelf(ClusterView view, Standing here) =>
        view.Find(here.Self.Id) is not { } listed ? here.View is null ? $"this node, {here.Self}, is not in it" : null
        : listed.Incarnation != here.Self.Incarnation ? $"it lists this node as {listed.NodeIncarnation}, and this is {here.Self.NodeIncarnation}"
        : null;

    /// <summary>What a view's members speak, the control daemon says: by the range of each, or of all.</summary>
    private static string? FaultOfVersion(ClusterView view, Standing here)
    {
        if (!here.Self.Protocol.Contains(view.Running) && view.Find(here.Self.Id) is not null)
            return $"it runs version {view.Running} of the lock protocol, and {here.Self.Name} offers {here.Self.Protocol}; say which one all members speak ('running'), or install a build that fits";
        return here.View is { } present && view.Running < present.Running
            ? $"it runs version {view.Running} of the lock protocol, and view {present.Id} ran {present.Running}: the version never falls while nodes run ('running')"
            : null;
    }

    private static string? FaultOf(Member member, ClusterView view, Standing here)
    {
        NodeIncarnation who = member.NodeIncarnation;
        if (here.List.Find(member.Id) is not { } configured)
            return $"{member} is not among this node's Peers, so that it cannot be connected to";
        if (configured.Name != member.Name) return $"id {member.Id} is {configured.Name} in this node's configuration, and {member.Name} in the view";
        if (view.Unproven.Contains(who)) return $"{member} is both a member of it and unproven in it";
        if (here.Proofs.Contains(who)) return $"{member} was proven to act no more; it comes back as a new incarnation only";
        if (here.View is not { } present) return null;
        if (present.Unproven.Contains(who)) return $"{member} departed before view {present.Id}; it comes back as a new incarnation only";
        return present.Find(member.Id) is { } before && before.Incarnation > member.Incarnation
            ? $"{member} is older than {before.NodeIncarnation}, which is in view {present.Id}"
            : null;
    }

    /// <summary>Who is left out without a word would hold his locks for ever, and nobody could tell.</summary>
    private static string? FaultOfDeparted(ClusterView view, Standing here)
    {
        foreach (NodeIncarnation earlier in (here.View?.Members.Select(member => member.NodeIncarnation) ?? []).Concat(here.View?.Unproven ?? []))
        {
            if (!view.Contains(earlier) && !view.Unproven.Contains(earlier) && !here.Proofs.Contains(earlier))
            {
                return $"it says nothing of {here.List.NameOf(earlier.Node)} ({earlier}), who was in view {here.View!.Id}: list it as unproven, "
                    + $"or tell first that it acts no more ('tyer view fence {earlier}')";
            }
        }

        return null;
    }
}
