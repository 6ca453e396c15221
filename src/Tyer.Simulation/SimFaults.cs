namespace Tyer.Simulation;

/// <summary>What goes wrong in a life, each with its beginning and its length, as chance will.</summary>
internal sealed class SimFaults(SimCluster cluster, SimMoves moves, SimReduction reduction)
{
    private readonly SimWorld _world = cluster.World;
    private readonly SimNetwork _network = cluster.Network;
    private readonly SimStack _stack = cluster.Stack;
    private readonly SimRandom _times = SimRandom.For(cluster.World.Seed, 1);
    private bool _isOver;

    // What is worst for a recovery comes twice as often.
    private static readonly SimFaultKind[] ByChance = [SimFaultKind.Crash, .. Enum.GetValues<SimFaultKind>()];

    private long LongMax => _world.Profile.DetectionMax * 4;

    /// <summary>How many were planned.</summary>
    internal int Count { get; private set; }

    /// <summary>Begins.</summary>
    internal void Begin()
    {
        if (_world.Profile.Script is { } script)
        {
            foreach (var fault in script)
                _world.At(fault.At, () => Next(chance => Happen(fault, chance)));
        }
        else if (_world.Profile.FaultEvery > 0)
        {
            Plan();
        }
    }

    /// <summary>Nothing more goes wrong, and what does is set right.</summary>
    internal void End()
    {
        _isOver = true;
        _network.MendAll();
        _stack.SetQuorum(true);
        foreach (var node in cluster.Running)
        {
            node.SlowBy = 0;
            Thaw(node);
        }

        // Without a majority no lease is renewed, and nobody is proven gone.
        if (_world.Profile.Leases)
            cluster.StartAll();
    }

    private void Plan()
    {
        var profile = _world.Profile;
        var soon = _times.Permille(profile.FaultsInPairs);
        _world.In(soon ? SimWorld.Delay(_times, profile.ViewSkewMax * 2) : SimWorld.Around(_times, profile.FaultEvery), () =>
        {
            if (_isOver)
                return;
            Plan();
            Next(Happen);
        });
    }

    private void Next(Action<SimRandom> happen)
    {
        var number = Count++;
        // Each has chance of its own: the same, whichever others are left out.
        if (!_isOver && number < reduction.FaultsEnd && !reduction.WithoutFaults.Contains(number))
            happen(SimRandom.For(_world.Seed, 1000 + (ulong)number));
    }

    private bool MayStart => !_isOver || _world.Profile.Leases;

    private bool CanFail(SimNode node) => node is { IsRunning: true, IsFrozen: false, IsLeaving: false } && _stack.IsMember(node.Id) && cluster.ClientsOf(node).Count > 0;

    /// <summary>As chance will.</summary>
    private void Happen(SimRandom chance)
    {
        var running = cluster.Running.Where(CanFail).ToArray();
        if (running.Length == 0)
            return;
        var kind = chance.Of(ByChance);
        var node = chance.Of(running);
        Happen(kind, node, SimFault.NodesOf(kind) > 1 ? chance.Of(running) : node, length: null, chance);
    }

    /// <summary>As the script says; nothing, where who is named is not there.</summary>
    private void Happen(SimFault fault, SimRandom chance)
    {
        var node = cluster.Running.FirstOrDefault(node => node.Id.Node == fault.Node && CanFail(node));
        var other = cluster.Running.FirstOrDefault(node => node.Id.Node == fault.Other && CanFail(node));
        var needed = SimFault.NodesOf(fault.Kind);
        if (needed == 0)
            LoseQuorum(fault.For, chance);
        else if (node is not null && (needed == 1 || other is not null))
            Happen(fault.Kind, node, other ?? node, fault.For, chance);
        else
            _world.Tell($"{fault.Kind} finds nobody");
    }

    private void Happen(SimFaultKind kind, SimNode node, SimNode other, long? length, SimRandom chance)
    {
        if (SimFault.NodesOf(kind) > 1 && node == other)
            return;
        switch (kind)
        {
            case SimFaultKind.Crash:
                Begins("crash", node);
                cluster.StopForGood(node.Id, withMachine: true);
                AfterFailure(node, chance);
                break;
            case SimFaultKind.Kill:
                Begins("daemon dies", node);
                cluster.Stop(node, withMachine: false);
                AfterFailure(node, chance);
                break;
            case SimFaultKind.Restart:
                Restart(node, length, chance);
                break;
            case SimFaultKind.Freeze:
                Begins("freeze", node);
                node.Freeze();
                EndAfter(length ?? SimWorld.Delay(chance, LongMax), node, () => Thaw(node), chance);
                break;
            case SimFaultKind.Slow:
                Begins("slow node", node);
                node.SlowBy = chance.Between(1, _world.Profile.SlownessMax);
                _world.In(length ?? SimWorld.Delay(chance, LongMax), () => node.SlowBy = 0);
                break;
            case SimFaultKind.Partition:
                Partition(node, oneWay: false, length, chance);
                break;
            case SimFaultKind.Mute:
                Partition(node, oneWay: true, length, chance);
                break;
            case SimFaultKind.Cut:
                Begins("pair cut off", node, other);
                _network.Cut(node.Id.Node, other.Id.Node);
                _network.Cut(other.Id.Node, node.Id.Node);
                _world.In(length ?? SimWorld.Delay(chance, _world.Profile.DetectionMax), () => MendPair(node.Id.Node, other.Id.Node));
                break;
            case SimFaultKind.Break:
                Begins("connection lost, with what is on its way", node, other);
                _network.BreakConnections(node.Id.Node, other.Id.Node, loses: true);
                break;
            case SimFaultKind.Close:
                Begins("connection closed", node, other);
                _network.BreakConnections(node.Id.Node, other.Id.Node, loses: false);
                break;
            case SimFaultKind.Lag:
                Begins("slow pair", node, other);
                _network.Slow(node.Id.Node, other.Id.Node, chance.Between(1, _world.Profile.DetectionMax));
                _world.In(length ?? SimWorld.Delay(chance, LongMax), () => _network.Slow(node.Id.Node, other.Id.Node, 0));
                break;
            case SimFaultKind.Leap:
                Begins("clock leaps", node);
                node.Clock.Leap(length ?? SimWorld.Delay(chance, 5 * TimeSpan.TicksPerSecond));
                break;
            case SimFaultKind.Die:
                KillClient(node, chance);
                break;
            case SimFaultKind.Hang:
                HangClient(node, length ?? (chance.Permille(400) ? SimClient.SessionTimeout : 0) + SimWorld.Delay(chance, SimClient.SessionTimeout / 2), chance);
                break;
            case SimFaultKind.Revoke:
                Begins("session revoked", node);
                cluster.ReplaceClient(node, chance).Expel(LossReason.Revoked);
                break;
            case SimFaultKind.Leave:
                Leave(node, chance);
                break;
            default:
                LoseQuorum(length, chance);
                break;
        }
    }

