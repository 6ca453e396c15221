namespace Tyer.Node.Tests;

/// <summary>Orphans are purged from any node, whichever node their process was on.</summary>
public sealed class OrphanTests : IAsyncLifetime
{
    private static readonly LockOptions Persistent = new() { Persistent = true };
    private readonly InMemoryNetwork _network = new();
    private readonly List<NodeCore> _nodes = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _nodes.AddRange(await Task.WhenAll(Enumerable.Range(1, 3).Select(id => StartAsync((uint)id))));

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Those_of_one_node_go_wherever_it_is_asked(int asked)
    {
        await LeaveAsync(node: 2, process: 71, "a", "b");
        await LeaveAsync(node: 2, process: 72, "c");
        await LeaveAsync(node: 3, process: 71, "d");
        var locks = await OpenAsync(asked);

        Assert.Equal(2, await locks.Raw.PurgeAsync(2, 71, Token));
        Assert.Equal(0, await locks.Raw.PurgeAsync(2, 71, Token));
        await AssertHeldAsync(locks, ["c", "d"]);
        Assert.Equal(1, await locks.Raw.PurgeAsync(2, 0, Token));
        await AssertHeldAsync(locks, ["d"]);
        await using var free = await locks.LockAsync("a", LockMode.Exclusive, Token).AsTask().WaitAsync(EmbeddedNode.Patience, Token);
    }

    [Fact]
    public async Task Those_of_all_nodes_go_at_once()
    {
        await LeaveAsync(node: 1, process: 71, "a");
        await LeaveAsync(node: 2, process: 71, "b");
        await LeaveAsync(node: 3, process: 71, "c");
        await LeaveAsync(node: 3, process: 72, "d");
        var locks = await OpenAsync(1);

        Assert.Equal(3, await locks.Raw.PurgeAsync(0, 71, Token));
        await AssertHeldAsync(locks, ["d"]);
        Assert.Equal(1, await locks.Raw.PurgeAsync(0, 0, Token));
        await AssertHeldAsync(locks, []);
    }

    [Fact]
    public async Task Who_waits_for_one_is_granted_and_the_value_is_in_doubt()
    {
        await LeaveAsync(node: 2, process: 71, "a");
        var locks = await OpenAsync(3);
        await using var reader = await locks.LockAsync("a", LockMode.Null, Token);
        var waiting = locks.LockAsync("a", LockMode.Exclusive, Token).AsTask();
        var others = await OpenAsync(1);

        Assert.Equal(1, await others.Raw.PurgeAsync(2, 71, Token));

        await using var granted = await waiting.WaitAsync(EmbeddedNode.Patience, Token);
        Assert.Equal(LockValueState.Invalid, granted.Value.State);
    }

    [Fact]
    public async Task Those_of_another_lockspace_and_locks_that_are_held_stay()
    {
        await LeaveAsync(node: 2, process: 71, "a");
        await using var held = await (await OpenAsync(2, process: 71)).LockAsync("held", LockMode.Exclusive, Persistent, Token);
        var elsewhere = await OpenAsync(1, lockspace: "invoices");

        Assert.Equal(0, await elsewhere.Raw.PurgeAsync(2, 71, Token));
        Assert.Equal(0, await elsewhere.Raw.PurgeAsync(0, 0, Token));

        var locks = await OpenAsync(1);
        await AssertHeldAsync(locks, ["a", "held"]);
        Assert.Equal(1, await locks.Raw.PurgeAsync(2, 71, Token));
        await AssertHeldAsync(locks, ["held"]);
    }

