using System.Collections.Immutable;

namespace Tyer.Cluster.Glue;

/// <summary>A node that joins, with what an engine passes on to the others.</summary>
/// <param name="Cluster">The cluster's name.</param>
/// <param name="Self">The node, in this life.</param>
/// <param name="Voters">All nodes that are configured, this one included, in the order of their ids: a majority of them has to be in a view.</param>
/// <param name="Digest">What all members have to have in common: names and ids of the voters, and the terms of leases.</param>
/// <param name="HighestView">The highest view id on this node's disk: the next one is higher.</param>
/// <param name="EarlierLife">The life before this one, if clients of it may still believe that they hold locks; null if none can.</param>
public sealed record Joiner(
    string Cluster, Member Self, ImmutableArray<NodeId> Voters, ulong Digest, ulong HighestView, NodeIncarnation? EarlierLife)
{
    /// <summary>What the voters are called, for operators.</summary>
    public IReadOnlyDictionary<NodeId, string> Names { get; init; } = ImmutableDictionary<NodeId, string>.Empty;

    /// <summary>The node's name; where it is not known, its number.</summary>
    public string NameOf(NodeId node) => Names.GetValueOrDefault(node) ?? $"node {node}";
}
