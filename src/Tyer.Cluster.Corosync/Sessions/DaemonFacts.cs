using System.Collections.Immutable;

namespace Tyer.Cluster.Corosync.Sessions;

/// <summary>How a corosync daemon is configured, as far as it concerns the lock manager.</summary>
/// <param name="Cluster">totem.cluster_name; null where it has none.</param>
/// <param name="Self">The node that it is.</param>
/// <param name="Nodes">The nodes of its nodelist.</param>
/// <param name="Detection">How long it takes to notice that a node is gone, by its timers; null where it does not say.</param>
internal sealed record DaemonFacts(string? Cluster, uint Self, ImmutableArray<uint> Nodes, TimeSpan? Detection)
{
    /// <summary>What contradicts the lock manager's own configuration, with the remedy; null for nothing.</summary>
    public string? FaultFor(string cluster, Member self, ImmutableArray<NodeId> voters)
    {
        if (Cluster != cluster)
        {
            return $"corosync here belongs to the cluster '{Cluster ?? "(without a name)"}', and this node to '{cluster}': "
                + "make totem.cluster_name in corosync.conf and Cluster in tyerd's configuration the same";
        }

        if (Self != self.Id.Value)
        {
            return $"corosync here is node {Self}, and {self.Name} has the id {self.Id}: make nodeid in corosync.conf and Id in tyerd's "
                + "configuration the same";
        }

        return voters.FirstOrDefault(voter => !Nodes.Contains(voter.Value)) is { Value: > 0 } missing
            ? $"node {missing} is among the nodes of this cluster, and not in the nodelist of corosync.conf ({string.Join(", ", Nodes)})"
            : null;
    }
}
