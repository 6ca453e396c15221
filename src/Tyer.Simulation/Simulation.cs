using System.Globalization;
using Tyer.Engine;
using Tyer.Engine.Locks;

namespace Tyer.Simulation;

/// <summary>
/// A cluster in one thread: production engines, virtual time, a network and a cluster stack made from a seed, faults, clients that do what
/// chance will. The same seed gives the same life, to the byte.
/// </summary>
public sealed class Simulation
{
    /// <summary>Most nodes of a simulated cluster.</summary>
    public const int NodesMax = 64;

    private const int AuditEvery = 200;
    private const long RestMax = 60 * TimeSpan.TicksPerSecond;

    private readonly SimWorld _world;
    private readonly SimNetwork _network;
    private readonly SimStack _stack;
    private readonly SimMoves _moves;
    private readonly Watch _watch;
    private readonly ulong _seed;
    private readonly SimReduction _reduction;
    private readonly SimRandom _faultTimes;
    private readonly Dictionary<uint, SimNode> _nodes = [];
    private readonly Dictionary<MemberId, List<SimClient>> _clients = [];
    private readonly Dictionary<uint, ulong> _lockNumbers = [];
    private uint _sessions;
    private ulong _incarnations;
    private bool _isOver;
    private int _untilAudit = AuditEvery;
    private int _faults;

    private Simulation(ulong seed, SimProfile profile, int nodes, bool traces, SimMistake mistake, SimReduction reduction)
    {
        _seed = seed;
        _reduction = reduction;
        _faultTimes = SimRandom.For(seed, 1);
        _world = new SimWorld(seed, profile, traces, mistake);
        _network = new SimNetwork(_world, member => _nodes.GetValueOrDefault(member.Node) is { } node && node.Id == member ? node : null);
        _watch = new Watch(_world);
        _moves = new SimMoves(_world, _nodes, SimRandom.For(seed, 2));
        _stack = new SimStack(_world, _nodes, _watch, StopForGood);
        _stack.Join([.. Enumerable.Range(1, nodes).Select(node => Start((uint)node).Id)]);
    }

    /// <summary>Lives one life.</summary>
    /// <param name="seed">What it is made from.</param>
    /// <param name="profile">How rough it is.</param>
    /// <param name="nodes">2 to 64; 0: as chance will, 2 to 6.</param>
    /// <param name="traces">Whether to write down what happens.</param>
    /// <param name="reduction">What to leave out; null: nothing.</param>
    public static SimResult Run(ulong seed, SimProfile profile, int nodes = 0, bool traces = false, SimReduction? reduction = null) =>
        Run(seed, profile, nodes, traces, SimMistake.None, reduction);

    /// <summary>Lives one life in which all nodes make a mistake.</summary>
    internal static SimResult Run(
        ulong seed, SimProfile profile, int nodes, bool traces, SimMistake mistake, SimReduction? reduction = null)
    {
        ArgumentNullException.ThrowIfNull(profile);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(nodes, NodesMax);
        // Chance is asked for the number of nodes apart from the life itself, which is then the same with that number given.
        var count = nodes == 0 ? 2 + new SimRandom(~seed).Below(5) : nodes;
        return new Simulation(seed, profile, count, traces, mistake, reduction ?? SimReduction.None).Run();
    }

    private SimResult Run()
    {
        string? violation = null;
        try
        {
            Live();
        }
        catch (Exception fault)
        {
            // Whatever an engine throws is a fault of the engine: no input may make it.
            violation = string.Create(CultureInfo.InvariantCulture, $"at {_world.Now / (double)TimeSpan.TicksPerMillisecond:0.000} ms: {fault.Message}");
            if (fault is not ViolationException)
                violation += $" ({fault.GetType().Name})\n{fault.StackTrace}";
        }

        return new SimResult(_seed, violation, _world.Hash, _faults, (int)_sessions, _world.Counts, _world.Trace);
    }

