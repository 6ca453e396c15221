using Tyer.Cluster;
using Tyer.Cluster.Leases;
using Tyer.Node;

namespace Tyer.Simulation;

/// <summary>
/// A node's lease, over wires that lose and delay: its renewals, what it answers to those of others, and what it counts of the departed. The
/// arithmetic is production code, and so is what the node does when its time is over.
/// </summary>
internal sealed class SimLease
{
    /// <summary>Short, so that much of a life is about it; the margin covers a tick and a slow machine.</summary>
    internal static readonly LeaseTerms Terms = new(TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(400));

    private const long ClientsLookEvery = 20 * TimeSpan.TicksPerMillisecond;

    private static readonly TimeSpan SuspendAfter = Terms.RenewEvery * 1.5;

    private readonly SimCluster _cluster;
    private readonly SimWorld _world;
    private readonly SimNode _node;
    private readonly MemberLease _lease;
    private readonly LeaseWatch _watch;
    private readonly HashSet<NodeIncarnation> _said = [];
    private int _gaveUp;
    private TimeSpan _until;
    private TimeSpan _answeredAt;
    private bool _isOver;

    internal SimLease(SimCluster cluster, SimNode node)
    {
        _cluster = cluster;
        _world = cluster.World;
        _node = node;
        _lease = new MemberLease(Terms, new NodeId(node.Id.Node), Enumerable.Range(1, cluster.NodeCount).Select(number => new NodeId((uint)number)));
        _watch = new LeaseWatch(Terms, node.Clock.Now);
        _world.In(1, Renew);
        _world.In(ClientsLookEvery, LookAfterClients);
    }

    private TimeSpan Now => _node.Clock.Now;

    private NodeIncarnation Self => SimMember.IncarnationOf(_node.Id);

    private void Renew()
    {
        if (!_node.IsRunning || _isOver)
            return;
        _node.Run(() =>
        {
            LookAfterTime();
            if (_isOver)
                return;
            if (Now - _answeredAt > SuspendAfter)
                _node.Member.Suspend(isOutOfTouch: true);
            var number = _lease.Renew(Now);
            Extend();
            foreach (var other in _cluster.Running.Where(other => other != _node))
                Send(_node, other, () => other.Lease!.Hear(this, number));
            CountDeparted();
        });
        _world.In(Terms.RenewEvery.Ticks, Renew);
    }

    /// <summary>Another node's renewal has come.</summary>
    private void Hear(SimLease from, ulong number)
    {
        if (_watch.Take(from.Self, _node.Member.Told, Now))
            Send(_node, from._node, () => from.Answered(new NodeId(_node.Id.Node), number));
    }

    private void Answered(NodeId voter, ulong number)
    {
        _lease.Answered(voter, number, Now);
        Extend();
    }

    private void Extend()
    {
        if (_lease.SafeUntil is not { } until || _lease.HasRunOut(Now))
            return;
        _node.Member.Extend(until);
        if (until > _until)
        {
            (_until, _answeredAt) = (until, Now);
            _node.Member.Suspend(isOutOfTouch: false);
        }

        if (_gaveUp > 0 && !IsOverForClients(until))
        {
            _cluster.Reconnect(_node, _gaveUp);
            _gaveUp = 0;
        }
    }

    /// <summary>Past its time the node is out, and comes back as a new life.</summary>
    private void LookAfterTime()
    {
        // One that was put out before it could ever act has no time that could be over.
        var isOver = _lease.SafeUntil is null ? !_cluster.Stack.IsMember(_node.Id) : _lease.HasRunOut(Now);
        if (!isOver)
            return;
        _isOver = true;
        _world.Count("leases run out");
        if (_world.Mistake == SimMistake.ActsBeyondItsLease)
            return;
        _world.Tell($"{SimWorld.Name(_node.Id)} is out: its lease has run out");
        _node.Member.Expel("its lease has run out");
        _world.In(_world.Delay(_world.Profile.DetectionMax), () =>
        {
            _cluster.Stop(_node, withMachine: false);
            if (!_cluster.IsManual)
                _cluster.StartAgain(_node);
        });
    }

    /// <summary>Clients are processes of their own: they know when their time is over though their node stands still, or is no more.</summary>
    private void LookAfterClients()
    {
        if (_lease.SafeUntil is { } until && IsOverForClients(until) && _world.Mistake != SimMistake.ActsBeyondItsLease)
        {
            foreach (var client in _cluster.ClientsOf(_node))
            {
                client.GiveUp();
                _gaveUp++;
            }

            if (!_node.IsRunning || _isOver)
                return;
        }

        _world.In(ClientsLookEvery, LookAfterClients);
    }

    private bool IsOverForClients(TimeSpan until) => Now >= until - NodeLimits.ClientMargin;

    /// <summary>Tells the others whose lease has run out as far as this node's answers go.</summary>
    private void CountDeparted()
    {
        if (_node.Member.Told is not { } view)
            return;
        _watch.Keep(view);
        foreach (var departed in view.Unproven)
        {
            if (Now < _watch.RunsOutAt(departed) || !_said.Add(departed))
                continue;
            _world.Tell($"{SimWorld.Name(_node.Id)} counts the lease of n{departed} as run out");
            _world.In(_world.Delay(_world.Profile.LatencyMax), () => _cluster.Stack.LeaseHasRunOut(departed, Self));
        }
    }

    private void Send(SimNode from, SimNode to, Action arrive)
    {
        if (_cluster.Network.IsCut(from.Id.Node, to.Id.Node) || _world.Random.Permille(20))
            return;
        _world.In(_world.Delay(_world.Profile.LatencyMax), () => to.Run(arrive));
    }
}
