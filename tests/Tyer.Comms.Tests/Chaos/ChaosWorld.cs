using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Chaos;

/// <summary>
/// A few nodes, the networks between them, and what goes wrong: one thread, one agenda ordered by virtual time and seed. What the nodes do is
/// production code down to the bytes.
/// </summary>
internal sealed class ChaosWorld
{
    private readonly PriorityQueue<Action, (TimeSpan Time, long Number)> _agenda = new();
    private readonly List<ChaosWire> _wires = [];
    private readonly HashSet<(uint From, uint To, int Path)> _cut = [];
    private readonly ChaosNode[] _nodes;
    private readonly ChaosTamperer? _tamperer;
    private readonly bool _hasBadCables;
    private readonly Dictionary<(ChaosNode Node, uint Peer), int> _carriers = [];
    private long _number;
    private ulong _incarnations = 1;
    private string? _violation;

    public ChaosWorld(Dice dice, ChaosMistake mistake = ChaosMistake.None)
    {
        Dice = dice;
        NodeCount = dice.OneIn(3) ? 3 : 2;
        Paths = dice.Between(1, 3);
        Policy = dice.OneIn(2) ? PathPolicy.LeastQueued : PathPolicy.Passive;
        _hasBadCables = dice.OneIn(3);
        _tamperer = mistake == ChaosMistake.None ? null : new ChaosTamperer(mistake, dice);
        _nodes = [.. Enumerable.Range(1, NodeCount).Select(id => new ChaosNode(this, (uint)id, 1))];
        foreach (ChaosNode node in _nodes) node.Domain.Start();
    }

    public Dice Dice { get; }

    public int NodeCount { get; }

    public int Paths { get; }

    public PathPolicy Policy { get; }

    public TimeSpan Now { get; private set; } = TimeSpan.FromMinutes(1);

    public bool IsTampered => _tamperer is not null;

    /// <summary>Whether some byte was damaged on its way.</summary>
    public bool HasCorrupted { get; private set; }

    public long Delivered { get; set; }

    public long Resets { get; set; }

    public long PathsUp { get; set; }

    /// <summary>Times that a peer was forgotten, to be taken in again.</summary>
    public long Forgets { get; set; }

    /// <summary>Times that another path was chosen though the one that carried was still up.</summary>
    public long Reliefs { get; private set; }

    public long Faults { get; private set; }

    public ulong Hash { get; private set; } = 14695981039346656037UL;

    /// <summary>Lives for a while under faults, then comes to rest. What was violated, or null.</summary>
    public string? Live(TimeSpan under, TimeSpan rest)
    {
        TimeSpan end = Now + under;
        In(TimeSpan.FromMilliseconds(1), () => SendSome(end));
        In(TimeSpan.FromMilliseconds(Dice.Between(1, 400)), () => Fail(end));
        Run(end);
        Mend();
        Run(Now + rest);
        if (_violation is null && !IsQuiet(out string why)) _violation = "does not come to rest: " + why;
        return _violation;
    }

    public void Check(bool holds, string what)
    {
        if (!holds) _violation ??= $"{(Now - TimeSpan.FromMinutes(1)).TotalMilliseconds:0.000} ms: {what}";
    }

    public void Note(uint one, uint other, ulong what) => Hash = (Hash ^ one ^ ((ulong)other << 16) ^ (what << 32) ^ (ulong)Now.Ticks) * 1099511628211UL;

    public void At(TimeSpan time, Action action) => _agenda.Enqueue(action, (time < Now ? Now : time, _number++));

    public void In(TimeSpan time, Action action) => At(Now + time, action);

    public TimeSpan Latency() => TimeSpan.FromTicks(Dice.OneIn(10) ? Dice.Between(1, 300_000) : Dice.Between(1, 20_000));

    public long QueuedBytes() => Dice.OneIn(3) ? Dice.Below(2 << 20) : 0;

    public bool IsCut(uint from, uint to, int path) => _cut.Contains((from, to, path));