    private void Live()
    {
        var profile = _world.Profile;
        if (profile.FaultEvery > 0)
            PlanFault();
        _moves.Plan();
        _world.RunUntil(profile.Length, AfterEach);

        _isOver = true;
        _network.MendAll();
        _stack.SetQuorum(true);
        foreach (var node in _nodes.Values.OrderBy(each => each.Id.Node))
        {
            if (node.IsFrozen)
                Thaw(node);
        }

        foreach (var client in _clients.Values.SelectMany(each => each))
            client.Finish();
        // Everything that waits has its end, and nothing is left behind (I7).
        var end = profile.Length + RestMax;
        for (var time = profile.Length; time < end; time += TimeSpan.TicksPerSecond)
        {
            _world.RunUntil(time, AfterEach);
            if (IsAtRest())
                break;
        }

        CheckAtRest();
    }

    private SimNode Start(uint number)
    {
        var id = new MemberId(number, ++_incarnations);
        var node = new SimNode(_world, _network, id, _lockNumbers.GetValueOrDefault(number) + 1);
        _nodes[number] = node;
        _clients[id] = [];
        for (var each = 0; each < _world.Profile.Clients; each++)
            _clients[id].Add(NewClient(node));
        _world.Tell($"{SimWorld.Name(id)} starts");
        return node;
    }

    private SimClient NewClient(SimNode node)
    {
        _sessions++;
        return new SimClient(_world, node, _watch, _sessions, isIdle: _reduction.WithoutClients.Contains((int)_sessions));
    }

    // Faults.

    private void PlanFault()
    {
        var profile = _world.Profile;
        var soon = _faultTimes.Permille(profile.FaultsInPairs);
        _world.In(soon ? SimWorld.Delay(_faultTimes, profile.ViewSkewMax * 2) : SimWorld.Around(_faultTimes, profile.FaultEvery), () =>
        {
            if (_isOver)
                return;
            PlanFault();
            var number = _faults++;
            if (number < _reduction.FaultsEnd && !_reduction.WithoutFaults.Contains(number))
                Fault(SimRandom.For(_seed, 1000 + (ulong)number));
        });
    }

    private void Fault(SimRandom chance)
    {
        var running = _nodes.Values.Where(node => node.IsRunning && !node.IsFrozen && _stack.IsMember(node.Id)).OrderBy(node => node.Id.Node).ToArray();
        if (running.Length == 0)
            return;
        var node = chance.Of(running);
        switch (chance.Below(10))
        {
            case 0 or 1:
                Crash(node, chance);
                break;
            case 2:
                KillDaemon(node, chance);
                break;
            case 3:
                Freeze(node, chance);
                break;
            case 4:
                Partition(node, chance);
                break;
            case 5:
                BreakConnection(node, chance.Of(running), chance);
                break;
            case 6:
                KillClient(node, chance);
                break;
            case 7:
                LoseQuorum(chance);
                break;
            case 8:
                Leave(node, chance);
                break;
            default:
                StartAgain(node.Id.Node, chance);
                break;
        }
    }

    /// <summary>The machine is gone, and its clients with it.</summary>
    private void Crash(SimNode node, SimRandom chance)
    {
        _world.Count("fault: crash");
        _world.Tell($"{SimWorld.Name(node.Id)} crashes");
        StopForGood(node.Id);
        AfterFailure(node, chance);
    }

    /// <summary>The daemon dies; its clients believe that they hold their locks until their deadline.</summary>
    private void KillDaemon(SimNode node, SimRandom chance)
    {
        _world.Count("fault: daemon dies");
        _world.Tell($"{SimWorld.Name(node.Id)} dies, its clients live on");
        KeepLockNumber(node);
        node.Stop();
        AfterFailure(node, chance);
    }

