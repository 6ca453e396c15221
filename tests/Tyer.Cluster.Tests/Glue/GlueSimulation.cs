using Tyer.Cluster.Fencing;
using Tyer.Cluster.Glue;
using Tyer.Cluster.Leases;
using Tyer.Cluster.Static;
using Tyer.Time;

namespace Tyer.Cluster.Tests.Glue;

/// <summary>
/// The shared layer of several nodes in one thread, driven by a seed: clocks run fast and slow, messages are lost and late, nodes crash, stand still and
/// are cut off from each other or from the engine, and the engine removes whom it likes, the living too. True time is known to the simulation alone.
/// </summary>
internal sealed class GlueSimulation
{
    private readonly Random _random;
    private readonly LeaseTerms _terms;
    private readonly double _clockError;
    private readonly PeerList _list;
    private readonly PriorityQueue<Action, (TimeSpan Time, long Order)> _agenda = new();
    private readonly SimulatedNode[] _nodes;
    private readonly Dictionary<NodeIncarnation, SimulatedNode> _lives = [];
    private readonly Dictionary<ulong, ClusterView> _views = [];
    private readonly SortedDictionary<NodeId, NodeIncarnation> _members = [];
    private readonly HashSet<NodeIncarnation> _unproven = [];
    private readonly HashSet<(NodeId, NodeId)> _broken = [];
    private readonly List<string> _log = [];
    private TimeSpan _now;
    private long _order;
    private ulong _view;
    private ulong _incarnation;
    private bool _isCalm;

    /// <param name="seed">Decides everything.</param>
    /// <param name="terms">What the nodes have agreed on.</param>
    /// <param name="clockError">By how much their clocks really differ from true time, at most.</param>
    internal GlueSimulation(int seed, LeaseTerms terms, double clockError)
    {
        _random = new Random(seed);
        _terms = terms;
        _clockError = clockError;
        int count = _random.Next(2) == 0 ? 3 : 5;
        _list = new PeerList("tyer", Enumerable.Range(1, count).Select(id => new StaticPeer(new NodeId((uint)id), $"n{id}")));
        _nodes = [.. _list.Peers.Select(peer => new SimulatedNode(this, peer.Id))];
    }

    /// <summary>What must not be, and was; null if all was well.</summary>
    internal string? Violation { get; private set; }

    /// <summary>How often what must be possible has happened: runs that never do it show nothing.</summary>
    internal Dictionary<string, int> Seen { get; } = [];

    internal string Log => string.Join('\n', _log);

    /// <summary>A hundred seconds of faults.</summary>
    internal void Misbehave()
    {
        foreach (SimulatedNode node in _nodes) At(Seconds(_random.NextDouble() * 3), node.Start);
        for (int fault = 0; fault < 25; fault++) At(Seconds(3 + (_random.NextDouble() * 97)), Fault);
        RunUntil(Seconds(100));
    }

    /// <summary>Everything is healed and started; after a while all are in one view in which nothing is open.</summary>
    internal void Recover()
    {
        _isCalm = true;
        _broken.Clear();
        foreach (SimulatedNode node in _nodes) node.Heal();
        RunUntil(_now + Seconds(90));
        foreach (SimulatedNode node in _nodes)
        {
            bool isWell = node.State == StackState.Operating && node.Told is { } view && view.Members.Length == _nodes.Length && view.Id == _view;
            Expect(isWell, $"n{node.Id} does not operate in a view of all, but is {node.State} in {node.Told}");
        }

        Expect(_unproven.Count == 0, $"nobody proves that {string.Join(", ", _unproven)} have stopped");
    }

