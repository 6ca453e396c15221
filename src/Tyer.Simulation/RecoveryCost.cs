using System.Globalization;
using Tyer.Engine;
using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Owning;
using Tyer.Engine.Recovery;

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

    /// <summary>Engines in one thread; what they send is delivered in the order of sending.</summary>
    private sealed class Grid
    {
        private readonly Node[] _nodes;
        private readonly Queue<Action> _inFlight = new();
        private EngineView _view;

        internal Grid(int count)
        {
            _view = new EngineView(1, [.. Enumerable.Range(1, count).Select(node => new EngineMember((uint)node, Incarnation: 1))]);
            _nodes = [.. _view.Members.Select(member => new Node(this, member.Id))];
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
            _view = new EngineView(2, [.. before.Members.Where(member => member.Id != dead.Id)], [dead.Id]);
            var moved = Enumerable.Range(0, resources).Count(number => number % _nodes.Length != 0 && HasMoved(before, NameOf(number), (uint)(number % _nodes.Length) + 1));

            Sent = 0;
            foreach (var each in survivors)
                each.Install(_view);
            Deliver();
            var untilProof = Sent;
            var delayed = TryUntouched(survivors, resources, operations, out var tried);
            Sent = untilProof;
            foreach (var each in survivors)
                each.Engine.Prove(dead.Id);
            Deliver();
            if (!survivors.All(each => each.Engine.IsSettled))
                throw new ViolationException("the cluster does not settle");
            return new RecoveryCost(_nodes.Length, locks, lost, rebuilt, moved, Sent, tried, delayed);
        }

        internal void Post(Action delivery)
        {
            Sent++;
            _inFlight.Enqueue(delivery);
        }

        internal void Later(Action action) => _inFlight.Enqueue(action);

        internal Node? Find(uint node) => _view.Has(node) ? _nodes[node - 1] : null;

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

        private bool HasMoved(EngineView before, string name, uint master)
        {
            var slot = Engine.Directory.Placement.SlotOf(Engine.Directory.Placement.HashOf(Space, new ResourceName(name).Hash));
            return before.Placement.NodeOf(slot) == 1 && _view.Placement.NodeOf(slot) != master;
        }

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

    private sealed class Node : IPeerSender, ILockObserver
    {
        private readonly Grid _grid;
        private readonly Session _session;
        private readonly HashSet<LockId> _granted = [];
        private EngineView? _view;

        internal Node(Grid grid, MemberId id)
        {
            _grid = grid;
            Id = id;
            Engine = new LockEngine(new EngineOptions { Node = id.Node, IdleKept = long.MaxValue }, this);
            Engine.OpenLockspace(Space, new LockspaceSettings(ValueSize: 0, QueueLengthMax: 10, LocksPerSessionMax: int.MaxValue));
            _session = Engine.OpenSession(1, [], 0, this);
        }

        internal MemberId Id { get; }

        internal LockEngine Engine { get; }

        internal int Held => _granted.Count;

        internal void Install(EngineView view)
        {
            _view = view;
            Engine.Install(view);
        }

        /// <summary>Asks for a lock; what is returned tells whether it is granted by now.</summary>
        internal Func<bool> Lock(string name, LockMode mode)
        {
            if (Engine.Lock(_session, new LockCall { Space = Space, Name = name, Mode = mode }, out var id) != RawResult.Accepted)
                throw new ViolationException("a lock is refused");
            return () => _granted.Contains(id);
        }

        public void Send(uint node, ulong view, ReadOnlySpan<byte> message)
        {
            var bytes = message.ToArray();
            _grid.Post(() =>
            {
                if (_grid.Find(node) is { } receiver && !receiver.Engine.Receive(Id, view, bytes))
                    throw new ViolationException($"n{node} refuses a {(MessageKind)bytes[0]}");
            });
        }

        public void Announce(RecoveryMarker marker, ulong view)
        {
            foreach (var member in _view!.Members)
            {
                void Mark() => _grid.Find(member.Node)?.Engine.Mark(Id, marker, view);
                if (member.Id == Id)
                    _grid.Later(Mark);
                else
                    _grid.Post(Mark);
            }
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
}
