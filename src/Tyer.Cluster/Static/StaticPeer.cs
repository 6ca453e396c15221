namespace Tyer.Cluster.Static;

/// <summary>A node that the configuration lists.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name: 1 to 64 of <c>A-Za-z0-9._-</c>.</param>
public sealed record StaticPeer(NodeId Id, string Name)
{
    /// <summary>Name and id.</summary>
    public override string ToString() => $"{Name} (id {Id})";
}