    private void Fault()
    {
        SimulatedNode node = _nodes[_random.Next(_nodes.Length)];
        SimulatedNode other = _nodes[_random.Next(_nodes.Length)];
        switch (_random.Next(7))
        {
            case 0: node.Crash(); break;
            case 1: node.Start(); break;
            case 2: node.Freeze(Seconds(_random.NextDouble() * 25)); break;
            case 3: node.IsCutFromPeers = node.IsCutFromEngine = true; Count("cuts"); break;
            case 4: _broken.Add((node.Id, other.Id)); _broken.Add((other.Id, node.Id)); Count("broken connections"); break;
            case 5: _broken.Clear(); foreach (SimulatedNode each in _nodes) each.Heal(start: false); break;
            // As an old leader of etcd did that had stood still.
            default: Remove(node.Life, "for no reason"); Count("living ones removed"); break;
        }

        // The engine notices after a while, or not at all before it is over.
        if (_random.Next(3) > 0)
        {
            NodeIncarnation life = node.Life;
            At(Seconds(_random.NextDouble() * 15), () =>
            {
                if (node.Life != life || !node.IsHeardByEngine) Remove(life, "not heard of");
            });
        }
    }

    // ---- The engine: never errs, but in whom it removes --------------------------------------------------------------------------------

    private void Join(NodeIncarnation life)
    {
        if (_members.Remove(life.Node, out NodeIncarnation former)) _unproven.Add(former);
        if (_members.Count == 0 && _view == 0) _unproven.UnionWith(FirstView.UnprovenOf(_list.Peers.Select(peer => peer.Id), [(life.Node, null)]));
        _members[life.Node] = life;
        Publish();
    }

    private void Remove(NodeIncarnation life, string why)
    {
        if (_members.GetValueOrDefault(life.Node) != life || _members.Count == 1) return;
        Write($"the engine removes {life}: {why}");
        _members.Remove(life.Node);
        _unproven.Add(life);
        SimulatedNode removed = _lives[life];
        removed.FromEngine(life, new RemovedByOthers(why));
        Publish();
    }

    private void Evict(NodeIncarnation asker, AskToEvict order)
    {
        if (_members.GetValueOrDefault(asker.Node) == asker) Remove(order.Member, order.Why);
    }

    private void Prove(NodeIncarnation departed, FenceProof proof)
    {
        if (!_unproven.Remove(departed)) return;
        Write($"all take it that {departed} has stopped ({proof})");
        foreach (NodeIncarnation member in _members.Values) _lives[member].FromEngine(member, new ProofAgreed(departed, proof));
    }

    private void Publish()
    {
        var view = new ClusterView(
            ++_view, _members.Select(member => new Member(member.Key, member.Value.Incarnation, $"n{member.Key}")),
            _unproven.OrderBy(who => who.Node).ThenBy(who => who.Incarnation));
        foreach (NodeIncarnation member in _members.Values) _lives[member].FromEngine(member, new ViewAgreed(view, ""));
    }

    // ---- Time -----------------------------------------------------------------------------------------------------------------------------

    private void At(TimeSpan later, Action action) => _agenda.Enqueue(action, (_now + later, _order++));

    private void RunUntil(TimeSpan end)
    {
        while (Violation is null && _agenda.TryPeek(out Action? next, out var when) && when.Time <= end)
        {
            _agenda.Dequeue();
            _now = when.Time;
            next();
        }

        _now = end;
    }

    private TimeSpan Delay() => Seconds(_isCalm || _random.Next(10) < 8 ? _random.NextDouble() * 0.02 : _random.NextDouble() * 3);

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    private void Count(string what) => Seen[what] = Seen.GetValueOrDefault(what) + 1;

    private void Write(string what) => _log.Add($"{_now.TotalSeconds:0.000} {what}");

    private void Expect(bool holds, string rule)
    {
        if (!holds) Violation ??= rule;
    }

