using System.Collections.Concurrent;
using Tyer.Cluster;
using Tyer.Cluster.Static;

namespace Tyer.Tests.Shared.Stacks;

/// <summary>Carries messages between the nodes of one process, except from and to those that are cut off.</summary>
internal sealed class PeerSwitchboard
{
    private readonly ConcurrentDictionary<NodeId, IPeerReceiver> _receivers = [];
    private readonly ConcurrentDictionary<NodeId, bool> _cut = [];

    internal IPeerMessenger Join(uint node) => new Messenger(this, new NodeId(node));

    internal void Leave(uint node) => _receivers.TryRemove(new NodeId(node), out _);

    internal void Cut(uint node) => _cut[new NodeId(node)] = true;

    internal void Heal(uint node) => _cut.TryRemove(new NodeId(node), out _);

    private sealed class Messenger(PeerSwitchboard board, NodeId self) : IPeerMessenger
    {
        public void Start(IPeerReceiver receiver) => board._receivers[self] = receiver;

        public void Send(NodeId to, ReadOnlySpan<byte> message)
        {
            if (board._cut.ContainsKey(self) || board._cut.ContainsKey(to)) return;
            if (board._receivers.TryGetValue(to, out IPeerReceiver? receiver)) Assert.True(receiver.OnMessage(self, message));
        }
    }
}
