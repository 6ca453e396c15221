using System.Collections.Immutable;
using Tyer.Cluster.Corosync.Agreement;

namespace Tyer.Cluster.Corosync.Tests.Agreement;

/// <summary>A cluster of agreements under faults from a seed: the same seed is the same run.</summary>
internal sealed class AgreementSimulation
{
    private readonly Random _random;
    private readonly Mistake _mistake;
    private readonly SimulatedDaemons _daemons;
    private readonly Dictionary<uint, SimulatedDisk> _disks = [];
    private readonly SortedDictionary<uint, SimulatedLife> _lives = [];
    private readonly HashSet<NodeIncarnation> _ended = [];
    private readonly ImmutableArray<NodeId> _voters;
    private ulong _lastLife = 100;
    private uint _lastPid = 1000;
    private TimeSpan _now = TimeSpan.FromHours(1);

    public AgreementSimulation(int seed, int nodes, Mistake mistake = Mistake.None)
    {
        _random = new Random(seed);
        _mistake = mistake;
        _voters = [.. Enumerable.Range(1, nodes).Select(node => new NodeId((uint)node))];
        History = new ViewHistory(nodes);
        _daemons = new SimulatedDaemons(nodes, _random);
        foreach (uint node in _daemons.Nodes)
        {
            _disks.Add(node, new SimulatedDisk());
            Begin(node, earlier: null, pid: ++_lastPid);
        }
    }

    public ViewHistory History { get; }

    /// <summary>Lets things happen, faults among them; then mends everything, and all have to come together.</summary>
    public void Run(int steps)
    {
        // From hardly any agreement that is not disturbed to many that are followed by quiet.
        int disturbEvery = 15 + _random.Next(20 * _voters.Length);
        for (int step = 0; step < steps; step++)
        {
            if (_random.Next(disturbEvery) == 0) Disturb();
            else _daemons.Step();
            Renew();
        }

        Mend();
        History.CheckViewsInForce();
    }

    private void Disturb()
    {
        uint node = (uint)(1 + _random.Next(_voters.Length));
        SimulatedLife life = _lives[node];
        switch (_random.Next(14))
        {
            case 0 or 1 or 2 or 3:
                _daemons.Rearrange();
                break;
            case 4:
                // Killed and started again; sometimes under the number that it had.
                _daemons.Part(life, DepartureCause.ProcessDown);
                End(life);
                break;
            case 5 when _daemons.IsUp(node):
                _daemons.Crash(node);
                break;
            case 6:
                _daemons.Restart(node);
                if (_lives[node].IsAway) _lives[node].Reconnect();
                break;
            case 7:
                life.IsFrozen = true;
                break;
            case 8:
                foreach (SimulatedLife frozen in _lives.Values) frozen.IsFrozen = false;
                break;
            case 9:
                life.Agreement.Evict(_lives[(uint)(1 + _random.Next(_voters.Length))].Self.NodeIncarnation, "the test wants it");
                break;
            case 10 when _ended.Count > 0:
                NodeIncarnation ended = _ended.ElementAt(_random.Next(_ended.Count));
                History.Prove(ended);
                life.Agreement.Prove(new Proof(ended, FenceProof.LeaseRanOut));
                break;
            case 11:
                // Who says that it goes holds nothing any more, whether it hears itself or not.
                if (life.Agreement.Leave()) History.Prove(life.Self.NodeIncarnation);
                break;
            case 12 or 13:
                Pass(TimeSpan.FromSeconds(_random.Next(8)));
                break;
        }
    }

    private void Pass(TimeSpan time)
    {
        _now += time;
        foreach (SimulatedLife life in _lives.Values.Where(life => !life.IsFrozen)) life.Agreement.OnTick(_now);
    }

    /// <summary>Who is out begins another life.</summary>
    private void Renew()
    {
        foreach (SimulatedLife life in _lives.Values.Where(life => life.IsOver).ToArray()) End(life);
    }

    private void End(SimulatedLife life)
    {
        NodeIncarnation ended = life.Self.NodeIncarnation;
        if (!life.HasLeft) _ended.Add(ended);
        bool keepsPid = _random.Next(3) == 0;
        Begin(life.Process.Node, life.HasLeft ? null : ended, keepsPid ? life.Process.Pid : ++_lastPid);
    }

    private void Begin(uint node, NodeIncarnation? earlier, uint pid)
    {
        var self = new Member(new NodeId(node), new Incarnation(++_lastLife), $"n{node}");
        var life = new SimulatedLife(new GroupProcess(node, pid), self, _voters, earlier, _daemons, _disks[node], History, _mistake);
        _lives[node] = life;
        History.Began(life);
        if (_daemons.IsUp(node)) _daemons.Join(life);
        else life.OnAway();
    }

    private void Mend()
    {
        _daemons.Heal();
        foreach (SimulatedLife life in _lives.Values)
        {
            life.IsFrozen = false;
            if (life.IsAway) life.Reconnect();
        }

        for (int round = 0; round < 40; round++)
        {
            while (_daemons.Step()) Renew();
            Renew();
            Pass(TimeSpan.FromSeconds(4));
            if (_daemons.Waiting == 0 && AreTogether()) return;
        }

        throw new BrokenRuleException($"they do not come together: {string.Join("; ", _lives.Values.Select(life => $"{life.Self} in {life.Views.LastOrDefault()}"))}");
    }

    private bool AreTogether() =>
        _lives.Values.All(life => life.HasContact && life.Views.LastOrDefault() is { } view && _lives.Values.All(other => view.Contains(other.Self.NodeIncarnation)))
        && _lives.Values.Select(life => life.Views[^1].Id).Distinct().Count() == 1;
}
