namespace Tyer.Sessions.Administration;

/// <summary>The cluster as one of its nodes sees it at this moment: the answer to <c>tyer status</c>.</summary>
public sealed record ClusterStatus
{
    /// <summary>The cluster's name.</summary>
    public required string Cluster { get; init; }

    /// <summary>The node that answered, about itself.</summary>
    public required NodeStatus Node { get; init; }

    /// <summary>What decides who is a member.</summary>
    public required StackStatus Stack { get; init; }

    /// <summary>The view installed; null before the first.</summary>
    public ViewStatus? View { get; init; }

    /// <summary>The members, and those that left without proof of having stopped, by id.</summary>
    public IReadOnlyList<NodeInfo> Nodes { get; init; } = [];

    /// <summary>The recovery under way, and what it waits for; null when nothing is in doubt.</summary>
    public RecoveryInfo? Recovery { get; init; }

    /// <summary>What stands still, and for whom it waits; empty when nothing does (L5, L6).</summary>
    public IReadOnlyList<FrozenPart> Frozen { get; init; } = [];

    /// <summary>What makes sure that lost nodes have stopped; null with a stack that has nothing to do with it.</summary>
    public FencingStatus? Fencing { get; init; }

    /// <summary>Deadlines, margins and the bounds that follow from them.</summary>
    public required TimingStatus Timing { get; init; }

    /// <summary>What this version, as it is configured, does not do, in sentences; see <see cref="KnownLimitations"/>.</summary>
    public IReadOnlyList<string> Limitations { get; init; } = [];
}

/// <summary>What decides who is a member.</summary>
public sealed record StackStatus
{
    /// <summary>The name that the configuration selects it by, such as <c>local</c>.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Where the node stands with it: <c>Joining</c>, <c>Operating</c>, <c>Suspended</c>, <c>Expelled</c>, <c>Refused</c>, <c>Closed</c>; and why.
    /// </summary>
    public required string State { get; init; }

    /// <summary>What it is able to do, and what can be asked of it on this machine, in words that stay the same: <c>failure-detection</c>.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];

    /// <summary>What an operator must know before relying on it; null when there is nothing.</summary>
    public string? Warning { get; init; }
}

/// <summary>The membership view that a node has installed.</summary>
public sealed record ViewStatus
{
    /// <summary>Its number: the epoch of the tokens granted in it.</summary>
    public required ulong Id { get; init; }

    /// <summary>Whether its members may grant (S2).</summary>
    public required bool HasQuorum { get; init; }

    /// <summary>The version of the lock protocol that its members speak with each other.</summary>
    public int Running { get; init; } = 1;

    /// <summary>Whether everything that its beginning disturbed is done: all members have rebuilt, and nobody lost is without proof.</summary>
    public required bool IsSettled { get; init; }

    /// <summary>How long ago it was installed here.</summary>
    public required TimeSpan Age { get; init; }
}

/// <summary>Something that stands still because of one lost node.</summary>
public sealed record FrozenPart
{
    /// <summary>The name of the node that was lost.</summary>
    public required string Node { get; init; }

    /// <summary>Its id.</summary>
    public required uint NodeId { get; init; }

    /// <summary>Which of its lives.</summary>
    public required ulong Incarnation { get; init; }

    /// <summary>For how long by now.</summary>
    public required TimeSpan Since { get; init; }

    /// <summary>What stands still, as a phrase: <c>locks that n3 held, and names whose directory was on it</c>.</summary>
    public required string What { get; init; }

    /// <summary>What it waits for, as a phrase: <c>proof that n3 has stopped</c>.</summary>
    public required string WaitsFor { get; init; }

    /// <summary>What an operator can do, as a sentence; null where waiting is all there is to do.</summary>
    public string? Remedy { get; init; }
}
