namespace Tyer.Simulation;

/// <summary>What goes wrong in a life, each with its beginning and its length, as chance will.</summary>
internal sealed class SimFaults(SimCluster cluster, SimMoves moves, SimReduction reduction)
{
    private readonly SimWorld _world = cluster.World;
    private readonly SimNetwork _network = cluster.Network;
    private readonly SimStack _stack = cluster.Stack;
    private readonly SimRandom _times = SimRandom.For(cluster.World.Seed, 1);
    private bool _isOver;

    /// <summary>How many were planned.</summary>
    internal int Count { get; private set; }

    /// <summary>Begins.</summary>
    internal void Begin()
    {
        if (_world.Profile.FaultEvery > 0)
            Plan();
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
            var number = Count++;
            // Each has chance of its own: the same, whichever others are left out.
            if (number < reduction.FaultsEnd && !reduction.WithoutFaults.Contains(number))
                Happen(SimRandom.For(_world.Seed, 1000 + (ulong)number));
        });
    }

    private void Happen(SimRandom chance)
    {
        var running = cluster.Running.Where(node => node is { IsFrozen: false, IsLeaving: false } && _stack.IsMember(node.Id)).ToArray();
        if (running.Length == 0)
            return;
        var node = chance.Of(running);
        switch (chance.Below(16))
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
                CutOffPair(node, chance.Of(running), chance);
                break;
            case 6:
                BreakConnections(node, chance.Of(running), chance);
                break;
            case 7:
                KillClient(node, chance);
                break;
            case 8:
                HangClient(node, chance);
                break;
            case 9:
                LoseQuorum(chance);
                break;
            case 10:
                SlowNode(node, chance);
                break;
            case 11:
                SlowPair(node, chance.Of(running), chance);
                break;
            case 12:
                LeapClock(node, chance);
                break;
            case 13:
                RevokeSession(node, chance);
                break;
            case 14:
                Leave(node, chance);
                break;
            default:
                Restart(node, chance);
                break;
        }
    }

    /// <summary>The machine is gone, and its clients with it.</summary>
    private void Crash(SimNode node, SimRandom chance)
    {
        Begins("crash", node);
        cluster.StopForGood(node.Id, withMachine: true);
        AfterFailure(node, chance);
    }

    /// <summary>The daemon dies; its clients believe that they hold their locks until they are stopped.</summary>
    private void KillDaemon(SimNode node, SimRandom chance)
    {
        Begins("daemon dies", node);
        cluster.Stop(node, withMachine: false);
        AfterFailure(node, chance);
    }

    private void Freeze(SimNode node, SimRandom chance)
    {
        Begins("freeze", node);
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
        Begins(oneWay ? "one-way partition" : "partition", node);
        var others = Enumerable.Range(1, cluster.NodeCount).Select(number => (uint)number).Where(number => number != node.Id.Node).ToArray();
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
                MendPair(node.Id.Node, other);
        });
        if (length > _world.Profile.DetectionMax)
            AfterFailure(node, chance);
    }

    private void CutOffPair(SimNode node, SimNode other, SimRandom chance)
    {
        if (node == other)
            return;
        Begins("pair cut off", node, other);
        _network.Cut(node.Id.Node, other.Id.Node);
        _network.Cut(other.Id.Node, node.Id.Node);
        _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax), () => MendPair(node.Id.Node, other.Id.Node));
    }

    private void MendPair(uint one, uint other)
    {
        _network.Mend(one, other);
        _network.Mend(other, one);
    }

    private void BreakConnections(SimNode node, SimNode other, SimRandom chance)
    {
        if (node == other)
            return;
        var loses = chance.Permille(700);
        Begins(loses ? "connection lost, with what is on its way" : "connection closed", node, other);
        _network.BreakConnections(node.Id.Node, other.Id.Node, loses);
    }

    private void KillClient(SimNode node, SimRandom chance)
    {
        Begins("client dies", node);
        var client = cluster.ReplaceClient(node, chance);
        client.Die();
        // Somebody looks after what it left, or nobody does until the end.
        if (chance.Permille(500))
            _world.In(SimWorld.Delay(chance, _world.Profile.ProofMax), () => node.Run(() => node.Wiring.Shards.Purge(SimNode.Space, client.ProcessId)));
    }

    private void HangClient(SimNode node, SimRandom chance)
    {
        Begins("client hangs", node);
        if (chance.Permille(400))
            cluster.ReplaceClient(node, chance).Hang(SimClient.SessionTimeout + SimWorld.Delay(chance, SimClient.SessionTimeout));
        else
            chance.Of(cluster.ClientsOf(node)).Hang(SimWorld.Delay(chance, SimClient.SessionTimeout / 2));
    }

    private void RevokeSession(SimNode node, SimRandom chance)
    {
        Begins("session revoked", node);
        cluster.ReplaceClient(node, chance).Expel(LossReason.Revoked);
    }

    private void LoseQuorum(SimRandom chance)
    {
        Begins("no quorum");
        _stack.SetQuorum(false);
        _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax * 4), () => _stack.SetQuorum(true));
    }

    /// <summary>Its machine has more to do than it can.</summary>
    private void SlowNode(SimNode node, SimRandom chance)
    {
        Begins("slow node", node);
        node.SlowBy = chance.Between(1, _world.Profile.SlownessMax);
        _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax * 4), () => node.SlowBy = 0);
    }

    /// <summary>What one says to the other takes longer: what either says to a third overtakes it.</summary>
    private void SlowPair(SimNode node, SimNode other, SimRandom chance)
    {
        if (node == other)
            return;
        Begins("slow pair", node, other);
        _network.Slow(node.Id.Node, other.Id.Node, chance.Between(1, _world.Profile.DetectionMax));
        _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax * 4), () => _network.Slow(node.Id.Node, other.Id.Node, 0));
    }

    private void LeapClock(SimNode node, SimRandom chance)
    {
        Begins("clock leaps", node);
        node.Clock.Leap(SimWorld.Delay(chance, 5 * TimeSpan.TicksPerSecond));
    }

    /// <summary>Stopped on purpose and started again: its sessions are told.</summary>
    private void Restart(SimNode node, SimRandom chance)
    {
        Begins("restart", node);
        node.Wiring.Sessions.CloseAll(LossReason.NodeStopped);
        cluster.StopForGood(node.Id, withMachine: false);
        _world.In(SimWorld.Delay(chance, _world.Profile.DetectionMax), () =>
        {
            if (_isOver)
                _stack.Evict(node.Id);
            else
                cluster.StartAgain(node);
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
                if (!_isOver && !_stack.IsMember(node.Id) && !node.IsRunning)
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
            if (!_isOver && !_stack.IsMember(node.Id) && !node.IsRunning)
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