    /// <summary>It ends its sessions, hands over what it masters, and goes.</summary>
    private void Leave(SimNode node, SimRandom chance)
    {
        if (_stack.MemberCount < 2)
            return;
        _world.Count("fault: leaves");
        _world.Tell($"{SimWorld.Name(node.Id)} begins to leave");
        foreach (var client in _clients[node.Id])
            client.Close();
        _clients[node.Id].Clear();
        _moves.Leave(node, () =>
        {
            _world.Tell($"{SimWorld.Name(node.Id)} leaves");
            _stack.Leave(node.Id);
            _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax), () =>
            {
                if (!_isOver && !_stack.IsMember(node.Id) && _nodes[node.Id.Node] == node && !node.IsRunning)
                    _stack.Join(Start(node.Id.Node).Id);
            });
        });
    }

    private void Freeze(SimNode node, SimRandom chance)
    {
        _world.Count("fault: freeze");
        _world.Tell($"{SimWorld.Name(node.Id)} stands still");
        node.Freeze();
        var length = SimWorld.Delay(chance, _world.Profile.DetectionMax * 4);
        _world.In(length, () => Thaw(node));
        if (length > _world.Profile.DetectionMax)
            AfterFailure(node, chance);
    }

    private void Thaw(SimNode node)
    {
        if (!node.IsFrozen)
            return;
        _world.Tell($"{SimWorld.Name(node.Id)} goes on");
        node.Thaw();
    }

    /// <summary>A node is cut off from all others, or hears them without being heard, for a while, or until it is evicted.</summary>
    private void Partition(SimNode node, SimRandom chance)
    {
        var oneWay = chance.Permille(300);
        _world.Count(oneWay ? "fault: one-way partition" : "fault: partition");
        _world.Tell($"{SimWorld.Name(node.Id)} is cut off{(oneWay ? " one way" : "")}");
        var others = _nodes.Keys.Where(other => other != node.Id.Node).Order().ToArray();
        foreach (var other in others)
        {
            _network.Cut(node.Id.Node, other);
            if (!oneWay)
                _network.Cut(other, node.Id.Node);
        }

        var length = SimWorld.Delay(chance, _world.Profile.DetectionMax * 4);
        _world.In(length, () =>
        {
            foreach (var other in others)
            {
                _network.Mend(node.Id.Node, other);
                _network.Mend(other, node.Id.Node);
            }
        });
        if (length > _world.Profile.DetectionMax)
            AfterFailure(node, chance);
    }

    private void BreakConnection(SimNode node, SimNode other, SimRandom chance)
    {
        if (node == other)
            return;
        _world.Count("fault: connection lost");
        _network.Cut(node.Id.Node, other.Id.Node);
        _network.Cut(other.Id.Node, node.Id.Node);
        _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax), () =>
        {
            _network.Mend(node.Id.Node, other.Id.Node);
            _network.Mend(other.Id.Node, node.Id.Node);
        });
    }

    private void KillClient(SimNode node, SimRandom chance)
    {
        _world.Count("fault: client dies");
        var clients = _clients[node.Id];
        if (clients.Count == 0)
            return; // it is leaving
        var client = chance.Of(clients);
        clients.Remove(client);
        client.Close();
        clients.Add(NewClient(node));
    }

    private void LoseQuorum(SimRandom chance)
    {
        _world.Count("fault: no quorum");
        _stack.SetQuorum(false);
        _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax * 4), () => _stack.SetQuorum(true));
    }

    /// <summary>Where a failed node was, it comes back with a new life; where it lives, it is restarted.</summary>
    private void StartAgain(uint number, SimRandom chance)
    {
        _world.Count("fault: restart");
        var node = _nodes[number];
        _world.Tell($"{SimWorld.Name(node.Id)} is restarted");
        StopForGood(node.Id);
        _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax), () =>
        {
            if (_isOver)
                _stack.Evict(node.Id);
            else if (!_nodes[number].IsRunning)
                _stack.Join(Start(number).Id);
        });
    }

    private void AfterFailure(SimNode node, SimRandom chance)
    {
        _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax), () => _stack.Evict(node.Id));
        _world.In(_world.Profile.DetectionMax + SimWorld.Delay(chance, _world.Profile.ProofMax), () =>
        {
            // A new life, some time after the old one was found to be gone.
            if (!_isOver && !_stack.IsMember(node.Id) && _nodes[node.Id.Node] == node && !node.IsRunning)
                _stack.Join(Start(node.Id.Node).Id);
        });
    }

    /// <summary>Nothing of it acts any more: node and clients.</summary>
    private void StopForGood(MemberId gone)
    {
        if (_nodes.GetValueOrDefault(gone.Node) is { } node && node.Id == gone)
        {
            KeepLockNumber(node);
            node.Stop();
        }

        foreach (var client in _clients[gone])
            client.Vanish();
        _clients[gone].Clear();
    }

    private void KeepLockNumber(SimNode node) =>
        _lockNumbers[node.Id.Node] = Math.Max(_lockNumbers.GetValueOrDefault(node.Id.Node), node.Engine.NextLockNumber);

    // What must hold.

    private void AfterEach()
    {
        if (--_untilAudit > 0)
            return;
        _untilAudit = AuditEvery;
        CheckOneMaster();
    }

    private IEnumerable<SimNode> Running => _nodes.Values.Where(node => node.IsRunning).OrderBy(node => node.Id.Node);

    /// <summary>Of all that run, evicted ones included, one decides on a resource (I1).</summary>
    private void CheckOneMaster()
    {
        var masters = new Dictionary<string, MemberId>();
        foreach (var node in Running)
        {
            foreach (var resource in ResourcesOf(node.Engine))
            {
                if (resource.Role != ResourceRole.Active)
                    continue;
                var name = Convert.ToHexString(resource.Name);
                if (!masters.TryAdd(name, node.Id))
                    throw new ViolationException($"I1: {SimWorld.Name(node.Id)} and {SimWorld.Name(masters[name])} are both master of {System.Text.Encoding.UTF8.GetString(resource.Name)}");
            }
        }

        _world.Count("audits");
    }

    private bool IsAtRest() =>
        !_stack.HasUnproven
        && Running.All(node => node.Engine is { LockCount: 0, ResourceCount: 0 } && (!_stack.IsMember(node.Id) || node.Engine.IsSettled))
        && _clients.Values.SelectMany(each => each).All(client => client.IsIdle);

    private void CheckAtRest()
    {
        // Who is evicted, and not proven yet, need not come to rest.
        var members = Running.Where(node => _stack.IsMember(node.Id)).ToArray();
        foreach (var node in members)
        {
            if (!node.Engine.IsSettled)
                throw new ViolationException($"{SimWorld.Name(node.Id)} does not settle: {string.Join("; ", members.SelectMany(Tied))}");
            var waiting = _clients[node.Id].Where(client => !client.IsIdle).Select(client => client.Describe()).ToArray();
            if (waiting.Length > 0)
                throw new ViolationException($"{string.Join("; ", waiting)} waits without end");
        }

        foreach (var node in members)
        {
            var engine = node.Engine;
            if (engine.LockCount > 0 || engine.ResourceCount > 0)
            {
                var left = ResourcesOf(engine).Select(each => $"{System.Text.Encoding.UTF8.GetString(each.Name)} {each.Role} {each.Ties} record {each.Record} master {each.Master} queues {each.Queues.Count} owned {each.Owned.Count} parked {each.Parked?.Count}");
                throw new ViolationException($"{SimWorld.Name(node.Id)} is left with {engine.LockCount} locks, {engine.ResourceCount} resources: {string.Join("; ", left.Take(5))}");
            }
        }
    }

    private static IEnumerable<string> Tied(SimNode node) =>
        from each in ResourcesOf(node.Engine)
        where each.Ties != ResourceTies.None || each.Move is not null
        select $"{SimWorld.Name(node.Id)} has {System.Text.Encoding.UTF8.GetString(each.Name)} {each.Role} {each.Ties} {each.Move?.Phase}";

    private static IEnumerable<Resource> ResourcesOf(LockEngine engine)
    {
        var table = engine.Core.Resources;
        for (var bucket = 0; bucket < table.Buckets; bucket++)
        {
            for (var each = table.FirstIn(bucket); each is not null; each = each.NextInBucket)
                yield return each;
        }
    }
}
