using System.Collections.Immutable;
using System.Globalization;

namespace Tyer.Cluster;

/// <summary>
/// Which version of the lock protocol a group runs: the highest that all members of its view speak. It follows from the view alone, so whoever agrees on
/// the members has agreed on the version; and it changes with a view, never within one.
/// </summary>
/// <remarks>
/// <para>A joiner has to speak the version that runs. So the version never falls from one view to the next, and rises in the view that the last old node
/// is not in any more: that is how a cluster is upgraded node by node.</para>
/// <para>Where nobody was in a view before, those who can be in one together form it, and the others are refused.</para>
/// </remarks>
public static class VersionAgreement
{
    /// <summary>The highest version that all speak; null if there is none.</summary>
    public static int? HighestShared(IEnumerable<Member> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        int least = 1;
        int highest = ushort.MaxValue;
        foreach (Member member in members)
        {
            least = Math.Max(least, member.Protocol.Minimum);
            highest = Math.Min(highest, member.Protocol.Maximum);
        }

        return highest >= least ? highest : null;
    }

    /// <summary>Why a node cannot join those who are in a view, as a clause that says what to do; null if it can.</summary>
    public static string? ObjectionTo(Member joiner, ClusterView view)
    {
        ArgumentNullException.ThrowIfNull(joiner);
        ArgumentNullException.ThrowIfNull(view);
        return joiner.Protocol.Contains(view.Running) ? null : Objection(joiner, view.Running, "runs", view.Members);
    }

    /// <summary>
    /// Who cannot be in a first view with the others, and why: those stay together of whom there are most, and of as many those with the higher version.
    /// </summary>
    /// <param name="newcomers">All who could be in it; none was in a view before.</param>
    public static ImmutableDictionary<NodeIncarnation, string> ObjectionsAmong(IReadOnlyCollection<Member> newcomers)
    {
        ArgumentNullException.ThrowIfNull(newcomers);
        if (newcomers.Count == 0 || HighestShared(newcomers) is not null) return ImmutableDictionary<NodeIncarnation, string>.Empty;

        // Some greatest is spoken by as many as any version: going up to it loses nobody.
        int version = newcomers.Select(member => member.Protocol.Maximum).Distinct()
            .OrderByDescending(each => newcomers.Count(member => member.Protocol.Contains(each)))
            .ThenByDescending(each => each)
            .First();
        Member[] together = [.. newcomers.Where(member => member.Protocol.Contains(version))];
        return newcomers.Except(together).ToImmutableDictionary(
            member => member.NodeIncarnation, member => Objection(member, version, "is about to run", together));
    }

    /// <summary>Whether two can be in one view.</summary>
    public static bool CanMeet(Member one, Member other) => HighestShared([one, other]) is not null;

    private static string Objection(Member joiner, int version, string runs, IEnumerable<Member> members)
    {
        string theirs = string.Join(", ", members.Select(member => $"{member.Name} {member.Protocol}"));
        string remedy = joiner.Protocol.Maximum < version
            ? "install a newer build there, one that speaks it"
            : "install an older build there, one that speaks it, or first bring all the others to a newer one: the version rises when the last old node has left";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"the cluster {runs} version {version} of the lock protocol (its nodes offer: {theirs}), and {joiner.Name} offers {joiner.Protocol}; {remedy}");
    }
}
