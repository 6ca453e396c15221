namespace Tyer.Cluster.Static;

/// <summary>What the static stack is configured with.</summary>
public sealed class StaticOptions
{
    /// <summary>
    /// All other nodes of the cluster; at least one. Names and ids must be the same in everybody's configuration: who lists others is
    /// refused, and told what differs.
    /// </summary>
    public required IReadOnlyCollection<StaticPeer> Peers { get; init; }

    /// <summary>Where peers reach this node, best first; see <see cref="Member.Addresses"/>. Default: none.</summary>
    public IReadOnlyCollection<string> Addresses { get; init; } = [];

    /// <summary>This node's weight, 0 to <see cref="ClusterLimits.WeightMax"/>. Default: 1.</summary>
    public int Weight { get; init; } = ClusterLimits.WeightDefault;

    /// <summary>
    /// How often the node repeats itself while it is not in a view: 1 ms to 1 min. Default:
    /// <see cref="ClusterLimits.HelloIntervalDefault"/>.
    /// </summary>
    public TimeSpan HelloInterval { get; init; } = ClusterLimits.HelloIntervalDefault;
}
