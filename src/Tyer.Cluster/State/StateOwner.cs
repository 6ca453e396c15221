namespace Tyer.Cluster.State;

/// <summary>Whose state a directory holds: one node of one cluster. Another's would lend it the wrong history.</summary>
public sealed record StateOwner
{
    /// <summary>Names the owner.</summary>
    /// <param name="cluster">The cluster's name: 1 to 64 of <c>A-Za-z0-9._-</c>.</param>
    /// <param name="node">The node's name, likewise.</param>
    /// <param name="id">The node's id.</param>
    /// <exception cref="ArgumentException">The message names what is wrong.</exception>
    public StateOwner(string cluster, string node, NodeId id)
    {
        SystemName.ThrowIfInvalid(cluster, "cluster name");
        SystemName.ThrowIfInvalid(node, "node name");
        ArgumentOutOfRangeException.ThrowIfEqual(id, default);
        Cluster = cluster;
        Node = node;
        Id = id;
    }

    /// <summary>The cluster's name.</summary>
    public string Cluster { get; }

    /// <summary>The node's name.</summary>
    public string Node { get; }

    /// <summary>The node's id.</summary>
    public NodeId Id { get; }

    /// <summary>Node, id and cluster, as messages put it.</summary>
    public override string ToString() => $"node {Node} (id {Id}) of cluster {Cluster}";
}
