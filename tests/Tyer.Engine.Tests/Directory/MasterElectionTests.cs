using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Directory;

public sealed class MasterElectionTests
{
    private readonly EngineCluster cluster = new(nodes: 3);
    private readonly Client[] clients;
    private readonly ResourceName name;

    public MasterElectionTests()
    {
        cluster.OpenLockspace(Client.Space);
        clients = [.. cluster.Nodes.Select(node => new Client(cluster, node, $"c{node}"))];
        name = cluster.NameAt(Client.Space, node: 3);
    }

    private FencingToken LastToken =>
        cluster.Events.OfType<CompletedEvent>().Last(told => told.Completion.Status == RequestStatus.Granted).Token;

    [Fact]
    public void The_first_who_uses_a_resource_is_its_master()
    {
        LockAt(1, name);

        // Introduction and lookup, and the answer.
        Assert.Equal(3, cluster.Delivered);
        Assert.Equal(ResourceRole.Active, RoleAt(1));
    }

    [Fact]
    public void The_master_uses_its_resource_without_a_message()
    {
        LockAt(1, name);
        var delivered = cluster.Delivered;

        LockAt(1, name);

        Assert.Equal(delivered, cluster.Delivered);
    }

    [Fact]
    public void A_directory_node_that_is_master_acts_on_a_lookup_at_once()
    {
        LockAt(3, name);
        Assert.Equal(0, cluster.Delivered);

        LockAt(1, name);

        // Introduction and lookup there, master and grant back.
        Assert.Equal(4, cluster.Delivered);
    }

    [Fact]
    public void A_resource_that_rested_long_enough_may_get_another_master()
    {
        clients[0].Unlock(LockAt(1, name));

        cluster.Advance(TimeSpan.FromSeconds(11));
        LockAt(2, name);

        Assert.Equal(ResourceRole.Active, RoleAt(2));
        Assert.Equal(ResourceRole.Client, RoleAt(1));
    }

    [Fact]
    public void A_resource_that_is_kept_for_ever_waits_for_no_time()
    {
        var keeper = new EngineCluster(nodes: 1, idleKept: long.MaxValue);
        keeper.OpenLockspace(Client.Space);
        keeper.Advance(TimeSpan.FromSeconds(1));
        var client = new Client(keeper, 1, "keeper");

        client.Unlock(client.Lock("r", LockMode.Exclusive));

        Assert.Equal(long.MaxValue, keeper[1].NextDeadline);
    }

    [Fact]
    public void A_token_is_greater_than_those_of_an_earlier_master()
    {
        for (var each = 0; each < 5; each++)
            LockAt(1, cluster.NameAt(Client.Space, node: 1));
        var id = LockAt(1, name);
        var earlier = LastToken;
        clients[0].Unlock(id);
        cluster.Advance(TimeSpan.FromSeconds(11));

        LockAt(2, name);

        Assert.True(LastToken > earlier, $"{LastToken} follows {earlier}");
    }

    [Fact]
    public void What_was_asked_for_before_the_view_is_granted_with_it()
    {
        var early = new EngineCluster(nodes: 2, installed: false);
        early.OpenLockspace(Client.Space);
        var client = new Client(early, 1, "early");
        var id = client.Lock("r", LockMode.Exclusive);
        Assert.Empty(early.Events);

        early.Install();
        early.RunToQuiet();

        Assert.Equal([(RequestStatus.Granted, LockMode.Exclusive)], client.EndsOf(id));
    }

    private LockId LockAt(uint node, ResourceName resource)
    {
        var id = clients[node - 1].Lock(resource, LockMode.Null);
        cluster.RunToQuiet();
        ClusterAudit.Check(cluster);
        return id;
    }

    private ResourceRole RoleAt(uint node)
    {
        var bytes = new byte[name.ByteLength];
        name.TryWriteBytes(bytes, out _);
        return ClusterAudit.Find(cluster[node], Client.Space, bytes).Role;
    }
}
