using Tyer.Engine.Directory;

namespace Tyer.Engine;

/// <summary>One life of a node.</summary>
/// <param name="Node">Node id, 1 to 1023.</param>
/// <param name="Incarnation">New with each start of the node, never used before.</param>
public readonly record struct MemberId(uint Node, ulong Incarnation);

/// <summary>A member of a view, as far as locks are concerned.</summary>
/// <param name="Node">Node id, 1 to 1023.</param>
/// <param name="Incarnation">The life of the node: new with each start.</param>
/// <param name="Weight">Tickets in the draw for directory slots, 0 to 16.</param>
public readonly record struct EngineMember(uint Node, ulong Incarnation, int Weight = 1)
{
    /// <summary>The node and its life.</summary>
    public MemberId Id => new(Node, Incarnation);
}

/// <summary>Who is in, by one number that the whole cluster agrees on.</summary>
public sealed class EngineView
{
    // By node id: asked for every message that comes in.
    private readonly EngineMember?[] _byNode;

    /// <summary>Creates a view.</summary>
    /// <param name="id">View id: grows for ever, never reused, not even after a full restart. The epoch of every token granted in it.</param>
    /// <param name="members">The members; at least one.</param>
    /// <param name="unproven">Those who departed, in this view or before, and of whom it is not proven that they can act no more.</param>
    /// <param name="hasQuorum">Whether the members may grant.</param>
    public EngineView(ulong id, IReadOnlyList<EngineMember> members, IReadOnlyList<MemberId>? unproven = null, bool hasQuorum = true)
    {
        Id = id;
        Invariant.Check(members.Count > 0, "a view has a member");
        Members = [.. members.OrderBy(member => member.Node)];
        Unproven = [.. unproven ?? []];
        HasQuorum = hasQuorum;
        Placement = Placement.Of(Members);
        _byNode = new EngineMember?[Members[^1].Node + 1];
        foreach (var member in Members)
            _byNode[member.Node] = member;
    }

    /// <summary>The view's id.</summary>
    public ulong Id { get; }

    /// <summary>The members, by node id.</summary>
    public IReadOnlyList<EngineMember> Members { get; }

    /// <summary>Departed incarnations that may still act: what they hold stays held.</summary>
    public IReadOnlyList<MemberId> Unproven { get; }

    /// <summary>Whether the members may grant. Without quorum they take releases, and grant nothing new (S2).</summary>
    public bool HasQuorum { get; }

    /// <summary>
    /// The version of the messages between engines that the members have agreed on; the same for all of the view. What a message of this view looks like, and what may be
    /// said in it, goes by this.
    /// </summary>
    public int Protocol { get; init; } = 1;

    /// <summary>Which member is the directory node of which slot.</summary>
    public Placement Placement { get; }

    /// <summary>Whether a node is a member.</summary>
    public bool Has(uint node) => Find(node) is not null;

    /// <summary>Whether this life of a node is a member.</summary>
    public bool Has(MemberId member) => Find(member.Node)?.Incarnation == member.Incarnation;

    /// <summary>The member of this node id, or null.</summary>
    public EngineMember? Find(uint node) => node < _byNode.Length ? _byNode[node] : null;
}
