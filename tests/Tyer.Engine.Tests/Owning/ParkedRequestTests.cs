using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Owning;

/// <summary>
/// A request that comes to a node while that node finds out whether it is master is parked there. What its owner sends behind it finds no
/// lock, and must not be lost for that.
/// </summary>
public sealed class ParkedRequestTests
{
    private static readonly long Rested = TimeSpan.FromSeconds(10).Ticks;

    private readonly EngineCluster _cluster = new(nodes: 3);
    private readonly Client _one;
    private readonly Client _two;

    public ParkedRequestTests()
    {
        _cluster.OpenLockspace(Client.Space);
        _one = new Client(_cluster, 1, "one");
        _two = new Client(_cluster, 2, "two");
    }

    [Fact]
    public void A_cancelled_request_is_not_sent_again_when_it_comes_back()
    {
        var name = NameThatNodeOneLetsGo();
        var id = _two.Lock(name, LockMode.Exclusive);
        DeliverAll(2, 1);

        Assert.Null(_two.Cancel(id));
        DeliverAll(2, 1);
        _cluster.RunToQuiet();

        Assert.Equal([(RequestStatus.Cancelled, null)], _two.EndsOf(id));
        Assert.Equal(CancelOutcome.Cancelled, _cluster.Events.OfType<CancelAnsweredEvent>().Single().Outcome);
        Assert.Equal(0, _cluster[2].LockCount);
    }

    [Fact]
    public void A_request_whose_time_ran_out_is_not_sent_again_when_it_comes_back()
    {
        var name = NameThatNodeOneLetsGo();
        var id = _two.Lock(name, LockMode.Exclusive, deadline: Rested + 1);
        DeliverAll(2, 1);

        _cluster[2].Tick(Rested + 1);
        DeliverAll(2, 1);
        _cluster.RunToQuiet();

        Assert.Equal([(RequestStatus.TimedOut, null)], _two.EndsOf(id));
        Assert.Equal(0, _cluster[2].LockCount);
    }

    [Fact]
    public void A_lock_that_ends_is_not_taken_here_when_its_node_becomes_master()
    {
        var name = NameThatNodeOneLetsGo();
        var stays = _two.Lock(name, LockMode.ConcurrentRead);
        var ends = _two.Lock(name, LockMode.ConcurrentRead);
        DeliverAll(2, 1);
        _cluster.Deliver(1, 2); // the record goes
        _cluster.Deliver(2, 1); // and both requests come back

        _two.Unlock(ends, RawFlags.ForceUnlock);
        _cluster.Deliver(1, 2); // the first makes node 2 the master
        _cluster.RunToQuiet();

        ClusterAudit.Check(_cluster);
        Assert.Equal([(RequestStatus.Granted, LockMode.ConcurrentRead)], _two.EndsOf(stays));
        Assert.Equal([(RequestStatus.Cancelled, null), (RequestStatus.Unlocked, null)], _two.EndsOf(ends));
        Assert.Equal(1, _cluster[2].LockCount);
    }

    [Fact]
    public void A_lock_that_ends_does_not_run_out_of_time_as_well()
    {
        // Of two requests that come back, the first makes node 2 ask; the second has ended, and runs out of time meanwhile.
        var name = _cluster.NameAt(Client.Space, node: 3);
        NodeOneLetsGo(name);
        _two.Lock(name, LockMode.ConcurrentRead);
        var ends = _two.Lock(name, LockMode.ConcurrentRead, deadline: Rested + 1);
        DeliverAll(2, 1);
        DeliverAll(1, 3);
        DeliverAll(3, 1);
        _two.Unlock(ends, RawFlags.ForceUnlock);
        _cluster.Deliver(1, 2);

        _cluster[2].Tick(Rested + 1);
        _cluster.RunToQuiet();

        Assert.Equal([(RequestStatus.Cancelled, null), (RequestStatus.Unlocked, null)], _two.EndsOf(ends));
    }

    [Theory]
    [InlineData(RequestStatus.Cancelled)]
    [InlineData(RequestStatus.TimedOut)]
    public void A_cancel_that_overtook_the_taking_in_of_its_request_is_said_again(RequestStatus status)
    {
        // Both ask the directory node, and the second hears first that the first is master.
        var name = _cluster.NameAt(Client.Space, node: 3);
        var held = _one.Lock(name, LockMode.Exclusive);
        DeliverAll(1, 3);
        var id = _two.Lock(name, LockMode.Exclusive, deadline: 1);
        DeliverAll(2, 3);
        DeliverAll(3, 2);
        DeliverAll(2, 1);

        if (status == RequestStatus.Cancelled)
            _two.Cancel(id);
        else
            _cluster[2].Tick(1);
        DeliverAll(2, 1);
        _cluster.RunToQuiet();

        ClusterAudit.Check(_cluster);
        Assert.Equal([(RequestStatus.Granted, LockMode.Exclusive)], _one.EndsOf(held));
        Assert.Equal([(status, null)], _two.EndsOf(id));
    }

    /// <summary>Node 2 is its directory node, and has yet to hear that node 1 is not its master any more.</summary>
    private ResourceName NameThatNodeOneLetsGo()
    {
        var name = _cluster.NameAt(Client.Space, node: 2);
        NodeOneLetsGo(name);
        return name;
    }

    /// <summary>Node 1 was master, as node 2 remembers, and the directory node has yet to hear that it is not any more.</summary>
    private void NodeOneLetsGo(ResourceName name)
    {
        var first = Quietly(() => _one.Lock(name, LockMode.Null));
        _two.Unlock(Quietly(() => _two.Lock(name, LockMode.Null)));
        _cluster.RunToQuiet();
        _one.Unlock(first);
        _cluster[1].Tick(Rested);
        _cluster.TakeEvents();
    }

    private LockId Quietly(Func<LockId> call)
    {
        var id = call();
        _cluster.RunToQuiet();
        return id;
    }

    private void DeliverAll(uint from, uint to)
    {
        while (_cluster.BusyLinks.Any(link => link.From == from && link.To == to))
            _cluster.Deliver(from, to);
    }
}