    /// <summary>Connects a node with another over a path, or fails to, after a while.</summary>
    public void Dial(ChaosNode dialler, PeerLink link) => In(Latency(), () =>
    {
        uint to = link.Peer!.NodeId;
        ChaosNode listener = _nodes[to - 1];
        if (IsCut(dialler.Id, to, link.Path) || IsCut(to, dialler.Id, link.Path) || !listener.IsRunning)
        {
            In(TimeSpan.FromMilliseconds(Dice.Between(1, 500)), () => dialler.Run(() => link.NotConnected(fault: null)));
            return;
        }

        var there = new ChaosWire(this, dialler, to, link.Path, _tamperer);
        var back = new ChaosWire(this, listener, dialler.Id, link.Path, _tamperer);
        there.Sender = back.Receiver = new ChaosLink(dialler, there);
        there.Receiver = back.Sender = new ChaosLink(listener, back);
        _wires.Add(there);
        _wires.Add(back);
        listener.Run(() =>
        {
            if (listener.Domain.Accept(there.Receiver) != RefusalCode.None) back.CloseSilently();
        });
        dialler.Run(() =>
        {
            there.Sender.Start(link);
            link.Connected(there.Sender);
        });
    });

    private void Run(TimeSpan until)
    {
        while (_violation is null && _agenda.TryPeek(out _, out (TimeSpan Time, long Number) next) && next.Time <= until)
        {
            Action action = _agenda.Dequeue();
            Now = next.Time;
            action();
            CheckNodes();
        }

        Now = until;
    }

    /// <summary>After every event: what must hold whatever happens.</summary>
    private void CheckNodes()
    {
        foreach (ChaosNode node in _nodes)
        {
            if (!node.IsRunning) continue;
            foreach (Peer peer in node.Domain.Peers.Values)
            {
                PeerStatistics statistics = peer.Statistics;
                Check(statistics.UnacknowledgedBytes <= 2 << 20, "a queue is longer than its bound");
                Check(statistics.UnacknowledgedMessages <= 2 * CommsLimits.PeerQueueMessagesMax, "a queue has more messages than its bound");
                IReadOnlyList<PathStatus> paths = peer.Paths;
                if (Policy == PathPolicy.LeastQueued) NoteCarrier(node, peer, paths);
                if (peer.State == ConnectionState.Connected) Check(paths.Count(path => path.IsCarrying) == 1, "connected, and not exactly one path carries");
            }
        }
    }

    private void NoteCarrier(ChaosNode node, Peer peer, IReadOnlyList<PathStatus> paths)
    {
        int carrier = paths.FirstOrDefault(path => path.IsCarrying, new PathStatus(-1, null, PathState.Down, default, false)).Path;
        int before = _carriers.GetValueOrDefault((node, peer.NodeId), -1);
        if (before >= 0 && carrier != before && paths.Any(path => path.Path == before && path.State == PathState.Up)) Reliefs++;
        _carriers[(node, peer.NodeId)] = carrier;
    }

    private void SendSome(TimeSpan end)
    {
        foreach (ChaosNode node in _nodes)
        {
            if (!node.IsRunning || node.IsFrozen) continue;
            for (int i = Dice.Below(4); i > 0; i--)
            {
                uint to = (uint)Dice.Between(1, NodeCount);
                if (to != node.Id) node.Send(to);
            }
        }

        if (Now < end) In(TimeSpan.FromMilliseconds(Dice.Between(1, 60)), () => SendSome(end));
    }

