using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Directory;

public sealed class MasterElectionTests
{
    private readonly EngineCluster _cluster = new(nodes: 3);
    private readonly Client[] _clients;
    private readonly ResourceName _name;

    public MasterElectionTests()
    {
        _cluster.OpenLockspace(Client.Space);
        _clients = [.. _cluster.Nodes.Select(node => new Client(_cluster, node, $"c{node}"))];
        _name = _cluster.NameAt(Client.Space, node: 3);
    }

    private FencingToken LastToken =>
        _cluster.Events.OfType<CompletedEvent>().Last(told => told.Completion.Status == RequestStatus.Granted).Token;

    [Fact]
    public void The_first_who_uses_a_resource_is_its_master()
    {
        LockAt(1, _name);

        // Introduction and lookup, and the answer.
        Assert.Equal(3, _cluster.Delivered);
        Assert.Equal(ResourceRole.Active, RoleAt(1));
    }

    [Fact]
    public void The_master_uses_its_resource_without_a_message()
    {
        LockAt(1, _name);
        var delivered = _cluster.Delivered;

        LockAt(1, _name);

        Assert.Equal(delivered, _cluster.Delivered);
    }

    [Fact]
    public void A_directory_node_that_is_master_acts_on_a_lookup_at_once()
    {
        LockAt(3, _name);
        Assert.Equal(0, _cluster.Delivered);

        LockAt(1, _name);

        // Introduction and lookup there, master and grant back.
        Assert.Equal(4, _cluster.Delivered);
    }

    [Fact]
    public void A_resource_that_rested_long_enough_may_get_another_master()
    {
        _clients[0].Unlock(LockAt(1, _name));

        _cluster.Advance(TimeSpan.FromSeconds(11));
        LockAt(2, _name);

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
            LockAt(1, _cluster.NameAt(Client.Space, node: 1));
        var id = LockAt(1, _name);
        var earlier = LastToken;
        _clients[0].Unlock(id);
        _cluster.Advance(TimeSpan.FromSeconds(11));

        LockAt(2, _name);

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
        var id = _clients[node - 1].Lock(resource, LockMode.Null);
        _cluster.RunToQuiet();
        ClusterAudit.Check(_cluster);
        return id;
    }

    private ResourceRole RoleAt(uint node)
    {
        var bytes = new byte[_name.ByteLength];
        _name.TryWriteBytes(bytes, out _);
        return ClusterAudit.Find(_cluster[node], Client.Space, bytes).Role;
    }
}
