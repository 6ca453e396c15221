using System.Collections.Concurrent;
using Tyer.Node.Peers;

namespace Tyer.Node.Tests;

/// <summary>A network in memory: per pair of nodes a queue and a thread that reads it, as a peer's reader does.</summary>
internal sealed class InMemoryNetwork
{
    private readonly ConcurrentDictionary<uint, Transport> _transports = new();

    private volatile uint _muted;

    /// <summary>What is sent to this node from here on does not arrive.</summary>
    internal void Mute(uint node) => _muted = node;

    internal IPeerTransport Connect(uint node, ulong incarnation) => new Transport(this, node, incarnation);

    private sealed class Transport(InMemoryNetwork network, uint self, ulong incarnation) : IPeerTransport
    {
        private readonly ConcurrentDictionary<uint, BlockingCollection<(ushort Binding, uint View, byte[] Body)>> _inboxes = new();
        private readonly List<Thread> _readers = [];
        private IPeerTransportObserver? _observer;

        public void Start(IPeerTransportObserver observer)
        {
            _observer = observer;
            lock (network._transports)
            {
                foreach (var (other, transport) in network._transports)
                {
                    transport.Meet(self, incarnation);
                    Meet(other, transport.Incarnation);
                }

                network._transports[self] = this;
            }
        }

        private ulong Incarnation => incarnation;

        public bool TryAppend(uint node, ushort binding, uint view, ReadOnlySpan<byte> body)
        {
            // To a node that has stopped: taken, and kept for a life that does not come back.
            if (!network._transports.TryGetValue(node, out var transport) || !transport._inboxes.TryGetValue(self, out var inbox) || inbox.IsAddingCompleted)
                return true;
            if (node == network._muted)
                return true;
            inbox.TryAdd((binding, view, body.ToArray()));
            return true;
        }

        public void Flush(uint node)
        {
        }

        public void CutOff(uint node) => throw new InvalidOperationException($"Node {self} gave node {node} up.");

        public bool IsConnected(uint node) => _inboxes.ContainsKey(node);

        public ValueTask DisposeAsync()
        {
            lock (network._transports)
                network._transports.TryRemove(self, out _);
            foreach (var inbox in _inboxes.Values)
                inbox.CompleteAdding();
            return ValueTask.CompletedTask;
        }

        private void Meet(uint other, ulong otherIncarnation)
        {
            var inbox = new BlockingCollection<(ushort Binding, uint View, byte[] Body)>();
            _inboxes[other] = inbox;
            var reader = new Thread(() =>
            {
                _observer!.OnConnected(other, otherIncarnation);
                foreach (var (binding, view, body) in inbox.GetConsumingEnumerable())
                    _observer.OnMessage(other, binding, view, body);
            })
            {
                IsBackground = true,
                Name = $"{other} to {self}",
            };
            _readers.Add(reader);
            reader.Start();
        }
    }
}
