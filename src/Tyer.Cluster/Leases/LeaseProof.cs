namespace Tyer.Cluster.Leases;

/// <summary>Puts together what members say of the departed: whose lease has run out by everybody's count. Pure.</summary>
public sealed class LeaseProof
{
    private readonly Dictionary<NodeIncarnation, HashSet<NodeIncarnation>> _said = [];

    /// <summary>A member says that a departed one's lease has run out by its count. It stays true.</summary>
    /// <param name="departed">Whose lease.</param>
    /// <param name="by">The member, in its present life: a later one knows nothing of what an earlier one answered.</param>
    public void Said(NodeIncarnation departed, NodeIncarnation by)
    {
        if (!_said.TryGetValue(departed, out HashSet<NodeIncarnation>? members)) _said.Add(departed, members = []);
        members.Add(by);
    }

    /// <summary>Whether it has run out for all members of a view, and these are a majority of the voters.</summary>
    public bool HasRunOut(NodeIncarnation departed, ClusterView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        return view.HasQuorum
            && _said.TryGetValue(departed, out HashSet<NodeIncarnation>? members)
            && view.Members.All(member => members.Contains(member.NodeIncarnation));
    }

    /// <summary>Who of a view has not said so yet.</summary>
    public IEnumerable<Member> Missing(NodeIncarnation departed, ClusterView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        HashSet<NodeIncarnation> said = _said.GetValueOrDefault(departed) ?? [];
        return view.Members.Where(member => !said.Contains(member.NodeIncarnation));
    }

    /// <summary>Forgets who is not unproven any more.</summary>
    public void Keep(ClusterView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        foreach (NodeIncarnation proven in _said.Keys.Except(view.Unproven).ToArray()) _said.Remove(proven);
    }
}