    /// <summary>A machine, and the life of the node that runs there, or ran.</summary>
#pragma warning disable CA1001 // The keeper has no thread here, and is disposed of with the life that it is for.
    private sealed class SimulatedNode(GlueSimulation world, NodeId id) : IClock, IPeerMessenger
#pragma warning restore CA1001
    {
        private readonly double _rate = 1 + (((world._random.NextDouble() * 2) - 1) * world._clockError);
        private readonly Queue<Action> _whileFrozen = [];
        private readonly Queue<(NodeIncarnation For, LeasedEvent Event)> _fromEngine = [];
        private LeaseKeeper? _keeper;
        private LeasedMembership? _membership;
        private TimeSpan _frozenUntil;
        private TimeSpan _lastDelivery;
        private bool _isRunning;
        private int _looks;

        internal NodeId Id => id;

        internal NodeIncarnation Life { get; private set; } = new(id, new Incarnation(2));

        internal StackState State { get; private set; }

        internal ClusterView? Told { get; private set; }

        internal bool IsCutFromPeers { get; set; }

        internal bool IsCutFromEngine { get; set; }

        internal bool IsHeardByEngine => _isRunning && !IsCutFromEngine && world._now >= _frozenUntil;

        /// <summary>By its life: until when, in true time, it or its clients may act.</summary>
        private Dictionary<NodeIncarnation, TimeSpan> ActsUntil { get; } = [];

        public TimeSpan Now => world._now * _rate;

        public void Start(IPeerReceiver receiver)
        {
        }

        internal void Start()
        {
            if (_isRunning) return;
            Life = new NodeIncarnation(id, new Incarnation(10 + world._incarnation++));
            world._lives[Life] = this;
            var self = new Member(id, Life.Incarnation, $"n{id}");
            NodeIncarnation life = Life;
            _membership = new LeasedMembership(world._list, self);
            _keeper = new LeaseKeeper(world._terms, world._list, Life, digest: 7, this, this, until => OnExtended(life, until), @event => world.At(TimeSpan.Zero, () => InLife(life, () => Step(@event))), new FencingOptions());
            _isRunning = true;
            State = StackState.Joining;
            Told = null;
            world.Write($"{Life} starts");
            LookNow();
            Repeat(life);
            JoinWhenHeard(life);
        }

        internal void Crash()
        {
            if (!_isRunning) return;
            world.Write($"{Life} crashes");
            world.Count("crashes");
            End();
        }

        internal void Freeze(TimeSpan span)
        {
            if (!_isRunning || world._now < _frozenUntil) return;
            world.Write($"{Life} stands still for {span.TotalSeconds:0.0} s");
            world.Count("freezes");
            _frozenUntil = world._now + span;
            world.At(span, Thaw);
        }

        internal void Heal(bool start = true)
        {
            IsCutFromPeers = IsCutFromEngine = false;
            while (_fromEngine.TryDequeue(out var told)) Deliver(told.For, told.Event);
            if (start) Start();
        }

        /// <summary>In the order in which it was agreed, whenever the node can hear it.</summary>
        internal void FromEngine(NodeIncarnation life, LeasedEvent @event)
        {
            if (IsCutFromEngine) _fromEngine.Enqueue((life, @event));
            else Deliver(life, @event);
        }

        public void Send(NodeId to, ReadOnlySpan<byte> message)
        {
            byte[] bytes = message.ToArray();
            SimulatedNode target = world._nodes.Single(node => node.Id == to);
            if (IsCutFromPeers || target.IsCutFromPeers || world._broken.Contains((id, to)) || (!world._isCalm && world._random.Next(100) < 10)) return;
            world.At(world.Delay(), () => target.InLife(target.Life, () => target.Take(id, bytes)));
        }

        private void JoinWhenHeard(NodeIncarnation life) => world.At(world.Delay(), () => InLife(life, () =>
        {
            if (IsCutFromEngine) JoinWhenHeard(life);
            else world.Join(life);
        }));

        private void Deliver(NodeIncarnation life, LeasedEvent @event)
        {
            TimeSpan at = world._now + world.Delay();
            _lastDelivery = at = at > _lastDelivery ? at : _lastDelivery;
            world.At(at - world._now, () => InLife(life, () => Step(@event)));
        }

        private void Take(NodeId from, byte[] bytes)
        {
            GlueMessage message = GlueMessage.Read(bytes)!.Value;
            var sender = new NodeIncarnation(from, message.Sender);
            switch (message.Kind)
            {
                case GlueMessageKind.Renewal: _keeper!.OnRenewal(sender, message.First, message.Second); break;
                case GlueMessageKind.Answer: _keeper!.OnAnswer(from, message.First, message.Second); break;
                case GlueMessageKind.RanOut: Step(new PeerCountedOut(message.Departed, sender)); break;
            }
        }

        private void Step(LeasedEvent @event)
        {
            foreach (LeasedAction action in _membership!.Step(@event).ToArray()) Do(action);
        }

        private void Do(LeasedAction action)
        {
            switch (action)
            {
                case HoldLease hold: _keeper!.Hold(hold.View); LookNow(); break;
                case DropLease: _keeper!.Drop(); break;
                case InstallView install: OnView(install.View); break;
                case ReportState report: OnState(report.State, report.Why); break;
                case TellFenced fenced: OnFenced(fenced.Departed); break;
                case SayRanOut ranOut: Say(GlueMessage.RanOut(Life.Incarnation, ranOut.Departed)); break;
                case AskForProof proof: Ask(() => world.Prove(proof.Departed, proof.Proof)); break;
                case AskToEvict evict: AskToEvict(Life, evict); break;
            }
        }

        private void AskToEvict(NodeIncarnation asker, AskToEvict evict)
        {
            world.Count("evictions");
            Ask(() => world.Evict(asker, evict));
        }

        private void Ask(Action order)
        {
            if (!IsCutFromEngine) world.At(world.Delay(), order);
        }

        private void Say(GlueMessage message)
        {
            Span<byte> bytes = stackalloc byte[GlueMessage.Length];
            message.Write(bytes);
            foreach (SimulatedNode other in world._nodes)
            {
                if (other != this) Send(other.Id, bytes);
            }
        }

        private void OnView(ClusterView view)
        {
            Told = view;
            world.Count("views");
            if (!world._views.TryAdd(view.Id, view)) world.Expect(world._views[view.Id] == view, $"{view.Id} is {world._views[view.Id]} and {view}");
        }

        private void OnState(StackState state, string why)
        {
            world.Expect(State != StackState.Expelled, $"{Life} is out and then {state}");
            State = state;
            if (state != StackState.Expelled) return;
            world.Write($"{Life} is out: {why}");
            world.Count("expulsions");
            End();
            world.At(world.Delay(), Start);
        }

        private void OnExtended(NodeIncarnation life, TimeSpan until)
        {
            // By its clock, and as late as the margin allows for.
            ActsUntil[life] = (until + world._terms.Margin) / _rate;
            world.Expect(world._now <= ActsUntil[life], $"the lease of {life} was extended after its end");
        }

        private void OnFenced(NodeIncarnation departed)
        {
            world.Count("proofs");
            if (!world._lives.TryGetValue(departed, out SimulatedNode? owner) || !owner.ActsUntil.TryGetValue(departed, out TimeSpan until)) return;
            world.Expect(until <= world._now, $"{departed} may act until {until.TotalSeconds:0.000} and is taken to have stopped at {world._now.TotalSeconds:0.000}");
        }

        private void LookNow() => Look(Life, _keeper!, ++_looks);

        /// <summary>What the keeper's thread does: looks, and again when it said, unless it was woken before.</summary>
        private void Look(NodeIncarnation life, LeaseKeeper keeper, int look) => InLife(life, () =>
        {
            if (look != _looks) return;
            TimeSpan wait = keeper.Pass();
            if (wait < TimeSpan.Zero) return;
            TimeSpan soon = (wait / _rate) + TimeSpan.FromMilliseconds(1 + (world._random.NextDouble() * 20));
            world.At(soon, () => Look(life, keeper, look));
        });

        private void Repeat(NodeIncarnation life) => world.At(world._terms.RenewEvery, () => InLife(life, () =>
        {
            Step(new RepeatDue());
            Repeat(life);
        }));

        /// <summary>Only if that life still runs; and if it stands still, when it goes on.</summary>
        private void InLife(NodeIncarnation life, Action action)
        {
            if (!_isRunning || Life != life) return;
            if (world._now < _frozenUntil) _whileFrozen.Enqueue(() => InLife(life, action));
            else action();
        }

        private void Thaw()
        {
            if (world._now < _frozenUntil) return;
            while (_whileFrozen.TryDequeue(out Action? waiting)) waiting();
        }

        private void End()
        {
            _keeper!.Drop();
            _keeper.Dispose();
            _isRunning = false;
            _frozenUntil = TimeSpan.Zero;
            _whileFrozen.Clear();
        }
    }
}
