using Tyer.Comms.Links;
using Tyer.Comms.Peers;

namespace Tyer.Simulation;

/// <summary>
/// The wires between machines. Connections keep the order of what is sent over them and lose nothing as long as they stand, as TCP does; they
/// break, with what is on its way or without, and stand still where the way is cut. What makes reliable sessions of that is production code.
/// </summary>
internal sealed class SimNetwork(SimWorld world, Func<uint, SimNode?> find)
{
    private readonly HashSet<(uint From, uint To)> _cut = [];
    private readonly Dictionary<(uint From, uint To), long> _slow = [];
    private readonly List<SimWire> _wires = [];

    /// <summary>From here on nothing of one node reaches the other.</summary>
    internal void Cut(uint from, uint to) => _cut.Add((from, to));

    /// <summary>The way is free again, and what stood still goes on.</summary>
    internal void Mend(uint from, uint to)
    {
        if (!_cut.Remove((from, to)))
            return;
        foreach (var wire in _wires)
        {
            if (wire.From == from && wire.To == to)
                wire.Resume();
        }
    }

    internal void MendAll()
    {
        foreach (var (from, to) in _cut.Order().ToArray())
            Mend(from, to);
        _slow.Clear();
    }

    internal bool IsCut(uint from, uint to) => _cut.Contains((from, to));

    /// <summary>What one node sends to the other takes up to this much longer; what others say overtakes it. 0: as ever.</summary>
    internal void Slow(uint from, uint to, long ticks)
    {
        if (ticks == 0)
            _slow.Remove((from, to));
        else
            _slow[(from, to)] = ticks;
    }

    /// <summary>The connections between two nodes end, and their ends notice that, each in its time.</summary>
    /// <param name="one">A node.</param>
    /// <param name="other">Another.</param>
    /// <param name="loses">Whether what is on its way is lost.</param>
    internal void BreakConnections(uint one, uint other, bool loses)
    {
        foreach (var wire in _wires.Where(wire => (wire.From == one && wire.To == other) || (wire.From == other && wire.To == one)).ToArray())
        {
            if (!loses)
            {
                wire.CloseSilently();
                continue;
            }

            wire.Break();
            var end = wire.Sender;
            world.In(world.Delay(world.Profile.DetectionMax), () => end.Node.Run(() => end.End(new LinkEnd(LinkEndReason.NetworkFailure))));
        }
    }

    /// <summary>A process has died. Its system closes what it had open; where the machine died with it, nobody does.</summary>
    internal void Died(SimNode node, bool withMachine)
    {
        foreach (var wire in _wires.Where(wire => wire.Sender.Node == node || wire.Receiver.Node == node).ToArray())
        {
            if (withMachine)
                wire.Break();
            else if (wire.Sender.Node == node)
                wire.CloseSilently();
        }

        _wires.RemoveAll(wire => wire.Sender.Node == node);
    }

    /// <summary>Connects a node with another, or fails to, after a while.</summary>
    internal void Dial(SimNode dialler, PeerLink link, uint to) => world.In(world.Delay(world.Profile.LatencyMax), () =>
    {
        if (IsCut(dialler.Id.Node, to) || IsCut(to, dialler.Id.Node) || find(to) is not { IsRunning: true } listener)
        {
            world.In(world.Delay(world.Profile.DetectionMax), () => dialler.Run(() => link.NotConnected(fault: null)));
            return;
        }

        var there = new SimWire(this, dialler.Id.Node, to);
        var back = new SimWire(this, to, dialler.Id.Node);
        there.Sender = back.Receiver = new SimLink(dialler, there);
        there.Receiver = back.Sender = new SimLink(listener, back);
        _wires.Add(there);
        _wires.Add(back);
        world.Count("connections");
        listener.Run(() =>
        {
            if (!listener.Accept(there.Receiver))
                there.Receiver.TurnAway();
        });
        dialler.Run(() =>
        {
            there.Sender.Start(link);
            link.Connected(there.Sender);
        });
    });

    internal void At(long time, Action action) => world.At(time, action);

    /// <summary>When something that is sent now arrives, behind what was sent before.</summary>
    internal long ArrivalOf(uint from, uint to, long last) =>
        Math.Max(last, world.Now + world.Delay(world.Profile.LatencyMax) + (_slow.TryGetValue((from, to), out var slow) ? world.Delay(slow) : 0));

    /// <summary>The reader of a link that has ended finds that out.</summary>
    internal void CleanUpSoon(SimLink ended)
    {
        world.In(1, () => ended.Node.Run(() =>
        {
            ended.CleanUp();
            _wires.RemoveAll(wire => wire.Sender.IsCleanedUp && (wire.Receiver.IsCleanedUp || !wire.Receiver.Node.IsRunning));
        }));
    }
}
