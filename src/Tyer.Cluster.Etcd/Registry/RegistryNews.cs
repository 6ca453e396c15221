namespace Tyer.Cluster.Etcd.Registry;

/// <summary>What follows for this node from a change of the keys.</summary>
internal abstract record RegistryNews;

/// <summary>It is in this view.</summary>
internal sealed record ViewNews(ClusterView View, string Why) : RegistryNews;

/// <summary>A life acts no more.</summary>
internal sealed record ProofNews(NodeIncarnation Departed, FenceProof Proof) : RegistryNews;

/// <summary>It cannot be in a view with the others as it is.</summary>
internal sealed record RefusedNews(string Why) : RegistryNews;

/// <summary>It is out.</summary>
internal sealed record RemovedNews(string Why) : RegistryNews;
