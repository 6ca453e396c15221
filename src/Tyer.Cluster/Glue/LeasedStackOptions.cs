using Tyer.Cluster.Fencing;
using Tyer.Cluster.Leases;
using Tyer.Cluster.Static;

namespace Tyer.Cluster.Glue;

/// <summary>What every stack with an engine is configured with.</summary>
public sealed class LeasedStackOptions
{
    /// <summary>All other nodes of the cluster, the same in everybody's configuration: with this node they are the voters.</summary>
    public required IReadOnlyCollection<StaticPeer> Peers { get; init; }

    /// <summary>Where peers reach this node, best first; see <see cref="Member.Addresses"/>. Default: none.</summary>
    public IReadOnlyCollection<string> Addresses { get; init; } = [];

    /// <summary>This node's weight, 0 to <see cref="ClusterLimits.WeightMax"/>. Default: 1.</summary>
    public int Weight { get; init; } = ClusterLimits.WeightDefault;

    /// <summary>The lease, the same in everybody's configuration. Default: <see cref="LeaseTerms.Default"/>.</summary>
    public LeaseTerms Terms { get; init; } = LeaseTerms.Default;

    /// <summary>What makes sure that a departed node has stopped, the same in everybody's configuration. Default: only that its lease has run out.</summary>
    public FencingOptions Fencing { get; init; } = new();
}