    private void Fail(TimeSpan end)
    {
        if (Now >= end) return;
        Faults++;
        ChaosNode node = _nodes[Dice.Below(NodeCount)];
        uint other = (uint)Dice.Between(1, NodeCount);
        int path = Dice.Below(Paths);
        switch (Dice.Below(10))
        {
            case 0:
            case 1:
                BreakConnections(node.Id, other, path, loses: Dice.OneIn(2));
                break;

            case 2:
                foreach (int each in Enumerable.Range(0, Paths)) BreakConnections(node.Id, other, each, loses: true);
                break;

            case 3:
                _cut.Add((node.Id, other, path));
                In(TimeSpan.FromMilliseconds(Dice.Between(1, 4000)), () => Join(node.Id, other, path));
                break;

            case 4:
                foreach (int each in Enumerable.Range(0, Paths))
                {
                    _cut.Add((node.Id, other, each));
                    In(TimeSpan.FromMilliseconds(Dice.Between(1, 3000)), () => Join(node.Id, other, each));
                }

                break;

            case 5 when Dice.OneIn(2):
                Restart(node);
                break;

            case 6 when !node.IsFrozen && node.IsRunning:
                node.Freeze();
                In(TimeSpan.FromMilliseconds(Dice.Between(1, 3000)), node.Thaw);
                break;

            case 7 when _wires.Count > 0 && _hasBadCables:
                HasCorrupted = true;
                _wires[Dice.Below(_wires.Count)].Corrupt();
                break;

            case 8 when node.IsRunning && !node.IsFrozen && Dice.OneIn(4) && node.Domain.Peers.TryGetValue(other, out Peer? peer):
                // Membership cuts a life off; its successor is welcome.
                peer.Fence(_nodes[other - 1].Incarnation);
                Restart(_nodes[other - 1]);
                break;

            case 9 when node.IsRunning && !node.IsFrozen:
                node.Forget(other);
                break;
        }

        In(TimeSpan.FromMilliseconds(Dice.Between(1, 600)), () => Fail(end));
    }

    private void Restart(ChaosNode node)
    {
        if (!node.IsRunning) return;
        node.Die();
        bool withMachine = Dice.OneIn(3);
        foreach (ChaosWire wire in _wires.Where(wire => wire.From == node || wire.Receiver.Node == node).ToArray())
        {
            if (withMachine) wire.Break();
            else if (wire.From == node) wire.CloseSilently();
        }

        ulong incarnation = ++_incarnations;
        In(TimeSpan.FromMilliseconds(Dice.Between(1, 800)), () =>
        {
            var again = new ChaosNode(this, node.Id, incarnation);
            _nodes[node.Id - 1] = again;
            again.Domain.Start();
        });
    }

    private void BreakConnections(uint one, uint other, int path, bool loses)
    {
        foreach (ChaosWire wire in _wires.Where(wire => wire.Path == path && ((wire.From.Id == one && wire.To == other) || (wire.From.Id == other && wire.To == one))).ToArray())
        {
            if (Dice.OneIn(3)) continue;
            if (!loses)
            {
                wire.CloseSilently();
                continue;
            }

            wire.Break();
            ChaosLink end = wire.Sender;
            In(TimeSpan.FromMilliseconds(Dice.Between(0, 50)), () => end.Node.Run(() => end.End(new LinkEnd(LinkEndReason.NetworkFailure))));
        }

        _wires.RemoveAll(wire => wire.Sender.IsCleanedUp && wire.Receiver.IsCleanedUp);
    }

    private void Join(uint from, uint to, int path)
    {
        if (!_cut.Remove((from, to, path))) return;
        foreach (ChaosWire wire in _wires)
        {
            if (wire.From.Id == from && wire.To == to && wire.Path == path) wire.Resume();
        }
    }

    private void Mend()
    {
        foreach ((uint from, uint to, int path) in _cut.Order().ToArray()) Join(from, to, path);
        foreach (ChaosNode node in _nodes)
        {
            if (node.IsFrozen) node.Thaw();
        }
    }

    private bool IsQuiet(out string why)
    {
        foreach (ChaosNode node in _nodes)
        {
            foreach (ChaosNode other in _nodes.Where(other => other != node))
            {
                if (!node.Domain.Peers.TryGetValue(other.Id, out Peer? peer))
                {
                    why = $"n{node.Id} has forgotten n{other.Id}";
                    return false;
                }

                why = $"n{node.Id}.{node.Incarnation} to n{other.Id}.{other.Incarnation}: {peer.State}, last {peer.LastReason} {peer.LastEnd}, "
                    + $"unacknowledged {peer.Statistics.UnacknowledgedMessages}, {string.Join("; ", peer.Paths)}";
                if (peer.State != ConnectionState.Connected || peer.Incarnation != other.Incarnation) return false;
                if (peer.Paths.Any(path => path.State != PathState.Up)) return false;
                if (!node.HasDeliveredAllTo(other)) return false;
            }

            why = $"n{node.Id} keeps {node.Domain.RentedSegments} segments";
            if (node.Domain.RentedSegments != 0) return false;
        }

        why = "";
        return true;
    }
}
