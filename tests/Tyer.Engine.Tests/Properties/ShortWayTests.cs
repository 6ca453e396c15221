using FsCheck;
using FsCheck.Fluent;

namespace Tyer.Engine.Tests.Properties;

/// <summary>
/// <see cref="LockEngine.TryLockAtOnce"/> and <see cref="LockEngine.TryUnlockAtOnce"/> are shortcuts: random programs run on two clusters, one
/// of which takes them wherever they are open, and after each step nobody can tell the two apart.
/// </summary>
public sealed class ShortWayTests
{
    private const int ProgramsDefault = 600;
    private const int StepsMax = 60;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_short_way_leads_where_the_long_one_does(int nodes)
    {
        var taken = 0;
        Prop.ForAll(LockProgram.Arbitrary(nodes, StepsMax), program => taken += ShortWayRun.Check(program))
            .Check(LockProgramTests.ConfigFor(nodes, ProgramsDefault));

        Assert.True(taken > ProgramsDefault / 4, $"The short way was taken {taken} times: that is too seldom to have been tested.");
    }

    [Fact]
    public void It_is_closed_to_whoever_does_not_own_the_lock()
    {
        var cluster = new Harness.EngineCluster(1);
        cluster.OpenLockspace(Harness.Client.Space);
        var owner = new Harness.Client(cluster, 1, "owner");
        var other = new Harness.Client(cluster, 1, "other");
        var id = owner.Lock("r1", LockMode.Exclusive);
        var held = cluster[1].Find(id)!;

        Assert.False(cluster[1].TryUnlockAtOnce(other.Session, held, id));
        Assert.True(cluster[1].TryUnlockAtOnce(owner.Session, held, id));
        Assert.False(cluster[1].TryUnlockAtOnce(owner.Session, held, id));

        // The same object, for it is pooled, but another lock.
        var next = owner.Lock("r1", LockMode.Exclusive);
        Assert.Same(held, cluster[1].Find(next));
        Assert.False(cluster[1].TryUnlockAtOnce(owner.Session, held, id));
    }
}
