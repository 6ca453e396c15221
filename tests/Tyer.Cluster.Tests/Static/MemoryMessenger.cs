using System.Collections.Concurrent;
using Tyer.Cluster.Static;

namespace Tyer.Cluster.Tests.Static;

/// <summary>Carries messages between the nodes of one process; loses those to a node that is not there.</summary>
internal sealed class MemoryNetwork
{
    private readonly ConcurrentDictionary<NodeId, IPeerReceiver> _receivers = [];

    public IPeerMessenger Join(uint node) => new Messenger(this, new NodeId(node));

    public IPeerReceiver this[uint node] => _receivers[new NodeId(node)];

    public void Leave(uint node) => _receivers.TryRemove(new NodeId(node), out _);

    private sealed class Messenger(MemoryNetwork network, NodeId self) : IPeerMessenger
    {
        public void Start(IPeerReceiver receiver) => network._receivers[self] = receiver;

        public void Send(NodeId to, ReadOnlySpan<byte> message)
        {
            if (network._receivers.TryGetValue(to, out IPeerReceiver? receiver)) Assert.True(receiver.OnMessage(self, message));
        }
    }
}