    /// <summary>What lasted too long for the others has had the node put out by the time it ends.</summary>
    private void EndAfter(long length, SimNode node, Action end, SimRandom chance)
    {
        _world.In(length, end);
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
    private void Partition(SimNode node, bool oneWay, long? length, SimRandom chance)
    {
        Begins(oneWay ? "one-way partition" : "partition", node);
        var others = Enumerable.Range(1, cluster.NodeCount).Select(number => (uint)number).Where(number => number != node.Id.Node).ToArray();
        foreach (var other in others)
        {
            _network.Cut(node.Id.Node, other);
            if (!oneWay)
                _network.Cut(other, node.Id.Node);
        }

        EndAfter(length ?? SimWorld.Delay(chance, LongMax), node, Mend, chance);

        void Mend()
        {
            foreach (var other in others)
                MendPair(node.Id.Node, other);
        }
    }

    private void MendPair(uint one, uint other)
    {
        _network.Mend(one, other);
        _network.Mend(other, one);
    }

    private void KillClient(SimNode node, SimRandom chance)
    {
        Begins("client dies", node);
        var client = cluster.ReplaceClient(node, chance);
        client.Die();
        // Somebody looks after what it left, or nobody does until the end.
        if (chance.Permille(500))
            _world.In(SimWorld.Delay(chance, _world.Profile.ProofMax), () => node.Run(() =>
            {
                cluster.Orphans.PurgedOf(client.ProcessId);
                node.Wiring.Shards.Purge(SimNode.Space, client.ProcessId);
            }));
    }

    private void HangClient(SimNode node, long length, SimRandom chance)
    {
        Begins("client hangs", node);
        if (SimClient.IsLostBy(length))
            cluster.ReplaceClient(node, chance).Hang(length);
        else
            chance.Of(cluster.ClientsOf(node)).Hang(length);
    }

    private void LoseQuorum(long? length, SimRandom chance)
    {
        Begins("no quorum");
        _stack.SetQuorum(false);
        _world.In(length ?? SimWorld.Delay(chance, LongMax), () => _stack.SetQuorum(true));
    }

    /// <summary>Stopped on purpose and started again: its sessions are told.</summary>
    private void Restart(SimNode node, long? length, SimRandom chance)
    {
        Begins("restart", node);
        node.Wiring.Sessions.CloseAll(LossReason.NodeStopped);
        cluster.StopForGood(node.Id, withMachine: false);
        _world.In(length ?? SimWorld.Delay(chance, _world.Profile.DetectionMax), () =>
        {
            if (MayStart)
                cluster.StartAgain(node);
            else
                _stack.Evict(node.Id);
        });
    }

    /// <summary>It ends its sessions, hands over what it masters, and goes; later it is back.</summary>
    private void Leave(SimNode node, SimRandom chance)
    {
        if (_stack.MemberCount < 2)
            return;
        Begins("leaves", node);
        node.IsLeaving = true;
        node.Wiring.Sessions.CloseAll(LossReason.NodeStopped);
        moves.Leave(node, () =>
        {
            _world.Tell($"{SimWorld.Name(node.Id)} has handed over what it could, and leaves");
            _stack.Leave(node.Id);
            _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax), () =>
            {
                if (MayStart && !_stack.IsMember(node.Id) && !node.IsRunning)
                    cluster.StartAgain(node);
            });
        });
    }

    private void AfterFailure(SimNode node, SimRandom chance)
    {
        _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax), () => _stack.Evict(node.Id));
        _world.In(_world.Profile.DetectionMax + SimWorld.Delay(chance, _world.Profile.ProofMax), () =>
        {
            // A new life, some time after the old one was found to be gone.
            if (MayStart && !_stack.IsMember(node.Id) && !node.IsRunning)
                cluster.StartAgain(node);
        });
    }

    /// <summary>Counts and tells what happens, and which phase of a recovery it cuts.</summary>
    private void Begins(string what, params ReadOnlySpan<SimNode> who)
    {
        _world.Count($"fault: {what}");
        _world.CountCut(what, cluster.Phase);
        if (!_world.Traces)
            return;
        var names = new string[who.Length];
        for (var index = 0; index < names.Length; index++)
            names[index] = SimWorld.Name(who[index].Id);
        _world.Tell($"FAULT {Count - 1}: {what}{(names.Length == 0 ? "" : " ")}{string.Join(" - ", names)}");
    }
}
