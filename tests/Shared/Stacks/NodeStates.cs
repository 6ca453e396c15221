using Tyer.Cluster;
using Tyer.Cluster.State;

namespace Tyer.Tests.Shared.Stacks;

/// <summary>The state directories of a cluster's nodes, which outlive their lives; gone with the test.</summary>
internal sealed class NodeStates : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("tyer-states-");

    internal StateDirectory Open(uint node) => StateDirectory.Open(Path.Combine(_root.FullName, $"n{node}"), new StateOwner("tyer", $"n{node}", new NodeId(node)));

    public void Dispose() => _root.Delete(recursive: true);
}
