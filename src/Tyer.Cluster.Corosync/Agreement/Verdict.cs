using System.Collections.Immutable;
using Tyer.Cluster.Glue;

namespace Tyer.Cluster.Corosync.Agreement;

/// <summary>What follows from what all participants of a configuration have said; the same for all of them, for it is computed from nothing else.</summary>
internal abstract record Verdict
{
    /// <summary>Some cannot be in a view with the others; without them it is tried again.</summary>
    internal sealed record PutOut(ImmutableSortedDictionary<GroupProcess, Misfit> Who) : Verdict;

    /// <summary>There are not enough to be a majority.</summary>
    internal sealed record TooFew(string Why) : Verdict;

    /// <summary>
    /// The view in which they are goes on: nobody came or went. Not if one of them has promised a later one: somebody who is gone may be in that, and must find
    /// one still later when it comes back.
    /// </summary>
    internal sealed record GoOn(ClusterView View) : Verdict;

    /// <summary>A new one.</summary>
    /// <param name="Base">The latest that any of them is in, and that those have to know who are in it; null: all are new.</param>
    /// <param name="View">The next.</param>
    internal sealed record Next(ClusterView? Base, ClusterView View) : Verdict;

    /// <summary>Judges.</summary>
    /// <param name="said">What each has said.</param>
    /// <param name="voters">All nodes that are configured.</param>
    public static Verdict Of(IReadOnlyDictionary<GroupProcess, Hello> said, ImmutableArray<NodeId> voters)
    {
        ClusterView? latest = said.Values.Select(hello => hello.Installed).MaxBy(view => view?.Id ?? 0);
        var proven = said.Values.SelectMany(hello => hello.Proofs).Select(proof => proof.Who).ToHashSet();
        var misfits = ImmutableSortedDictionary.CreateBuilder<GroupProcess, Misfit>();
        foreach ((GroupProcess process, Hello hello) in said)
        {
            if (MisfitOf(hello, said, latest, proven) is { } misfit) misfits.Add(process, misfit);
        }

        if (misfits.Count == 0) AddIncompatible(said, latest, misfits);
        if (misfits.Count == 0 && latest is not null) AddForgotten(said, latest, voters, misfits);
        if (misfits.Count > 0) return new PutOut(misfits.ToImmutable());

        Hello[] all = [.. said.Values.OrderBy(hello => hello.Self.Id)];
        Member[] members = [.. all.Select(hello => hello.Self)];
        if (!Majority.Is(members.Select(member => member.Id.Value), voters))
            return new TooFew($"{string.Join(", ", members.Select(member => member.Name))} are not a majority of the {voters.Length} nodes");
        if (latest is not null && HasOnly(latest, members) && all.All(hello => hello.Promised <= latest.Id)) return new GoOn(latest);

        IEnumerable<NodeIncarnation> unproven = latest is null
            ? FirstView.UnprovenOf(voters, all.Select(hello => (hello.Self.Id, hello.EarlierLife)))
            : latest.Members.Select(member => member.NodeIncarnation).Concat(latest.Unproven).Except(members.Select(member => member.NodeIncarnation));
        ulong id = all.Max(hello => hello.Highest) + 1;
        return new Next(latest, new ClusterView(id, members, unproven.Except(proven).OrderBy(who => who.Node).ThenBy(who => who.Incarnation)));
    }

    private static bool HasOnly(ClusterView view, Member[] members) =>
        view.Members.Select(member => member.NodeIncarnation).SequenceEqual(members.Select(member => member.NodeIncarnation));

    private static Misfit? MisfitOf(Hello hello, IReadOnlyDictionary<GroupProcess, Hello> said, ClusterView? latest, HashSet<NodeIncarnation> proven)
    {
        NodeIncarnation who = hello.Self.NodeIncarnation;
        if (hello.Digest != DigestOf(said, latest)) return Misfit.ConfiguredOtherwise;
        if (proven.Contains(who)) return new Misfit($"{hello.Self} was proven to act no more");
        if (said.Values.Any(other => other.Self.Id == who.Node && other.Self.Incarnation > who.Incarnation)) return new Misfit($"a later life of {hello.Self} is there");
        if (latest is null || latest.Contains(who)) return null;

        // It departed: the others have gone on without it, and may have given away what it holds.
        if (latest.Unproven.Contains(who) || hello.Installed is not null || (hello.Promised > 0 && hello.Promised <= latest.Id))
            return new Misfit($"view {latest.Id} was agreed on without it");
        return latest.Members.Select(member => member.NodeIncarnation).Concat(latest.Unproven).Any(known => known.Node == who.Node && known.Incarnation > who.Incarnation)
            ? new Misfit($"a later life of {hello.Self} is known")
            : null;
    }

