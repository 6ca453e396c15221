using System.Collections.Immutable;

namespace Tyer.Cluster;

/// <summary>
/// Who is in, as all members agree: the same id is the same view everywhere, and ids only grow, over full restarts too. Two are
/// equal when all they say is equal.
/// </summary>
public sealed record ClusterView
{
    /// <summary>Describes a view.</summary>
    /// <param name="id">Greater than 0.</param>
    /// <param name="members">At least one, at most <see cref="ClusterLimits.MembersMax"/>, in the order of their ids.</param>
    /// <param name="unproven">See <see cref="Unproven"/>.</param>
    /// <param name="hasQuorum">See <see cref="HasQuorum"/>.</param>
    /// <exception cref="ArgumentException">The message names what is wrong; that the members share no version of the lock protocol, too.</exception>
    public ClusterView(ulong id, IEnumerable<Member> members, IEnumerable<NodeIncarnation>? unproven = null, bool hasQuorum = true)
    {
        ArgumentOutOfRangeException.ThrowIfZero(id);
        ArgumentNullException.ThrowIfNull(members);

        Members = [.. members];
        if (Members.Length is 0 or > ClusterLimits.MembersMax)
        {
            throw new ArgumentException(
                $"A view has 1 to {ClusterLimits.MembersMax} members; this one has {Members.Length}.", nameof(members));
        }

        for (int i = 1; i < Members.Length; i++)
        {
            if (Members[i - 1].Id >= Members[i].Id)
                throw new ArgumentException("The members of a view are in the order of their ids, each once.", nameof(members));
        }

        Running = VersionAgreement.HighestShared(Members) ?? throw new ArgumentException(
            $"The members of a view share a version of the lock protocol; these do not: {string.Join(", ", Members.Select(member => $"{member.Name} {member.Protocol}"))}.",
            nameof(members));
        Id = id;
        Unproven = unproven is null ? [] : [.. unproven];
        HasQuorum = hasQuorum;
    }

    /// <summary>The number of the view: the epoch of the fencing tokens granted in it.</summary>
    public ulong Id { get; }

    /// <summary>The members, in the order of their ids.</summary>
    public ImmutableArray<Member> Members { get; }

    /// <summary>
    /// Incarnations that departed, in this or an earlier view, and of which nothing proves so far that they and their clients have
    /// stopped. What they held stays held.
    /// </summary>
    public ImmutableArray<NodeIncarnation> Unproven { get; }

    /// <summary>The version of the lock protocol that the members speak with each other: the highest that all of them offer.</summary>
    public int Running { get; }

    /// <summary>Whether the members are entitled to grant. Without quorum nothing new is granted (rule S2).</summary>
    public bool HasQuorum { get; }

    /// <summary>The member that is <paramref name="node"/>, in whichever life; null when it is not in.</summary>
    public Member? Find(NodeId node)
    {
        foreach (Member member in Members)
        {
            if (member.Id == node) return member;
        }

        return null;
    }

    /// <summary>Whether the node is in, and in this very life.</summary>
    public bool Contains(NodeIncarnation who) => Find(who.Node)?.Incarnation == who.Incarnation;

    /// <inheritdoc/>
    public bool Equals(ClusterView? other) =>
        other is not null && Id == other.Id && HasQuorum == other.HasQuorum
        && Members.AsSpan().SequenceEqual(other.Members.AsSpan())
        && Unproven.AsSpan().SequenceEqual(other.Unproven.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => Id.GetHashCode();

    /// <summary>The id, the members and who is unproven.</summary>
    public override string ToString()
    {
        string unproven = Unproven.IsEmpty ? "" : $", unproven {string.Join(", ", Unproven)}";
        return $"view {Id}: {string.Join(", ", Members)}{unproven}{(HasQuorum ? "" : ", no quorum")}";
    }
}
