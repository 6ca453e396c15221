using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Peers.Simulation;

/// <summary>Two nodes, a network and a clock, all driven by throws of the dice.</summary>
internal sealed class SimWorld
{
    /// <summary>Bytes that a link takes before it blocks: small, so that sends are short.</summary>
    public const int WireBytesMax = 400;

    private readonly HashSet<(uint Node, ulong Incarnation, ulong Number)> _delivered = [];
    private readonly List<SimLink> _links = [];
    private readonly ulong[] _incarnations = [0, 0];
    private readonly uint[] _ids;
    private long _accepted;

    public SimWorld(Dice dice)
    {
        Dice = dice;
        _ids = dice.OneIn(2) ? [3, 8] : [8, 3];
        Nodes = [Born(0), Born(1)];
    }

    public Dice Dice { get; }

    public TimeSpan Now { get; private set; }

    public SimNode[] Nodes { get; }

    public int Resets { get; private set; }

    public int Cuts { get; private set; }

    public int Delivered => _delivered.Count;

    /// <summary>One thing happens.</summary>
    /// <param name="hasFaults">Whether it may be a bad thing.</param>
    public void Step(bool hasFaults)
    {
        Now += TimeSpan.FromMilliseconds(Dice.OneIn(50) ? Dice.Below(300) : Dice.Below(3));
        int side = Dice.Below(2);
        SimNode node = Nodes[side];
        node.Tick();

        int what = Dice.Below(100);
        if (hasFaults && what < 4) Fault(side);
        else if (what < 20) AnswerDial(node, hasFaults);
        else if (what < 40) ForSomeEnd(node, Report);
        else if (what < 60 && hasFaults) node.Send();
        else if (what < 80) node.Flush();
        else ForSomeEnd(node, Carry);
    }

    /// <summary>Whether both are connected, over one link, and everything that was said is heard and acknowledged.</summary>
    public bool IsQuiet() =>
        Nodes[0].Attached is { } near && near.Other == Nodes[1].Attached
        && Nodes.All(node => node.Connection.State == ConnectionState.Connected
            && node.Session.UnacknowledgedMessages == 0 && !node.Session.IsAcknowledgeOwed);

    public void CheckDelivered(SimNode receiver, ulong incarnation, ulong number)
    {
        SimNode sender = Other(receiver);
        Assert.True(_delivered.Add((sender.Identity.NodeId, incarnation, number)), $"Message {number} was delivered twice.");

        // In order and without a gap, from the first that was meant for this incarnation.
        List<ulong> received = receiver.Received[incarnation];
        Assert.Equal(received[0] + (ulong)received.Count - 1, number);
        if (sender.Identity.Incarnation == incarnation && received.Count == 1)
            Assert.Equal(sender.FirstOfSession, number);
    }

    public void CheckAcknowledged(SimNode sender)
    {
        SimNode receiver = Other(sender);
        int acknowledged = (int)(sender.Sent + 1 - sender.FirstOfSession) - sender.Session.UnacknowledgedMessages;
        int received = receiver.Received.TryGetValue(sender.Identity.Incarnation, out List<ulong>? list) ? list.Count : 0;
        if (receiver.Identity.Incarnation == sender.Session.PeerIncarnation)
            Assert.True(acknowledged <= received, $"{acknowledged} acknowledged, {received} delivered.");
    }

    /// <summary>After the last fault: what was accepted in the present session was delivered, all of it.</summary>
    public void CheckComplete()
    {
        foreach (SimNode sender in Nodes)
        {
            SimNode receiver = Other(sender);
            ulong inSession = sender.Sent + 1 - sender.FirstOfSession;
            int received = receiver.Received.TryGetValue(sender.Identity.Incarnation, out List<ulong>? list) ? list.Count : 0;
            Assert.Equal((int)inSession, received);
            Assert.Equal(0, sender.RentedSegments);
        }
    }

    public void Restart(int side)
    {
        Resets++;
        foreach (SimEnd end in _links.SelectMany(link => link.Ends).Where(end => end.Node == Nodes[side]))
        {
            // The system closes the sockets of the dead: what was on its way may still arrive, or not.
            end.Node = null;
            if (Dice.OneIn(2)) end.Other.Wire.Clear();
        }

        Nodes[side] = Born(side);
    }

