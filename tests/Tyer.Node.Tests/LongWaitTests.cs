
namespace Tyer.Node.Tests;

/// <summary>A request without a time limit that waits for long is in the log, with the one who is to blame.</summary>
public sealed class LongWaitTests : IAsyncDisposable
{
    private const int WaitsLong = 1501;
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private readonly ManualClock _clock = new();
    private readonly RecordedLog _log = new(WaitsLong);
    private TyerNode? _node;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
            await _node.DisposeAsync();
    }

    [Fact]
    public async Task The_log_says_for_whom_and_since_when_and_in_which_place()
    {
        var locks = await OpenAsync();
        await using var held = await locks.LockAsync("r", LockMode.ProtectedRead, new LockOptions { Owner = "nightly", Purpose = "backup" }, Token);
        await PassAsync(locks, held, TimeSpan.FromSeconds(60));
        var first = locks.LockAsync("r", LockMode.Exclusive, new LockOptions { Owner = "orders" }, Token).AsTask();
        var second = locks.LockAsync("r", LockMode.Exclusive, new LockOptions { Owner = "invoices" }, Token).AsTask();

        _clock.Advance(Long);

        string[] lines = [await _log.NextAsync(), await _log.NextAsync()];
        var line = Assert.Single(lines, each => each.Contains("'invoices'", StringComparison.Ordinal));
        Assert.StartsWith("Warning: ", line, StringComparison.Ordinal);
        Assert.Contains("has waited 00:00:30 for Exclusive on 'r' in lockspace 'orders', place 2 in the queue", line, StringComparison.Ordinal);
        Assert.Contains("root blocker: PR held for 1 min 30 s by ", line, StringComparison.Ordinal);
        Assert.Contains(
            $" 'nightly' (pid {Environment.ProcessId} on {Environment.MachineName}, user {Environment.UserName}, node n1) for 'backup', {held.Id}", line, StringComparison.Ordinal);
        Assert.Contains("place 1 in the queue", Assert.Single(lines, each => each.Contains("'orders'", StringComparison.Ordinal) && each != line), StringComparison.Ordinal);
        await ReleaseAsync(held, first, second);
    }

    [Fact]
    public async Task It_is_told_again_each_time_the_wait_has_doubled_and_no_more_after_its_end()
    {
        var locks = await OpenAsync();
        var held = await locks.LockAsync("r", LockMode.Exclusive, Token);
        var waiting = locks.LockAsync("r", LockMode.Exclusive, Token).AsTask();
        foreach (var (step, waited) in new[] { (30, "00:00:30"), (30, "00:01:00"), (60, "00:02:00"), (120, "00:04:00") })
        {
            _clock.Advance(TimeSpan.FromSeconds(step));
            Assert.Contains($"has waited {waited} ", await _log.NextAsync(), StringComparison.Ordinal);
        }

        await held.ReleaseAsync(Token);
        await using var granted = await waiting.WaitAsync(EmbeddedNode.Patience, Token);
        var last = locks.LockAsync("r", LockMode.Exclusive, Token).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(1000));

        Assert.Contains("has waited 00:16:40 ", await _log.NextAsync(), StringComparison.Ordinal);
        Assert.Equal(0, _log.Unread);
        await ReleaseAsync(granted, last);
    }

    [Fact]
    public async Task A_wait_with_a_time_limit_is_not_told_of()
    {
        var locks = await OpenAsync();
        await using var held = await locks.LockAsync("r", LockMode.Exclusive, Token);
        var limited = locks.TryLockAsync("r", LockMode.Exclusive, TimeSpan.FromSeconds(100), Token).AsTask();
        await PassAsync(locks, held, TimeSpan.FromSeconds(99));
        var waiting = locks.LockAsync("r", LockMode.ProtectedRead, Token).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(30));

        Assert.Null(await limited.WaitAsync(EmbeddedNode.Patience, Token));
        Assert.Contains("for ProtectedRead on", await _log.NextAsync(), StringComparison.Ordinal);
        Assert.Equal(0, _log.Unread);
        await ReleaseAsync(held, waiting);
    }

    [Fact]
    public async Task A_conversion_that_waits_is_told_of()
    {
        var locks = await OpenAsync();
        await using var other = await locks.LockAsync("r", LockMode.ProtectedRead, Token);
        await using var held = await locks.LockAsync("r", LockMode.ProtectedRead, Token);
        var converting = held.ConvertAsync(LockMode.Exclusive, Token).AsTask();

        _clock.Advance(Long);

        var line = await _log.NextAsync();
        Assert.Contains("for Exclusive on 'r'", line, StringComparison.Ordinal);
        Assert.Contains($"{other.Id}", line, StringComparison.Ordinal);
        await other.ReleaseAsync(Token);
        await converting.WaitAsync(EmbeddedNode.Patience, Token);
    }

    [Fact]
    public async Task The_holder_is_found_on_another_node_and_on_another_resource()
    {
        var network = new InMemoryNetwork();
        var nodes = await Task.WhenAll(Enumerable.Range(1, 3).Select(id => StartMemberAsync(network, (uint)id)));
        var locks = new List<ILockspace>();
        foreach (var node in nodes)
            locks.Add(await node.OpenLockspaceAsync("orders", null, new LockOwner(node.Name, "host", (int)node.Id, "test", "user", $"app{node.Id}", true), Token));
        await using var root = await locks[0].LockAsync("a", LockMode.Exclusive, Token);
        await using var between = await locks[1].LockAsync("b", LockMode.Exclusive, Token);
        var inTurn = locks[1].TryLockAsync("a", LockMode.Exclusive, TimeSpan.FromHours(1), Token).AsTask();
        var waiting = locks[2].LockAsync("b", LockMode.ProtectedRead, Token).AsTask();
        await UntilAsync(locks[0], "a");
        await UntilAsync(locks[0], "b");

        _clock.Advance(Long);

        var line = await _log.NextAsync();
        Assert.Contains("test 'app3' (pid 3 on host, user user, node n3) has waited 00:00:30 for ProtectedRead on 'b'", line, StringComparison.Ordinal);
        Assert.Contains("root blocker: on 'a' EX held for 30 s by test 'app1' (pid 1 on host, user user, node n1)", line, StringComparison.Ordinal);
        await root.ReleaseAsync(Token);
        await using var second = await inTurn.WaitAsync(EmbeddedNode.Patience, Token);
        await ReleaseAsync(between, waiting);
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    [Fact]
    public async Task An_age_is_told_as_of_the_question_not_of_the_timers_last_round()
    {
        var locks = await OpenAsync();
        await using var held = await locks.LockAsync("r", LockMode.Exclusive, Token);

        for (var age = Long; age < 10 * Long; age += Long)
        {
            _clock.Advance(Long);
            await foreach (var snapshot in locks.QueryAsync(new ResourceQuery { Lock = held.Id }, Token))
                Assert.Equal(age, snapshot.Granted[0].HeldFor);
        }
    }

    [Fact]
    public async Task Of_many_at_once_the_first_are_explained_and_the_others_counted()
    {
        using var more = new RecordedLog(1502);
        var locks = await OpenAsync(more);
        var held = await locks.LockAsync("r", LockMode.Exclusive, Token);
        var waiting = Enumerable.Range(0, 40).Select(_ => locks.LockAsync("r", LockMode.Exclusive, Token).AsTask()).ToArray();

        _clock.Advance(Long);

        // How many come in one go is not certain; that not all are explained is.
        Assert.Matches("^Warning: [0-9]+ more requests have waited for long; 'tyer ls --contended' lists them$", await more.NextAsync());
        await ReleaseAsync(held, waiting);
    }

    /// <summary>Lets time pass, until the engine knows, as the age of a lock that was just taken shows.</summary>
    private async Task PassAsync(ILockspace locks, LockHandle held, TimeSpan time)
    {
        _clock.Advance(time);
        for (var known = TimeSpan.Zero; known < time;)
        {
            await foreach (var snapshot in locks.QueryAsync(new ResourceQuery { Lock = held.Id }, Token))
                known = snapshot.Granted[0].HeldFor ?? TimeSpan.Zero;
        }
    }

    private static async Task ReleaseAsync(LockHandle held, params Task<LockHandle>[] waiting)
    {
        await held.ReleaseAsync(Token);
        foreach (var next in waiting)
            await (await next.WaitAsync(EmbeddedNode.Patience, Token)).ReleaseAsync(Token);
    }

    private static async Task UntilAsync(ILockspace locks, ResourceName resource)
    {
        for (var seen = false; !seen;)
        {
            await foreach (var snapshot in locks.QueryAsync(new ResourceQuery { Resource = resource }, Token))
                seen = snapshot.Waiting.Count > 0;
        }
    }

    private async Task<ILockspace> OpenAsync(RecordedLog? log = null)
    {
        _node = await TyerNode.StartAsync(new TyerNodeOptions { Name = "n1", Volatile = true, Clock = _clock, LoggerFactory = log ?? _log }, Token);
        return await _node.OpenLockspaceAsync("orders", cancellationToken: Token);
    }

    private async Task<NodeCore> StartMemberAsync(InMemoryNetwork network, uint id)
    {
        var options = new TyerNodeOptions
        {
            Name = $"n{id}", Volatile = true, Stack = "static", Listen = $"tcp://127.0.0.1:{7600 + id}", Clock = _clock, LoggerFactory = _log,
        };
        foreach (var peer in Enumerable.Range(1, 3).Where(peer => peer != id))
            options.Peers[$"n{peer}"] = $"tcp://127.0.0.1:{7600 + peer}";
        return await NodeStart.RunAsync(NodeSettings.Of(options), (settings, state) => network.Connect(settings.Id.Value, state.Incarnation.Value), Token);
    }
}
