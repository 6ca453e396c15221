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

    /// <summary>The node is gone as if its machine had died: nothing that it sends from here on arrives anywhere, nor anything at it.</summary>
    internal void Kill(uint node)
    {
        if (_transports.TryRemove(node, out var transport))
            transport.Die();
    }

    /// <summary>Whether the node has begun to connect: what is sent to it before does not arrive.</summary>
    internal bool Has(uint node) => _transports.ContainsKey(node);

    internal IPeerTransport Connect(uint node, ulong incarnation) => new Transport(this, node, incarnation);

    private sealed class Transport(InMemoryNetwork network, uint self, ulong incarnation) : IPeerTransport
    {
        private readonly ConcurrentDictionary<uint, BlockingCollection<(ushort Binding, uint View, byte[] Body)>> _inboxes = new();
        private readonly List<Thread> _readers = [];
        private readonly ConcurrentDictionary<uint, ulong> _fenced = new();
        private IPeerTransportObserver? _observer;
        private volatile bool _isDead;

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

        public bool TryAppend(uint node, ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation = 0)
        {
            if (_isDead)
                return true;
            // To a node that has stopped: taken, and kept for a life that does not come back.
            if (!network._transports.TryGetValue(node, out var transport) || !transport._inboxes.TryGetValue(self, out var inbox) || inbox.IsAddingCompleted)
                return true;
            if (node == network._muted || IsFenced(node, transport.Incarnation) || transport.IsFenced(self, incarnation))
                return true;
            if (toIncarnation != 0 && toIncarnation != transport.Incarnation)
            {
                Invariant.Check(toIncarnation < transport.Incarnation, "a view comes after the start of its members");
                return true;
            }

            inbox.TryAdd((binding, view, body.ToArray()));
            return true;
        }

        public void Flush(uint node)
        {
        }

        public void CutOff(uint node) => throw new InvalidOperationException($"Node {self} gave node {node} up.");

        public void Fence(uint node, ulong through) => _fenced.AddOrUpdate(node, through, (_, before) => Math.Max(before, through));

        internal void Die()
        {
            _isDead = true;
            foreach (var inbox in _inboxes.Values)
                inbox.CompleteAdding();
        }

        private bool IsFenced(uint node, ulong life) => _fenced.TryGetValue(node, out var through) && life <= through;

        public bool IsConnected(uint node) => !_isDead && network.Has(node) && _inboxes.ContainsKey(node);

        public ValueTask DisposeAsync()
        {
            lock (network._transports)
                network._transports.TryRemove(new KeyValuePair<uint, Transport>(self, this));
            Die();
            return ValueTask.CompletedTask;
        }

        private void Meet(uint other, ulong otherIncarnation)
        {
            var inbox = new BlockingCollection<(ushort Binding, uint View, byte[] Body)>();
            if (_inboxes.TryGetValue(other, out var earlier))
                earlier.CompleteAdding();
            _inboxes[other] = inbox;
            var reader = new Thread(() =>
            {
                _observer!.OnConnected(other, otherIncarnation);
                foreach (var (binding, view, body) in inbox.GetConsumingEnumerable())
                {
                    if (!IsFenced(other, otherIncarnation))
                        _observer.OnMessage(other, binding, view, body);
                }
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
