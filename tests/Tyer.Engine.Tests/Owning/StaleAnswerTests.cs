using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Owning;

/// <summary>
/// A node refuses a request because it is not master, and is master again when the next comes: the owner hears of the refusal and asks the
/// directory, and then of the grant, before it has the directory's answer.
/// </summary>
public sealed class StaleAnswerTests
{
    private static readonly long Rested = TimeSpan.FromSeconds(10).Ticks;

    private readonly EngineCluster cluster = new(nodes: 3);
    private readonly Client two;
    private readonly LockId refused;
    private readonly LockId granted;

    public StaleAnswerTests()
    {
        cluster.OpenLockspace(Client.Space);
        var one = new Client(cluster, 1, "one");
        two = new Client(cluster, 2, "two");
        var name = cluster.NameAt(Client.Space, node: 3);

        // Node 2 remembers node 1 as the master, and node 1 lets go.
        var first = one.Lock(name, LockMode.Null);
        cluster.RunToQuiet();
        two.Unlock(Quietly(() => two.Lock(name, LockMode.Null)));
        one.Unlock(first);
        cluster.RunToQuiet();
        cluster[1].Tick(Rested);
        DeliverAll(1, 3);
        DeliverAll(3, 1);

        refused = two.Lock(name, LockMode.ConcurrentRead);
        DeliverAll(2, 1);
        one.Lock(name, LockMode.Null);
        DeliverAll(1, 3);
        DeliverAll(3, 1);
        granted = two.Lock(name, LockMode.ConcurrentRead);
        DeliverAll(2, 1);
        DeliverAll(1, 2);
        Assert.Equal([(RequestStatus.Granted, LockMode.ConcurrentRead)], two.EndsOf(granted));
        Assert.Empty(two.EndsOf(refused));
    }

    [Fact]
    public void A_lock_granted_meanwhile_can_be_converted()
    {
        two.Convert(granted, LockMode.ProtectedWrite);
        cluster.RunToQuiet();

        ClusterAudit.Check(cluster);
        Assert.Equal((RequestStatus.Granted, LockMode.ConcurrentRead), two.EndsOf(refused).Single());
    }

    [Fact]
    public void A_lock_granted_meanwhile_can_be_ended()
    {
        two.Unlock(granted);
        cluster.RunToQuiet();

        ClusterAudit.Check(cluster);
        Assert.Equal((RequestStatus.Unlocked, null), two.EndsOf(granted).Last());
        Assert.Equal(2, cluster[1].LockCount);
    }

    private LockId Quietly(Func<LockId> call)
    {
        var id = call();
        cluster.RunToQuiet();
        return id;
    }

    private void DeliverAll(uint from, uint to)
    {
        while (cluster.BusyLinks.Any(link => link.From == from && link.To == to))
            cluster.Deliver(from, to);
    }
}
