using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Owning;

/// <summary>A master that does not answer, because its node is gone and nobody has said so yet.</summary>
public sealed class SilentMasterTests
{
    private readonly EngineCluster _cluster = new(nodes: 2);
    private readonly Client _holder;
    private readonly Client _waiter;
    private readonly ResourceName _name;

    public SilentMasterTests()
    {
        _cluster.OpenLockspace(Client.Space);
        _holder = new Client(_cluster, 1, "holder");
        _waiter = new Client(_cluster, 2, "waiter");
        _name = _cluster.NameAt(Client.Space, node: 1);
    }

    [Fact]
    public void A_time_limit_ends_the_wait_though_the_master_is_silent()
    {
        var (_, id) = OneHoldsAndOneWaits();

        Silently(TimeSpan.FromSeconds(5));
        Assert.Empty(_waiter.EndsOf(id));
        Silently(TimeSpan.FromSeconds(7));

        Assert.Equal([(RequestStatus.TimedOut, null)], _waiter.EndsOf(id));
    }

    [Fact]
    public void A_grant_that_comes_after_the_caller_was_told_is_given_back()
    {
        var (held, id) = OneHoldsAndOneWaits();
        Silently(TimeSpan.FromSeconds(5));
        Silently(TimeSpan.FromSeconds(7));

        _holder.Unlock(held);
        _cluster.RunToQuiet();

        Assert.Equal([(RequestStatus.TimedOut, null)], _waiter.EndsOf(id));
        Assert.Equal(0, _cluster[1].LockCount);
        Assert.Equal(0, _cluster[2].LockCount);
    }

    private (LockId Held, LockId Waiting) OneHoldsAndOneWaits()
    {
        var held = _holder.Lock(_name, LockMode.Exclusive);
        var waiting = _waiter.Lock(_name, LockMode.Exclusive, deadline: TimeSpan.FromSeconds(5).Ticks);
        _cluster.RunToQuiet();
        return (held, waiting);
    }

    /// <summary>Time passes at the waiter's node, and no message arrives anywhere.</summary>
    private void Silently(TimeSpan until) => _cluster[2].Tick(until.Ticks);
}