    private SimNode Born(int side)
    {
        _incarnations[side]++;
        var node = new SimNode(this, new NodeIdentity("sim", _ids[side], $"n{_ids[side]}", _incarnations[side]), _ids[1 - side]);
        node.Post(new ConnectionEvent(ConnectionEventKind.Start));
        return node;
    }

    private SimNode Other(SimNode node) => Nodes[0] == node || Nodes[0].Identity.NodeId == node.Identity.NodeId ? Nodes[1] : Nodes[0];

    private void Fault(int side)
    {
        if (Dice.OneIn(8))
        {
            Restart(side);
            return;
        }

        SimLink[] live = [.. _links.Where(link => !link.IsBroken)];
        if (live.Length == 0) return;

        SimLink victim = live[Dice.Below(live.Length)];
        Cuts++;
        switch (Dice.Below(3))
        {
            case 0:
                // Closed by somebody: what is on its way arrives first.
                victim.Ends[Dice.Below(2)].Ending ??= new LinkEnd(LinkEndReason.Closed);
                break;

            case 1:
                // A byte is damaged; the link does not outlive it for long.
                List<byte> wire = victim.Ends[Dice.Below(2)].Wire;
                if (wire.Count > 0) wire[Dice.Below(wire.Count)] ^= (byte)(1 << Dice.Below(8));
                if (Dice.OneIn(2)) goto default;
                victim.Ends[Dice.Below(2)].Ending ??= new LinkEnd(LinkEndReason.Closed);
                break;

            default:
                victim.IsBroken = true;
                foreach (SimEnd end in victim.Ends)
                {
                    int arrives = Dice.Below(end.Wire.Count + 1);
                    end.Wire.RemoveRange(arrives, end.Wire.Count - arrives);
                }

                break;
        }
    }

    private void AnswerDial(SimNode node, bool hasFaults)
    {
        if (node.Dials.Count == 0) return;

        long id = node.Dials[0];
        node.Dials.RemoveAt(0);
        SimNode other = Other(node);
        if (other.IsStopped || (hasFaults && Dice.OneIn(4)))
        {
            node.Post(new ConnectionEvent(ConnectionEventKind.LinkEnded, id, End: new LinkEnd(LinkEndReason.NetworkFailure)));
            return;
        }

        var link = new SimLink();
        _links.Add(link);
        (SimEnd near, SimEnd far) = (link.Ends[0], link.Ends[1]);
        (near.Node, near.Id, near.IsKnown) = (node, id, true);
        (far.Node, far.Id) = (other, ++_accepted);
        if (node.EndedDials.Contains(id)) near.Ending = new LinkEnd(LinkEndReason.Closed);
        node.Ends.Add(id, near);
        node.Post(new ConnectionEvent(ConnectionEventKind.DialConnected, id));
    }

    private void ForSomeEnd(SimNode node, Action<SimEnd> act)
    {
        SimEnd[] ends = [.. _links.SelectMany(link => link.Ends).Where(end => end.Node == node)];
        if (ends.Length > 0) act(ends[Dice.Below(ends.Length)]);
    }

    /// <summary>Some bytes arrive, or the end of them.</summary>
    private void Carry(SimEnd end)
    {
        if (end.Ending is not null) return;

        if (end.Wire.Count > 0)
        {
            int count = Dice.Between(1, end.Wire.Count);
            end.Read.AddRange(end.Wire[..count]);
            end.Wire.RemoveRange(0, count);
            end.Node!.Read(end);
        }
        else if (end.Link.IsBroken)
        {
            end.Ending = new LinkEnd(LinkEndReason.NetworkFailure);
        }
        else if (end.Other.Node is null || end.Other.Ending is not null)
        {
            end.Ending = end.Read.Count == 0
                ? new LinkEnd(LinkEndReason.RemoteClosed)
                : new LinkEnd(LinkEndReason.ProtocolError, FrameError.Truncated);
        }
    }

    /// <summary>A reader that has found its link ended cleans up and says so.</summary>
    private void Report(SimEnd end)
    {
        if (end.Ending is not { } ending) return;

        SimNode node = end.Node!;
        end.Node = null;
        if (end.IsKnown) node.Post(new ConnectionEvent(ConnectionEventKind.LinkEnded, end.Id, End: ending));
        if (end.Other.Node is null) _links.Remove(end.Link);
    }
}
