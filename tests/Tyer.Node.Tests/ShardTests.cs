namespace Tyer.Node.Tests;

/// <summary>Nodes with different numbers of shards: what one shard of a node says of its sessions is for several of another.</summary>
public sealed class ShardTests : IAsyncLifetime
{
    private const int Names = 60;
    private readonly InMemoryNetwork _network = new();
    private readonly List<NodeCore> _nodes = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _nodes.AddRange(await Task.WhenAll(Enumerable.Range(1, 3).Select(id => StartAsync((uint)id, shards: (2 * id) - 1))));

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }

    [Fact]
    public async Task A_session_is_known_by_name_wherever_it_has_locks_and_forgotten_when_it_is_over()
    {
        var locks = new List<ILockspace>();
        for (var node = 0; node < 3; node++)
            locks.Add(await _nodes[node].OpenLockspaceAsync("orders", null, new LockOwner($"n{node + 1}", "host", node + 1, "test", "user", null, true), Token));
        for (var name = 0; name < Names; name++)
        {
            for (var node = 0; node < 3; node++)
                _ = await locks[(node + name) % 3].LockAsync($"r{name}", LockMode.ConcurrentRead, Token);
        }

        var seen = 0;
        await foreach (var snapshot in locks[0].QueryAsync(new ResourceQuery(), Token))
        {
            Assert.Equal([1, 2, 3], snapshot.Granted.Select(each => each.Owner.ProcessId).Order());
            seen++;
        }

        Assert.Equal(Names, seen);
        foreach (var each in locks)
            await each.DisposeAsync();
        for (var node = 0; node < 3; node++)
        {
            using var patience = new CancellationTokenSource(EmbeddedNode.Patience);
            while (Sessions(_nodes[node]) > OfTheNodes(_nodes[node]) || Locks(_nodes[node]) != 0)
            {
                patience.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }
    }

    /// <summary>Each node has one session of its own, of which each shard of the others may have heard; they stay.</summary>
    private static int OfTheNodes(NodeCore node) => 3 * node.Shards.Count;

    private static int Sessions(NodeCore node) => Sum(node, engine => engine.SessionCount);

    private static int Locks(NodeCore node) => Sum(node, engine => engine.LockCount);

    private static int Sum(NodeCore node, Func<Tyer.Engine.LockEngine, int> count)
    {
        var sum = 0;
        for (var index = 0; index < node.Shards.Count; index++)
        {
            using (node.Shards[index].Enter())
                sum += count(node.Shards[index].Engine);
        }

        return sum;
    }

    private async Task<NodeCore> StartAsync(uint id, int shards)
    {
        var options = new TyerNodeOptions { Name = $"n{id}", Volatile = true, Stack = "static", Listen = $"tcp://127.0.0.1:{7600 + id}", Shards = shards };
        foreach (var peer in Enumerable.Range(1, 3).Where(peer => peer != id))
            options.Peers[$"n{peer}"] = $"tcp://127.0.0.1:{7600 + peer}";
        return await NodeStart.RunAsync(NodeSettings.Of(options), (settings, state) => _network.Connect(settings.Id.Value, state.Incarnation.Value), Token);
    }
}
