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

    private readonly EngineCluster _cluster = new(nodes: 3);
    private readonly Client _two;
    private readonly LockId _refused;
    private readonly LockId _granted;

    public StaleAnswerTests()
    {
        _cluster.OpenLockspace(Client.Space);
        var one = new Client(_cluster, 1, "one");
        _two = new Client(_cluster, 2, "two");
        var name = _cluster.NameAt(Client.Space, node: 3);

        // Node 2 remembers node 1 as the master, and node 1 lets go.
        var first = one.Lock(name, LockMode.Null);
        _cluster.RunToQuiet();
        _two.Unlock(Quietly(() => _two.Lock(name, LockMode.Null)));
        one.Unlock(first);
        _cluster.RunToQuiet();
        _cluster[1].Tick(Rested);
        DeliverAll(1, 3);
        DeliverAll(3, 1);

        _refused = _two.Lock(name, LockMode.ConcurrentRead);
        DeliverAll(2, 1);
        one.Lock(name, LockMode.Null);
        DeliverAll(1, 3);
        DeliverAll(3, 1);
        _granted = _two.Lock(name, LockMode.ConcurrentRead);
        DeliverAll(2, 1);
        DeliverAll(1, 2);
        Assert.Equal([(RequestStatus.Granted, LockMode.ConcurrentRead)], _two.EndsOf(_granted));
        Assert.Empty(_two.EndsOf(_refused));
    }

    [Fact]
    public void A_lock_granted_meanwhile_can_be_converted()
    {
        _two.Convert(_granted, LockMode.ProtectedWrite);
        _cluster.RunToQuiet();

        ClusterAudit.Check(_cluster);
        Assert.Equal((RequestStatus.Granted, LockMode.ConcurrentRead), _two.EndsOf(_refused).Single());
    }

    [Fact]
    public void A_lock_granted_meanwhile_can_be_ended()
    {
        _two.Unlock(_granted);
        _cluster.RunToQuiet();

        ClusterAudit.Check(_cluster);
        Assert.Equal((RequestStatus.Unlocked, null), _two.EndsOf(_granted).Last());
        Assert.Equal(2, _cluster[1].LockCount);
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
