using Tyer.Engine.Directory;

namespace Tyer.Engine;

/// <summary>A member of a view, as far as locks are concerned.</summary>
/// <param name="Node">Node id, 1 to 1023.</param>
/// <param name="Incarnation">The life of the node: new with each start.</param>
/// <param name="Weight">Tickets in the draw for directory slots, 0 to 16.</param>
public readonly record struct EngineMember(uint Node, ulong Incarnation, int Weight = 1);

/// <summary>Who is in, by one number that the whole cluster agrees on.</summary>
public sealed class EngineView
{
    /// <summary>Creates a view.</summary>
    /// <param name="id">View id: grows for ever, never reused, not even after a full restart. The epoch of every token granted in it.</param>
    /// <param name="members">The members; at least one.</param>
    public EngineView(ulong id, IReadOnlyList<EngineMember> members)
    {
        Id = id;
        Members = [.. members.OrderBy(member => member.Node)];
        Placement = Placement.Of(Members);
    }

    /// <summary>The view's id.</summary>
    public ulong Id { get; }

    /// <summary>The members, by node id.</summary>
    public IReadOnlyList<EngineMember> Members { get; }

    /// <summary>Which member is the directory node of which slot.</summary>
    public Placement Placement { get; }

    /// <summary>Whether a node is a member.</summary>
    public bool Has(uint node)
    {
        foreach (var member in Members)
        {
            if (member.Node == node)
                return true;
        }

        return false;
    }
}
