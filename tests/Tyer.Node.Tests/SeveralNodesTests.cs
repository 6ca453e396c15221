namespace Tyer.Node.Tests;

/// <summary>Three nodes under the stack <c>static</c>, in one process, over a network in memory.</summary>
public sealed class SeveralNodesTests : IAsyncLifetime
{
    private readonly InMemoryNetwork _network = new();
    private readonly List<NodeCore> _nodes = [];
    private readonly List<ILockspace> _locks = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var nodes = await Task.WhenAll(Enumerable.Range(1, 3).Select(id => StartAsync((uint)id)));
        _nodes.AddRange(nodes);
        foreach (var node in nodes)
            _locks.Add(await node.OpenLockspaceAsync("orders", null, new LockOwner(node.Name, "host", (int)node.Id, "test", "user", null, true), Token));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }

    [Fact]
    public async Task Nodes_exclude_each_other_whoever_is_master()
    {
        for (var number = 0; number < 50; number++)
        {
            var name = $"r{number}";
            await using var held = await _locks[number % 3].LockAsync(name, LockMode.Exclusive, Token).AsTask().WaitAsync(EmbeddedNode.Patience, Token);
            Assert.Null(await _locks[(number + 1) % 3].TryLockAsync(name, LockMode.ProtectedRead, TimeSpan.Zero, Token));
            var waiting = _locks[(number + 2) % 3].LockAsync(name, LockMode.Exclusive, Token).AsTask();

            await held.ReleaseAsync(Token);

            await using var next = await waiting.WaitAsync(EmbeddedNode.Patience, Token);
            Assert.True(next.Token > held.Token);
        }
    }

    [Fact]
    public async Task Counting_on_three_nodes_loses_nothing()
    {
        var counter = 0;
        var last = default(FencingToken);
        await Task.WhenAll(Enumerable.Range(0, 24).Select(number => Task.Run(() => CountAsync(_locks[number % 3]), Token)))
            .WaitAsync(EmbeddedNode.Patience, Token);
        Assert.Equal(24 * 100, counter);

        async Task CountAsync(ILockspace locks)
        {
            for (var round = 0; round < 100; round++)
            {
                await using var mine = await locks.LockAsync("counter", LockMode.Exclusive, Token);
                Assert.True(mine.Token > last);
                last = mine.Token;
                counter++;
            }
        }
    }

    [Fact]
    public async Task A_value_travels_between_nodes()
    {
        await using var anchor = await _locks[0].LockAsync("config", LockMode.Null, Token);
        var writer = await _locks[1].LockAsync("config", LockMode.Exclusive, Token);
        writer.SetValue("from n2"u8);
        await writer.ReleaseAsync(Token);

        await using var reader = await _locks[2].LockAsync("config", LockMode.ProtectedRead, Token);

        Assert.Equal("from n2"u8.ToArray(), reader.Value.Bytes.ToArray());
    }

    [Fact]
    public async Task Every_node_lists_the_same_and_names_who_waits()
    {
        await using var held = await _locks[0].LockAsync("stock", LockMode.Exclusive, Token);
        var waiting = _locks[1].LockAsync("stock", LockMode.ProtectedRead, Token).AsTask();
        foreach (var locks in _locks)
        {
            ResourceSnapshot? seen = null;
            while (seen is not { Waiting.Count: 1 })
            {
                await foreach (var snapshot in locks.QueryAsync(new ResourceQuery { Resource = "stock" }, Token))
                    seen = snapshot;
            }

            Assert.Equal(held.Id, Assert.Single(seen.Granted).Id);
            Assert.Equal("n1", seen.Granted[0].Owner.Node);
            Assert.Equal("n2", seen.Waiting[0].Owner.Node);
        }

        await held.ReleaseAsync(Token);
        await using var granted = await waiting.WaitAsync(EmbeddedNode.Patience, Token);
    }

    [Fact]
    public async Task A_holder_on_another_node_is_told_who_wants_its_lock()
    {
        var held = await _locks[0].LockAsync("busy", LockMode.Exclusive, Token);
        var told = new TaskCompletionSource<BlockingNotice>(TaskCreationOptions.RunContinuationsAsynchronously);
        held.Blocking += (_, notice) => told.TrySetResult(notice);

        var waiting = _locks[2].LockAsync("busy", LockMode.ProtectedWrite, Token).AsTask();

        var notice = await told.Task.WaitAsync(EmbeddedNode.Patience, Token);
        Assert.Equal(LockMode.ProtectedWrite, notice.Wanted);
        Assert.Equal("n3", notice.Requester.Node);
        await held.ReleaseAsync(Token);
        await using var granted = await waiting.WaitAsync(EmbeddedNode.Patience, Token);
    }

    [Fact]
    public async Task Options_of_a_lockspace_are_the_first_openers_on_every_node()
    {
        var owner = new LockOwner("n1", "host", 1, "test", "user", null, true);
        await using var first = await _nodes[0].OpenLockspaceAsync("small", new LockspaceOptions { ValueSize = 8 }, owner, Token);

        var refused = await Assert.ThrowsAsync<LockRefusedException>(async () =>
            await _nodes[1].OpenLockspaceAsync("small", new LockspaceOptions { ValueSize = 16 }, owner, Token));
        Assert.Equal(RefusalReason.OptionsDiffer, refused.Reason);

        await using var joined = await _nodes[2].OpenLockspaceAsync("small", null, owner, Token);
        await using var handle = await joined.LockAsync("x", LockMode.Exclusive, Token);
        Assert.Throws<ArgumentException>(() => handle.SetValue(new byte[9]));
    }

    [Fact]
    public async Task A_lock_is_revoked_through_any_node_and_its_holder_is_told_first()
    {
        var held = await _locks[0].LockAsync("stuck", LockMode.Exclusive, Token);
        var lost = held.Lost;
        var waiting = _locks[1].LockAsync("stuck", LockMode.Exclusive, Token).AsTask();

        var result = await _nodes[2].Administration.RevokeAsync(held.Id, "the test wants it", Token);

        Assert.Equal(Tyer.Sessions.Administration.RevokeOutcome.Revoked, result.Outcome);
        await using var granted = await waiting.WaitAsync(EmbeddedNode.Patience, Token);
        Assert.True(lost.IsCancellationRequested);
        Assert.Equal(LossReason.Revoked, held.LostBecause);
    }

    [Fact]
    public async Task Status_tells_of_every_member()
    {
        var status = await _nodes[1].Administration.StatusAsync(Token);

        Assert.Equal(["n1", "n2", "n3"], status.Nodes.Select(node => node.Name));
        Assert.All(status.Nodes, node => Assert.NotNull(node.Status));
        Assert.True(status.View!.HasQuorum);
        Assert.Contains(Tyer.Sessions.Administration.KnownLimitations.ConversionDeadlocksOnly, status.Limitations);
        Assert.NotNull(status.Stack.Warning);
    }

    private async Task<NodeCore> StartAsync(uint id)
    {
        var options = new TyerNodeOptions { Name = $"n{id}", Volatile = true, Stack = "static", Listen = $"tcp://127.0.0.1:{7600 + id}" };
        foreach (var peer in Enumerable.Range(1, 3).Where(peer => peer != id))
            options.Peers[$"n{peer}"] = $"tcp://127.0.0.1:{7600 + peer}";
        return await NodeStart.RunAsync(NodeSettings.Of(options), (settings, state) => _network.Connect(settings.Id.Value, state.Incarnation.Value), Token);
    }
}
