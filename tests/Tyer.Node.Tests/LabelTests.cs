using Tyer.Sessions.Administration;

namespace Tyer.Node.Tests;

/// <summary>What a lock says of itself (owner, purpose) is told wherever it is named, whichever node masters it.</summary>
public sealed class LabelTests : IAsyncLifetime
{
    private static readonly LockOptions Nightly = new() { Owner = "nightly", Purpose = "backup" };
    private static readonly LockOptions Import = new() { Owner = "import", Purpose = "new prices" };
    private readonly InMemoryNetwork _network = new();
    private readonly List<NodeCore> _nodes = [];
    private readonly List<ILockspace> _locks = [];

    /// <summary>Which node uses the name first, and so masters it: the holder's, the waiter's, a third.</summary>
    public static TheoryData<int> Masters => [0, 1, 2];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _nodes.AddRange(await Task.WhenAll(Enumerable.Range(1, 3).Select(id => StartAsync((uint)id))));
        foreach (var node in _nodes)
            _locks.Add(await node.OpenLockspaceAsync("orders", null, new LockOwner(node.Name, "host", (int)node.Id, "test", "user", $"app{node.Id}", true), Token));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Masters))]
    public async Task A_blocking_notice_names_the_label_of_the_lock_that_is_wanted(int master)
    {
        await using var first = await _locks[master].LockAsync("r", LockMode.Null, Token);
        await using var held = await _locks[0].LockAsync("r", LockMode.Exclusive, Nightly, Token);
        var told = new TaskCompletionSource<BlockingNotice>(TaskCreationOptions.RunContinuationsAsynchronously);
        held.Blocking += (_, notice) => told.TrySetResult(notice);

        var waiting = _locks[1].LockAsync("r", LockMode.Exclusive, Import, Token).AsTask();

        var requester = (await told.Task.WaitAsync(EmbeddedNode.Patience, Token)).Requester;
        Assert.Equal(new LockOwner("n2", "host", 2, "test", "user", "import", true), requester);
        await held.ReleaseAsync(Token);
        await using var granted = await waiting.WaitAsync(EmbeddedNode.Patience, Token);
    }

    [Theory]
    [MemberData(nameof(Masters))]
    public async Task A_lock_without_a_label_has_that_of_its_session(int master)
    {
        await using var first = await _locks[master].LockAsync("r", LockMode.Null, Token);
        await using var held = await _locks[0].LockAsync("r", LockMode.Exclusive, Token);

        var outcome = await Assert.ThrowsAsync<LockTimeoutException>(async () =>
            await _locks[1].LockAsync("r", LockMode.Exclusive, new LockOptions { Timeout = TimeSpan.FromMilliseconds(30) }, Token));

        Assert.Equal("app1", Assert.Single(outcome.Holders).Owner.Label);
        Assert.Null(outcome.Holders[0].Purpose);
    }

    [Theory]
    [MemberData(nameof(Masters))]
    public async Task A_timeout_names_label_and_purpose_of_the_holder(int master)
    {
        await using var first = await _locks[master].LockAsync("r", LockMode.Null, Token);
        await using var held = await _locks[0].LockAsync("r", LockMode.Exclusive, Nightly, Token);

        var outcome = await Assert.ThrowsAsync<LockTimeoutException>(async () =>
            await _locks[1].LockAsync("r", LockMode.Exclusive, Import with { Timeout = TimeSpan.FromMilliseconds(30) }, Token));

        var holder = Assert.Single(outcome.Holders);
        Assert.Equal(new LockOwner("n1", "host", 1, "test", "user", "nightly", true), holder.Owner);
        Assert.Equal("backup", holder.Purpose);
        Assert.Equal(holder, outcome.RootBlocker);
        Assert.Contains("'nightly' (pid 1 on host, user user, node n1) for 'backup'", outcome.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Masters))]
    public async Task A_query_on_any_node_names_holders_and_waiters(int master)
    {
        await using var first = await _locks[master].LockAsync("r", LockMode.Null, Token);
        await using var held = await _locks[0].LockAsync("r", LockMode.Exclusive, Nightly, Token);
        var waiting = _locks[1].LockAsync("r", LockMode.Exclusive, Import, Token).AsTask();
        foreach (var locks in _locks)
        {
            ResourceSnapshot? seen = null;
            while (seen is not { Waiting.Count: 1 })
            {
                await foreach (var snapshot in locks.QueryAsync(new ResourceQuery { Resource = "r" }, Token))
                    seen = snapshot;
            }

            var holder = Assert.Single(seen.Granted, each => each.Granted == LockMode.Exclusive);
            Assert.Equal(("nightly", "backup"), (holder.Owner.Label, holder.Purpose));
            Assert.Equal(("import", "new prices"), (seen.Waiting[0].Owner.Label, seen.Waiting[0].Purpose));
        }

        var found = new List<LockspaceResource>();
        await foreach (var each in _nodes[2].Administration.QueryAsync(null, new ResourceQuery { Owner = "nightly" }, Token))
            found.Add(each);
        Assert.Equal("r", Assert.Single(found).Snapshot.Resource.ToString());
        await held.ReleaseAsync(Token);
        await using var granted = await waiting.WaitAsync(EmbeddedNode.Patience, Token);
    }

    [Fact]
    public async Task A_revocation_names_the_label_of_the_lock_taken_away()
    {
        await using var held = await _locks[0].LockAsync("r", LockMode.Exclusive, Nightly, Token);

        var result = await _nodes[2].Administration.RevokeAsync(held.Id, "the test wants it", Token);

        Assert.Equal("nightly", result.Owner?.Label);
    }

    private async Task<NodeCore> StartAsync(uint id)
    {
        var options = new TyerNodeOptions { Name = $"n{id}", Volatile = true, Stack = "static", Listen = $"tcp://127.0.0.1:{7600 + id}" };
        foreach (var peer in Enumerable.Range(1, 3).Where(peer => peer != id))
            options.Peers[$"n{peer}"] = $"tcp://127.0.0.1:{7600 + peer}";
        return await NodeStart.RunAsync(NodeSettings.Of(options), (settings, state) => _network.Connect(settings.Id.Value, state.Incarnation.Value), Token);
    }
}
