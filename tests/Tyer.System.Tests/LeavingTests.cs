using Tyer.Sessions.Administration;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>A node that is stopped while others use what it masters.</summary>
public sealed class LeavingTests : IAsyncDisposable
{
    private const int Resources = 200;

    private readonly ThreeNodes _nodes = new() { Stack = "external" };
    private readonly int[] _counts = new int[Resources];
    private readonly FencingToken[] _tokens = new FencingToken[Resources];
    private readonly List<IAsyncDisposable> _clients = [];
    private long _increments;

    [Fact]
    public async Task A_node_that_is_stopped_under_load_hands_over_all_that_it_masters_and_needs_no_proof()
    {
        using var load = await LoadOnWhatNode3MastersAsync();

        _nodes.Daemon(3).Signal(Signals.Terminate);
        (await _nodes.Daemon(3).EndAsync()).With(0);

        Assert.Contains($"of {Resources} resources that it mastered 0 could not be handed over", _nodes.Daemon(3).Output, StringComparison.Ordinal);
        await TellWithoutNode3Async([]);
        await load.EndAsync();
        Assert.Equal(_increments, _counts.Sum());
    }

    [Fact]
    public async Task A_node_that_is_killed_while_it_leaves_loses_nothing_of_the_others()
    {
        using var load = await LoadOnWhatNode3MastersAsync();
        var departed = $"3.{await _nodes.IncarnationAsync(3)}";

        _nodes.Daemon(3).Signal(Signals.Terminate);
        await _nodes.Daemon(3).LineWithAsync("the sessions are told");
        _nodes.Daemon(3).Kill();
        await _nodes.Daemon(3).EndAsync();

        await TellWithoutNode3Async([departed]);
        foreach (var node in (int[])[1, 2])
            (await _nodes.TyerAsync(node, "view", "fence", departed)).With(0);
        await load.EndAsync();
        Assert.Equal(_increments, _counts.Sum());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients.AsEnumerable().Reverse())
            await client.DisposeAsync();
        await _nodes.DisposeAsync();
    }

    /// <summary>Resources that node 3 used first, so that it is their master; and four tasks on the others that count under them.</summary>
    private async Task<Load> LoadOnWhatNode3MastersAsync()
    {
        await _nodes.InitializeAsync();
        var locks = new ILockspace[4];
        for (var node = 1; node <= 3; node++)
            locks[node] = await OpenAsync(node);
        var load = new Load();
        var first = new List<LockHandle>();
        for (var number = 0; number < Resources; number++)
            first.Add(await locks[3].LockAsync(Name(number), LockMode.Null, TestContext.Current.CancellationToken));
        for (var task = 0; task < 4; task++)
        {
            var handles = new LockHandle[Resources];
            for (var number = 0; number < Resources; number++)
                handles[number] = await locks[1 + task % 2].LockAsync(Name(number), LockMode.Null, TestContext.Current.CancellationToken);
            load.Add(CountAsync(handles, task, load));
        }

        foreach (var handle in first)
            await handle.DisposeAsync();
        await Patience.UntilAsync("the load runs", () => Volatile.Read(ref _increments) > 10 * Resources);
        return load;
    }

    private async Task CountAsync(LockHandle[] handles, int begin, Load load)
    {
        for (var turn = begin; !load.IsOver; turn++)
        {
            var number = turn % Resources;
            var handle = handles[number];
            await handle.ConvertAsync(LockMode.Exclusive, TestContext.Current.CancellationToken);
            var before = _counts[number];
            Assert.True(handle.Token > _tokens[number], $"{handle.Token} after {_tokens[number]}");
            _tokens[number] = handle.Token;
            await Task.Yield();
            _counts[number] = before + 1;
            Interlocked.Increment(ref _increments);
            await handle.ConvertAsync(LockMode.Null, TestContext.Current.CancellationToken);
        }

        foreach (var handle in handles)
            await handle.ReleaseAsync(TestContext.Current.CancellationToken);
    }

    private async Task<ILockspace> OpenAsync(int node)
    {
        var client = await TyerClient.ConnectAsync($"unix:{_nodes.SocketOf(node)}", TestContext.Current.CancellationToken);
        _clients.Add(client);
        var locks = await client.OpenLockspaceAsync("default", cancellationToken: TestContext.Current.CancellationToken);
        _clients.Add(locks);
        return locks;
    }

    private async Task TellWithoutNode3Async(string[] unproven)
    {
        var view = new ViewOrder(2, await _nodes.MembersAsync(1, 2), unproven);
        foreach (var node in (int[])[1, 2])
            await _nodes.TellAsync(node, view);
    }

    private static string Name(int number) => $"counted-{number}";

    /// <summary>Tasks that run until they are told to end.</summary>
    private sealed class Load : IDisposable
    {
        private readonly List<Task> _tasks = [];
        private volatile bool _isOver;

        internal bool IsOver => _isOver;

        internal void Add(Task task) => _tasks.Add(task);

        internal async Task EndAsync()
        {
            _isOver = true;
            await Task.WhenAll(_tasks).SoonAsync();
        }

        public void Dispose() => _isOver = true;
    }
}
