using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Owning;

public sealed class OrphanTests
{
    private readonly EngineCluster cluster = new(nodes: 3);
    private readonly Client one;
    private readonly Client dies;
    private readonly ResourceName name;

    public OrphanTests()
    {
        cluster.OpenLockspace(Client.Space);
        one = new Client(cluster, 1, "one");
        dies = new Client(cluster, 2, "dies", processId: 77);
        name = cluster.NameAt(Client.Space, node: 3);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    public void A_persistent_lock_outlives_its_process_and_can_be_adopted_anywhere(uint master)
    {
        Master(master);
        var left = Quietly(() => dies.Lock(name, LockMode.Exclusive, RawFlags.Persistent));
        Die();

        var refused = Quietly(() => one.Lock(name, LockMode.ProtectedRead, RawFlags.NoQueue));
        var wrongMode = Quietly(() => one.Lock(name, LockMode.ProtectedRead, RawFlags.Orphan));
        var adopted = Quietly(() => one.Lock(name, LockMode.Exclusive, RawFlags.Orphan));
        var tooLate = Quietly(() => one.Lock(name, LockMode.Exclusive, RawFlags.Orphan));

        Assert.Equal([(RequestStatus.Granted, LockMode.Exclusive)], dies.EndsOf(left));
        Assert.Equal([(RequestStatus.Again, null)], one.EndsOf(refused));
        Assert.Equal([(RequestStatus.Again, null)], one.EndsOf(wrongMode));
        Assert.Equal([(RequestStatus.Granted, LockMode.Exclusive)], one.EndsOf(adopted));
        Assert.Equal([(RequestStatus.NotFound, null)], one.EndsOf(tooLate));
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    public void A_conversion_that_waits_is_undone_when_the_process_dies(uint master)
    {
        Master(master);
        var beside = Quietly(() => one.Lock(name, LockMode.ProtectedRead));
        var left = Quietly(() => dies.Lock(name, LockMode.ProtectedRead, RawFlags.Persistent));
        dies.Convert(left, LockMode.Exclusive, RawFlags.Persistent);
        cluster.RunToQuiet();

        Die();
        one.Unlock(beside);
        cluster.RunToQuiet();
        ClusterAudit.Check(cluster);

        var after = Quietly(() => one.Lock(name, LockMode.ProtectedRead));
        Assert.Equal([(RequestStatus.Granted, LockMode.ProtectedRead)], one.EndsOf(after));
    }

    [Fact]
    public void A_conversion_granted_before_the_master_heard_of_the_death_stays_granted()
    {
        Master(1);
        var left = Quietly(() => dies.Lock(name, LockMode.ProtectedRead, RawFlags.Persistent));
        dies.Convert(left, LockMode.Exclusive, RawFlags.Persistent);
        cluster.Deliver(2, 1);

        Die();

        var beside = Quietly(() => one.Lock(name, LockMode.ConcurrentRead, RawFlags.NoQueue));
        Assert.Equal([(RequestStatus.Again, null)], one.EndsOf(beside));
        Assert.Equal(1, Purge());
        Assert.Equal(0, cluster[2].LockCount);
    }

    [Fact]
    public void A_lock_that_was_not_granted_yet_is_not_left_behind()
    {
        // Not even one that the directory has not answered for.
        dies.Lock(name, LockMode.Exclusive, RawFlags.Persistent);

        Die();

        Assert.Equal(0, Purge());
        Assert.Equal(0, cluster[2].LockCount);
        var after = Quietly(() => one.Lock(name, LockMode.Exclusive));
        Assert.Equal([(RequestStatus.Granted, LockMode.Exclusive)], one.EndsOf(after));
    }

    [Fact]
    public void A_purge_ends_the_orphans_of_one_process_and_marks_what_they_could_have_been_writing()
    {
        Master(1);
        var reader = Quietly(() => one.Lock(name, LockMode.Null));
        Quietly(() => dies.Lock(name, LockMode.Exclusive, RawFlags.Persistent));
        Die();

        Assert.Equal(0, cluster[2].Purge(processId: 78));
        Assert.Equal(1, cluster[2].Purge(processId: 77));
        cluster.RunToQuiet();
        cluster.TakeEvents();
        one.Convert(reader, LockMode.ProtectedRead, RawFlags.ValBlk);

        Assert.Equal(StatusFlags.ValueNotValid, cluster.Events.OfType<CompletedEvent>().Single().Completion.Flags);
    }

    /// <summary>Lets a node become master of the resource, and stay so for the test.</summary>
    private void Master(uint node)
    {
        var first = new Client(cluster, node, "first");
        Quietly(() => first.Lock(name, LockMode.Null));
        cluster.TakeEvents();
    }

    private void Die()
    {
        dies.Die();
        cluster.RunToQuiet();
        ClusterAudit.Check(cluster);
    }

    private int Purge()
    {
        var purged = cluster[2].Purge(processId: 0);
        cluster.RunToQuiet();
        return purged;
    }

    private LockId Quietly(Func<LockId> call)
    {
        var id = call();
        cluster.RunToQuiet();
        return id;
    }
}
