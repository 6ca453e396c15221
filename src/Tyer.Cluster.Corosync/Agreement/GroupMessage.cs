using System.Collections.Immutable;

namespace Tyer.Cluster.Corosync.Agreement;

/// <summary>What members of the group say to each other, in one order for all.</summary>
internal abstract record GroupMessage;

/// <summary>
/// One configuration of the group: its ring, its processes, and which of these are put out. What was said in another one does not count; for a view
/// is agreed on by those who all see the same.
/// </summary>
/// <param name="Ring">The daemons' ring.</param>
/// <param name="Members">The processes in the group, sorted.</param>
/// <param name="Out">Of these, who is put out, sorted: it has not left yet, and nobody waits for it.</param>
internal sealed record Configuration(RingId Ring, ImmutableArray<GroupProcess> Members, ImmutableArray<GroupProcess> Out)
{
    /// <summary>Who has to agree.</summary>
    public IEnumerable<GroupProcess> Participants => Members.Except(Out);

    public bool Equals(Configuration? other) =>
        other is not null && HasSameMembers(other) && Out.AsSpan().SequenceEqual(other.Out.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Ring, Members.Length, Out.Length);

    /// <summary>Whether they differ in who is put out, at most.</summary>
    public bool HasSameMembers(Configuration other) => Ring == other.Ring && Members.AsSpan().SequenceEqual(other.Members.AsSpan());
}

/// <summary>The first step: what a member brings along.</summary>
/// <param name="In">The configuration that it speaks in.</param>
/// <param name="Self">Who it is, in this life.</param>
/// <param name="Digest">What all have to have in common; see <see cref="Glue.Joiner.Digest"/>.</param>
/// <param name="Highest">The highest view id on its disk.</param>
/// <param name="HighestAtStart">The same when this life began: views of earlier lives have at most this one.</param>
/// <param name="Promised">The highest view id that this life has agreed to; 0 for none.</param>
/// <param name="Installed">The view that it is in; null before the first of this life.</param>
/// <param name="EarlierLife">See <see cref="Glue.Joiner.EarlierLife"/>.</param>
/// <param name="Proofs">Who is proven to act no more, as far as it knows and it still matters.</param>
internal sealed record Hello(
    Configuration In,
    Member Self,
    ulong Digest,
    ulong Highest,
    ulong HighestAtStart,
    ulong Promised,
    ClusterView? Installed,
    NodeIncarnation? EarlierLife,
    ImmutableArray<Proof> Proofs) : GroupMessage;

/// <summary>The second step: the id is on the sender's disk. When all have said so, the view is.</summary>
internal sealed record Ready(Configuration In, ulong View) : GroupMessage;

/// <summary>A participant has not taken the step that all wait for; the others are to go on without it.</summary>
internal sealed record Silent(Configuration In, GroupProcess Who) : GroupMessage;

/// <summary>Somebody who departed is proven to act no more.</summary>
/// <param name="View">The view of the sender: it counts only among those who are in it.</param>
/// <param name="Proof">Who, and how.</param>
internal sealed record Proven(ulong View, Proof Proof) : GroupMessage;

/// <summary>A member is to be put out.</summary>
internal sealed record Evict(ulong View, NodeIncarnation Who, string Why) : GroupMessage;

/// <summary>The sender goes, with nothing held.</summary>
internal sealed record Farewell(ulong View, NodeIncarnation Who) : GroupMessage;

/// <summary>Who acts no more, and what proves it.</summary>
internal readonly record struct Proof(NodeIncarnation Who, FenceProof How);
