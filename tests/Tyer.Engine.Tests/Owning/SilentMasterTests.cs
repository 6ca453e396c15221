using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Owning;

/// <summary>A master that does not answer, because its node is gone and nobody has said so yet.</summary>
public sealed class SilentMasterTests
{
    private readonly EngineCluster cluster = new(nodes: 2);
    private readonly Client holder;
    private readonly Client waiter;
    private readonly ResourceName name;

    public SilentMasterTests()
    {
        cluster.OpenLockspace(Client.Space);
        holder = new Client(cluster, 1, "holder");
        waiter = new Client(cluster, 2, "waiter");
        name = cluster.NameAt(Client.Space, node: 1);
    }

    [Fact]
    public void A_time_limit_ends_the_wait_though_the_master_is_silent()
    {
        var (_, id) = OneHoldsAndOneWaits();

        Silently(TimeSpan.FromSeconds(5));
        Assert.Empty(waiter.EndsOf(id));
        Silently(TimeSpan.FromSeconds(7));

        Assert.Equal([(RequestStatus.TimedOut, null)], waiter.EndsOf(id));
    }

    [Fact]
    public void A_grant_that_comes_after_the_caller_was_told_is_given_back()
    {
        var (held, id) = OneHoldsAndOneWaits();
        Silently(TimeSpan.FromSeconds(5));
        Silently(TimeSpan.FromSeconds(7));

        holder.Unlock(held);
        cluster.RunToQuiet();

        Assert.Equal([(RequestStatus.TimedOut, null)], waiter.EndsOf(id));
        Assert.Equal(0, cluster[1].LockCount);
        Assert.Equal(0, cluster[2].LockCount);
    }

    private (LockId Held, LockId Waiting) OneHoldsAndOneWaits()
    {
        var held = holder.Lock(name, LockMode.Exclusive);
        var waiting = waiter.Lock(name, LockMode.Exclusive, deadline: TimeSpan.FromSeconds(5).Ticks);
        cluster.RunToQuiet();
        return (held, waiting);
    }

    /// <summary>Time passes at the waiter's node, and no message arrives anywhere.</summary>
    private void Silently(TimeSpan until) => cluster[2].Tick(until.Ticks);
}