    [Fact]
    public async Task They_are_listed_though_nobody_has_their_lockspace_open_any_more()
    {
        await LeaveAsync(node: 2, process: 71, "a");
        var found = new List<string>();
        await foreach (var each in _nodes[0].Administration.QueryAsync(null, new ResourceQuery(), Token))
            found.Add($"{each.Lockspace}/{each.Snapshot.Resource} {each.Snapshot.Granted[0].IsOrphan}");

        Assert.Equal(["orders/a True"], found);
        var status = await _nodes[0].Administration.StatusAsync(Token);
        var left = Assert.Single(status.Nodes.Single(each => each.Name == "n2").Status!.Lockspaces);
        Assert.Equal(("orders", 0, 1), (left.Name, left.Sessions, left.Locks));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task They_are_listed_by_the_name_of_their_lockspace_though_their_master_never_had_it_open(int asked)
    {
        // Who is there first is master; and what two nodes know without a keeper can move.
        var first = await (await OpenAsync(1)).LockAsync("a", LockMode.Null, new LockOptions(), Token);
        await LeaveAsync(node: 2, process: 71, "a");
        await first.DisposeAsync();
        var hash = Engine.Directory.Placement.HashOf(Lockspaces.LockspaceRegistry.IdOf("orders"), new ResourceName("a").Hash);
        var shard = _nodes[0].Shards.OfHash(hash);
        var moved = false;
        for (var end = DateTime.UtcNow + EmbeddedNode.Patience; !moved && DateTime.UtcNow < end; await Task.Yield())
        {
            using (shard.Enter())
                moved = shard.Engine.Move(Lockspaces.LockspaceRegistry.IdOf("orders"), "a", to: 3);
        }

        Assert.True(moved);
        var master = "";
        for (var end = DateTime.UtcNow + EmbeddedNode.Patience; master != "n3" && DateTime.UtcNow < end; await Task.Yield())
        {
            await foreach (var each in _nodes[asked - 1].Administration.QueryAsync("orders", new ResourceQuery { OrphansOnly = true }, Token))
                master = each.Snapshot.Master;
        }

        Assert.Equal("n3", master);
        var found = new List<string>();
        await foreach (var each in _nodes[asked - 1].Administration.QueryAsync(null, new ResourceQuery { OrphansOnly = true }, Token))
            found.Add($"{each.Lockspace}/{each.Snapshot.Resource}");
        Assert.Equal(["orders/a"], found);
    }

    [Fact]
    public async Task Who_is_no_member_is_named()
    {
        var locks = await OpenAsync(1);

        var unknown = await Assert.ThrowsAsync<LockUnavailableException>(() => locks.Raw.PurgeAsync(7, 0, Token).AsTask());
        Assert.Contains("node 7 is not a member", unknown.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => locks.Raw.PurgeAsync(1024, 0, Token).AsTask());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => locks.Raw.PurgeAsync(1, -1, Token).AsTask());
    }

    [Fact]
    public async Task A_member_that_does_not_answer_is_named_and_the_others_are_purged()
    {
        await LeaveAsync(node: 1, process: 71, "a");
        await LeaveAsync(node: 3, process: 71, "b");
        var locks = await OpenAsync(1);
        _network.Mute(2);

        var partial = await Assert.ThrowsAsync<LockUnavailableException>(() => locks.Raw.PurgeAsync(0, 71, Token).AsTask());

        Assert.Equal(UnavailableReason.Incomplete, partial.Reason);
        Assert.Contains("from n2; asking again is harmless", partial.Message, StringComparison.Ordinal);
        Assert.Equal(0, await locks.Raw.PurgeAsync(1, 71, Token));
        Assert.Equal(0, await locks.Raw.PurgeAsync(3, 71, Token));
    }

    /// <summary>What ends does so when its keeper has forgotten it.</summary>
    private static async Task AssertHeldAsync(ILockspace locks, string[] expected)
    {
        var held = await HeldAsync(locks);
        for (var end = DateTime.UtcNow + EmbeddedNode.Patience; !held.SequenceEqual(expected) && DateTime.UtcNow < end; await Task.Yield())
            held = await HeldAsync(locks);
        Assert.Equal(expected, held);
    }

    private static async Task<IReadOnlyList<string>> HeldAsync(ILockspace locks)
    {
        var names = new List<string>();
        await foreach (var snapshot in locks.QueryAsync(new ResourceQuery(), Token))
        {
            if (snapshot.Granted.Count > 0)
                names.Add(snapshot.Resource.ToString());
        }

        return names;
    }

    private async Task<ILockspace> OpenAsync(int node, int process = 1, string lockspace = "orders") =>
        await _nodes[node - 1].OpenLockspaceAsync(lockspace, null, new LockOwner($"n{node}", "host", process, "test", "user", null, true), Token);

    /// <summary>A process takes locks to leave them behind, and ends.</summary>
    private async Task LeaveAsync(int node, int process, params string[] names)
    {
        var locks = await OpenAsync(node, process);
        foreach (var name in names)
            _ = await locks.LockAsync(name, LockMode.Exclusive, Persistent, Token);
        await locks.DisposeAsync();
    }

    private async Task<NodeCore> StartAsync(uint id)
    {
        var options = new TyerNodeOptions { Name = $"n{id}", Volatile = true, Stack = "static", Listen = $"tcp://127.0.0.1:{7600 + id}" };
        foreach (var peer in Enumerable.Range(1, 3).Where(peer => peer != id))
            options.Peers[$"n{peer}"] = $"tcp://127.0.0.1:{7600 + peer}";
        return await NodeStart.RunAsync(NodeSettings.Of(options), (settings, state) => _network.Connect(settings.Id.Value, state.Incarnation.Value), Token);
    }
}