    /// <summary>Who does not speak the version of the lock protocol that runs; where none runs yet, the one that those run who can be together.</summary>
    private static void AddIncompatible(
        IReadOnlyDictionary<GroupProcess, Hello> said, ClusterView? latest, ImmutableSortedDictionary<GroupProcess, Misfit>.Builder misfits)
    {
        ImmutableDictionary<NodeIncarnation, string>? among = latest is null ? VersionAgreement.ObjectionsAmong([.. said.Values.Select(hello => hello.Self)]) : null;
        foreach ((GroupProcess process, Hello hello) in said)
        {
            string? objection = latest is null ? among!.GetValueOrDefault(hello.Self.NodeIncarnation) : VersionAgreement.ObjectionTo(hello.Self, latest);
            if (objection is not null) misfits.Add(process, new Misfit(objection, IsFinal: true));
        }
    }

    /// <summary>
    /// A view later than the latest that is known here can have been in force only if a majority was in it. Of those who are here and know
    /// of none, none was. If all others together are a majority, and somebody has heard of a higher id in an earlier life, which is forgotten, such a
    /// view may have been: then nobody here may go on as if it had not.
    /// </summary>
    private static void AddForgotten(
        IReadOnlyDictionary<GroupProcess, Hello> said,
        ClusterView latest,
        ImmutableArray<NodeId> voters,
        ImmutableSortedDictionary<GroupProcess, Misfit>.Builder misfits)
    {
        bool Remembers(Hello hello) => hello.Installed is not null || latest.Contains(hello.Self.NodeIncarnation);

        NodeId[] remembering = [.. said.Values.Where(Remembers).Select(hello => hello.Self.Id)];
        if (!Majority.Is(voters.Except(remembering).Select(node => node.Value), voters)) return;
        if (said.Values.FirstOrDefault(hello => !Remembers(hello) && hello.HighestAtStart > latest.Id) is not { } newcomer) return;

        foreach ((GroupProcess process, Hello hello) in said)
        {
            if (Remembers(hello)) misfits.Add(process, new Misfit($"a view after {latest.Id} may have been agreed on without it: {newcomer.Self.Name} has known {newcomer.HighestAtStart}"));
        }
    }

    /// <summary>What is right: the digest of those who are in a view; else the one that most have; else that of the lowest node.</summary>
    private static ulong DigestOf(IReadOnlyDictionary<GroupProcess, Hello> said, ClusterView? latest)
    {
        if (latest is not null) return said.Values.First(hello => hello.Installed?.Id == latest.Id).Digest;
        return said.Values.GroupBy(hello => hello.Digest).OrderByDescending(group => group.Count()).ThenBy(group => group.Min(hello => hello.Self.Id)).First().Key;
    }
}

/// <summary>Why somebody cannot be in a view with the others.</summary>
/// <param name="Why">The reason, as a clause.</param>
/// <param name="IsFinal">Another life would fare no better.</param>
internal readonly record struct Misfit(string Why, bool IsFinal = false)
{
    public static Misfit ConfiguredOtherwise { get; } = new(
        "it is configured otherwise than the others: names and ids of the nodes, and the terms of leases, have to be the same on all", IsFinal: true);
}

/// <summary>Counts voters; each has one vote, whatever the daemon counts besides.</summary>
internal static class Majority
{
    public static bool Is(IEnumerable<uint> nodes, ImmutableArray<NodeId> voters)
    {
        HashSet<uint> counted = [.. nodes];
        return 2 * voters.Count(voter => counted.Contains(voter.Value)) > voters.Length;
    }
}
