using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Tyer.Cluster;
using Tyer.Cluster.Static;
using Tyer.Engine;
using Tyer.Engine.Directory;
using Tyer.Engine.Locks;
using Tyer.Engine.Owning;
using Tyer.Node;
using Tyer.Node.Peers;
using Tyer.Time;

namespace Tyer.Simulation;

/// <summary>What it took to recover from the death of one node.</summary>
/// <param name="Nodes">Members before.</param>
/// <param name="Locks">Locks held before, two on each resource: one by its master's node, one by another.</param>
/// <param name="Lost">Locks that died with the node.</param>
/// <param name="Rebuilt">Locks of survivors that the node had been master of.</param>
/// <param name="Moved">Records that went to another directory node.</param>
/// <param name="Messages">Messages sent from the view on until nothing was in doubt, markers included.</param>
/// <param name="Operations">Locks taken and released meanwhile, the proof being withheld, on resources that the node had not touched.</param>
/// <param name="Delayed">Those of them that were not done at once.</param>
public sealed record RecoveryCost(int Nodes, int Locks, int Lost, int Rebuilt, int Moved, long Messages, int Operations, int Delayed)
{
    private const uint Space = 1;

    /// <summary>Messages for each lock rebuilt: Locate, Master, Rebuild, RebuildEnd, Rebuilt; and one session to be introduced.</summary>
    public const int MessagesPerRebuilt = 5;

    /// <summary>Messages for each record moved: Record, Recorded.</summary>
    public const int MessagesPerMoved = 2;

    /// <summary>Makes a cluster, takes locks, lets node 1 die, and counts.</summary>
    /// <param name="nodes">3 to 64.</param>
    /// <param name="locks">Even; 2 to some millions.</param>
    /// <param name="operations">How many operations to try on untouched resources before the proof comes.</param>
    public static RecoveryCost Measure(int nodes, int locks, int operations = 1000) => new Grid(nodes).Measure(locks, operations);

    /// <summary>Nodes in one thread; what they send is delivered in the order of sending.</summary>
    private sealed class Grid
    {
        private readonly Node[] _nodes;
        private readonly Queue<Action> _inFlight = new();
        private ClusterView _view;

        internal Grid(int count)
        {
            MemberId[] members = [.. Enumerable.Range(1, count).Select(node => new MemberId((uint)node, Incarnation: 1))];
            _view = new ClusterView(1, members.Select(SimMember.MemberOf));
            _nodes = [.. members.Select(member => new Node(this, member, members.Select(peer => peer.Node)))];
            foreach (var node in _nodes)
            {
                foreach (var peer in members.Where(peer => peer != node.Id))
                    node.Meet(peer);
            }

            InstallAll();
        }

        internal long Sent { get; set; }

        internal RecoveryCost Measure(int locks, int operations)
        {
            var resources = locks / 2;
            for (var number = 0; number < resources; number++)
            {
                var name = NameOf(number);
                var first = _nodes[number % _nodes.Length];
                // The second holder differs from round to round, so that everybody shares with everybody.
                var second = _nodes[(number + 1 + (number / _nodes.Length % (_nodes.Length - 1))) % _nodes.Length];
                first.Lock(name, LockMode.ProtectedRead);
                Deliver();
                second.Lock(name, LockMode.ProtectedRead);
                Deliver();
            }

            var dead = _nodes[0];
            var survivors = _nodes.AsSpan(1).ToArray();
            var lost = dead.Held;
            var rebuilt = Enumerable.Range(0, resources).Count(number => number % _nodes.Length == 0);
            var before = _view;
            var proof = SimMember.IncarnationOf(dead.Id);
            _view = new ClusterView(2, before.Members.Where(member => member.NodeIncarnation != proof), [proof]);
            var (served, serves) = (PlacementIn(before), PlacementIn(_view));
            var moved = Enumerable.Range(0, resources).Count(number => number % _nodes.Length != 0 && HasMoved(NameOf(number), (uint)(number % _nodes.Length) + 1));

            Sent = 0;
            foreach (var each in survivors)
                each.Install(_view);
            Deliver();
            var untilProof = Sent;
            var delayed = TryUntouched(survivors, resources, operations, out var tried);
            Sent = untilProof;
            foreach (var each in survivors)
                each.Prove(dead.Id);
            Deliver();
            if (!survivors.All(each => each.IsSettled))
                throw new ViolationException("the cluster does not settle");
            return new RecoveryCost(_nodes.Length, locks, lost, rebuilt, moved, Sent, tried, delayed);

            bool HasMoved(string name, uint master)
            {
                var slot = Placement.SlotOf(Placement.HashOf(Space, new ResourceName(name).Hash));
                return served.NodeOf(slot) == 1 && serves.NodeOf(slot) != master;
            }
        }

