namespace Tyer.Sessions.Administration;

/// <summary>One node as another sees it: a line of <c>tyer nodes</c>.</summary>
public sealed record NodeInfo
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its id, 1 to 1023.</summary>
    public required uint Id { get; init; }

    /// <summary>Which of its lives.</summary>
    public required ulong Incarnation { get; init; }

    /// <summary>Whether it is in.</summary>
    public required NodeMembership Membership { get; init; }

    /// <summary>Whether messages get through to it; null: it cannot be told, as nobody tries.</summary>
    public bool? IsReachable { get; init; }

    /// <summary>How long <see cref="Membership"/> and <see cref="IsReachable"/> have been so.</summary>
    public TimeSpan? Since { get; init; }

    /// <summary>What stands between it and the node that answers, as a phrase: <c>connection refused</c>; null if nothing does.</summary>
    public string? Trouble { get; init; }

    /// <summary>Where its peers reach it.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>How many tickets it has when resources are placed, 0 to 16.</summary>
    public int Weight { get; init; }

    /// <summary>The versions of the lock protocol that it offers; null where it is not known.</summary>
    public ProtocolVersions? Protocol { get; init; }

    /// <summary>What it says of itself; null if it did not answer, or was not asked.</summary>
    public NodeStatus? Status { get; init; }
}

/// <summary>Whether a node is in.</summary>
public enum NodeMembership
{
    /// <summary>It is a member of the view.</summary>
    Member,

    /// <summary>It departed, and nothing proves so far that it and its clients have stopped: what it held stays held.</summary>
    Lost,

    /// <summary>It is configured, and not in the view.</summary>
    Absent,

    /// <summary>It is a member, and stops in order: it hands over what it masters.</summary>
    Leaving,

    /// <summary>It stopped in order, which proves that nothing is left of it; a view without it is to come.</summary>
    Left,
}
