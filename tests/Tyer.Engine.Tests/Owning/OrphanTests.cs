using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Owning;

public sealed class OrphanTests
{
    private readonly EngineCluster _cluster = new(nodes: 3);
    private readonly Client _one;
    private readonly Client _dies;
    private readonly ResourceName _name;

    public OrphanTests()
    {
        _cluster.OpenLockspace(Client.Space);
        _one = new Client(_cluster, 1, "one");
        _dies = new Client(_cluster, 2, "dies", processId: 77);
        _name = _cluster.NameAt(Client.Space, node: 3);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    public void A_persistent_lock_outlives_its_process_and_can_be_adopted_anywhere(uint master)
    {
        Master(master);
        var left = Quietly(() => _dies.Lock(_name, LockMode.Exclusive, RawFlags.Persistent));
        Die();

        var refused = Quietly(() => _one.Lock(_name, LockMode.ProtectedRead, RawFlags.NoQueue));
        var wrongMode = Quietly(() => _one.Lock(_name, LockMode.ProtectedRead, RawFlags.Orphan));
        var adopted = Quietly(() => _one.Lock(_name, LockMode.Exclusive, RawFlags.Orphan));
        var tooLate = Quietly(() => _one.Lock(_name, LockMode.Exclusive, RawFlags.Orphan));

        Assert.Equal([(RequestStatus.Granted, LockMode.Exclusive)], _dies.EndsOf(left));
        Assert.Equal([(RequestStatus.Again, null)], _one.EndsOf(refused));
        Assert.Equal([(RequestStatus.Again, null)], _one.EndsOf(wrongMode));
        Assert.Equal([(RequestStatus.Granted, LockMode.Exclusive)], _one.EndsOf(adopted));
        Assert.Equal([(RequestStatus.NotFound, null)], _one.EndsOf(tooLate));
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    public void A_conversion_that_waits_is_undone_when_the_process_dies(uint master)
    {
        Master(master);
        var beside = Quietly(() => _one.Lock(_name, LockMode.ProtectedRead));
        var left = Quietly(() => _dies.Lock(_name, LockMode.ProtectedRead, RawFlags.Persistent));
        _dies.Convert(left, LockMode.Exclusive, RawFlags.Persistent);
        _cluster.RunToQuiet();

        Die();
        _one.Unlock(beside);
        _cluster.RunToQuiet();
        ClusterAudit.Check(_cluster);

        var after = Quietly(() => _one.Lock(_name, LockMode.ProtectedRead));
        Assert.Equal([(RequestStatus.Granted, LockMode.ProtectedRead)], _one.EndsOf(after));
    }

    [Fact]
    public void A_conversion_granted_before_the_master_heard_of_the_death_stays_granted()
    {
        Master(1);
        var left = Quietly(() => _dies.Lock(_name, LockMode.ProtectedRead, RawFlags.Persistent));
        _dies.Convert(left, LockMode.Exclusive, RawFlags.Persistent);
        _cluster.Deliver(2, 1);

        Die();

        var beside = Quietly(() => _one.Lock(_name, LockMode.ConcurrentRead, RawFlags.NoQueue));
        Assert.Equal([(RequestStatus.Again, null)], _one.EndsOf(beside));
        Assert.Equal(1, Purge());
        Assert.Equal(0, _cluster[2].LockCount);
    }

    [Fact]
    public void A_lock_that_was_not_granted_yet_is_not_left_behind()
    {
        // Not even one that the directory has not answered for.
        _dies.Lock(_name, LockMode.Exclusive, RawFlags.Persistent);

        Die();

        Assert.Equal(0, Purge());
        Assert.Equal(0, _cluster[2].LockCount);
        var after = Quietly(() => _one.Lock(_name, LockMode.Exclusive));
        Assert.Equal([(RequestStatus.Granted, LockMode.Exclusive)], _one.EndsOf(after));
    }

    [Fact]
    public void A_purge_ends_the_orphans_of_one_process_and_marks_what_they_could_have_been_writing()
    {
        Master(1);
        var reader = Quietly(() => _one.Lock(_name, LockMode.Null));
        Quietly(() => _dies.Lock(_name, LockMode.Exclusive, RawFlags.Persistent));
        Die();

        Assert.Equal(0, _cluster[2].Purge(Client.Space, processId: 78));
        Assert.Equal(1, _cluster[2].Purge(Client.Space, processId: 77));
        _cluster.RunToQuiet();
        _cluster.TakeEvents();
        _one.Convert(reader, LockMode.ProtectedRead, RawFlags.ValBlk);

        Assert.Equal(StatusFlags.ValueNotValid, _cluster.Events.OfType<CompletedEvent>().Single().Completion.Flags);
    }

    /// <summary>Lets a node become master of the resource, and stay so for the test.</summary>
    private void Master(uint node)
    {
        var first = new Client(_cluster, node, "first");
        Quietly(() => first.Lock(_name, LockMode.Null));
        _cluster.TakeEvents();
    }

    private void Die()
    {
        _dies.Die();
        _cluster.RunToQuiet();
        ClusterAudit.Check(_cluster);
    }

    private int Purge()
    {
        var purged = _cluster[2].Purge(Client.Space, processId: 0);
        _cluster.RunToQuiet();
        return purged;
    }

    private LockId Quietly(Func<LockId> call)
    {
        var id = call();
        _cluster.RunToQuiet();
        return id;
    }
}
