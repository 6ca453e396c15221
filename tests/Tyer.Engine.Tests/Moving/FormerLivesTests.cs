using System.Text;
using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Moving;

public sealed class FormerLivesTests
{
    private readonly EngineCluster _cluster = new(nodes: 2);
    private readonly ResourceName _name;

    public FormerLivesTests()
    {
        _cluster.OpenLockspace(Client.Space);
        _name = _cluster.NameAt(Client.Space, node: 1);
    }

    [Fact]
    public void Whose_an_orphan_is_goes_along_in_whatever_order_those_of_several_lives_are_in_the_queue()
    {
        new Client(_cluster, 1, "master").Lock(_name, LockMode.Null);
        _cluster.RunToQuiet();
        var first = Live("first", orphans: 2);
        var second = Live("second", orphans: 1);
        // The session of one life, that of another with its number, and the one again.
        PutLast(first[0]);

        Assert.True(_cluster[1].Move(Client.Space, _name, 2));
        _cluster.RunToQuiet();

        Assert.Equal(["first", "second", "first"], new[] { first[1], second[0], first[0] }.Select(WhoseAtTheNewMaster));
    }

    /// <summary>A life of node 2, whose first session leaves locks behind.</summary>
    private LockId[] Live(string name, int orphans)
    {
        var client = new Client(_cluster, 2, name, processId: 42);
        var left = new LockId[orphans];
        for (var each = 0; each < orphans; each++)
            left[each] = client.Lock(_name, LockMode.ConcurrentRead, RawFlags.Persistent);
        _cluster.RunToQuiet();
        client.Die();
        _cluster.RunToQuiet();
        _cluster.Crash(2);
        _cluster.Start(2);
        _cluster.AddView([1, 2]);
        foreach (var node in _cluster.Nodes)
            Assert.True(_cluster.InstallNext(node));
        _cluster.Prove(2);
        _cluster.RunToQuiet();
        return left;
    }

    private void PutLast(LockId id)
    {
        var moved = _cluster[1].Core.Locks.Find(id)!;
        moved.Resource.Queues.Remove(moved);
        moved.Resource.Queues.Place(moved, QueueKind.Granted);
    }

    private string WhoseAtTheNewMaster(LockId id) => Encoding.UTF8.GetString(_cluster[2].Core.Locks.Find(id)!.Session.Identity.Span);
}