        internal void Post(Action delivery)
        {
            Sent++;
            _inFlight.Enqueue(delivery);
        }

        internal Node? Find(uint node) => _view.Find(new NodeId(node)) is null ? null : _nodes[node - 1];

        /// <summary>Locks that go with what is held, on resources that survivors are masters of, by nodes that know it.</summary>
        private int TryUntouched(Node[] survivors, int resources, int operations, out int tried)
        {
            var delayed = 0;
            tried = 0;
            for (var number = 0; number < resources && tried < operations; number++)
            {
                var master = number % _nodes.Length;
                if (master == 0)
                    continue;
                tried++;
                var done = survivors[master - 1].Lock(NameOf(number), LockMode.ProtectedRead);
                Deliver();
                if (!done())
                    delayed++;
            }

            return delayed;
        }

        private static Placement PlacementIn(ClusterView view) => Placement.Of([.. view.Members.Select(member => new EngineMember(member.Id.Value, member.Incarnation.Value))]);

        private void InstallAll()
        {
            foreach (var each in _nodes)
                each.Install(_view);
            Deliver();
        }

        private void Deliver()
        {
            while (_inFlight.TryDequeue(out var delivery))
                delivery();
        }

        private static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"r{number}");
    }

    private sealed class Node : IPeerTransport, IPeerReceiver, ILockObserver
    {
        private readonly Grid _grid;
        private readonly NodeWiring _wiring;
        private readonly Session _session;
        private readonly HashSet<LockId> _granted = [];
        private IPeerTransportObserver? _observer;

        internal Node(Grid grid, MemberId id, IEnumerable<uint> peers)
        {
            _grid = grid;
            Id = id;
            var mesh = new PeerMesh(this, peers.Where(peer => peer != id.Node));
            var engine = new EngineOptions { Node = id.Node, IdleKept = long.MaxValue };
            _wiring = new NodeWiring(new WiringSettings(SimMember.MemberOf(id).Name, engine, Shards: 1, Peers: []), mesh, new StandingClock(), NullLogger.Instance);
            _wiring.Shards.OpenLockspace(Space, new LockspaceSettings(ValueSize: 0, QueueLengthMax: 10, LocksPerSessionMax: int.MaxValue));
            mesh.Start(this);
            _session = _wiring.Shards[0].Engine.OpenSession(1, [], 0, this);
        }

        internal MemberId Id { get; }

        internal int Held => _granted.Count;

        internal bool IsSettled => _wiring.Shards.IsSettled;

        internal void Meet(MemberId peer) => _observer!.OnConnected(peer.Node, peer.Incarnation);

        internal void Install(ClusterView view) => _wiring.Membership.OnView(view);

        internal void Prove(MemberId departed) => _wiring.Membership.OnFenced(SimMember.IncarnationOf(departed), FenceProof.PowerOff);

        /// <summary>Asks for a lock; what is returned tells whether it is granted by now.</summary>
        internal Func<bool> Lock(string name, LockMode mode)
        {
            var shard = _wiring.Shards[0];
            using (shard.Enter())
            {
                if (shard.Engine.Lock(_session, new LockCall { Space = Space, Name = name, Mode = mode }, out var id) != RawResult.Accepted)
                    throw new ViolationException("a lock is refused");
                return () => _granted.Contains(id);
            }
        }

        public void Start(IPeerTransportObserver observer) => _observer = observer;

        public bool TryAppend(uint node, ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation = 0)
        {
            var bytes = body.ToArray();
            _grid.Post(() => _grid.Find(node)?._observer!.OnMessage(Id.Node, binding, view, bytes));
            return true;
        }

        public void Flush(uint node)
        {
        }

        public bool IsConnected(uint node) => _grid.Find(node) is not null;

        public void CutOff(uint node) => throw new ViolationException($"{SimWorld.Name(Id)} gives n{node} up, which has sent what no node sends");

        // Who has departed is not found any more.
        public void Fence(uint node, ulong incarnation)
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public bool OnMessage(NodeId from, ReadOnlySpan<byte> message) => false;

        public void OnReachable(NodeIncarnation peer)
        {
        }

        public void OnUnreachable(NodeId peer, string why)
        {
        }

        public void Completed(Engine.Locks.Lock completed, in Completion completion)
        {
            if (completion.Status == RequestStatus.Granted)
                _granted.Add(completed.Id);
        }

        public void CancelAnswered(Engine.Locks.Lock cancelled, CancelOutcome outcome)
        {
        }

        public void Blocking(Engine.Locks.Lock holder, in BlockingReport report)
        {
        }

        public void WaitsLong(Engine.Locks.Lock waiting, long waited)
        {
        }
    }

    /// <summary>Costs are counted, not timed.</summary>
    private sealed class StandingClock : IClock
    {
        public TimeSpan Now => TimeSpan.Zero;
    }
}
