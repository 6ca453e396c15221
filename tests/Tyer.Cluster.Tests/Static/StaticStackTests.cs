using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Cluster.Tests.State;

namespace Tyer.Cluster.Tests.Static;

/// <summary>The whole stack: shells, threads, state directories; only the transport is the test's.</summary>
public sealed class StaticStackTests : IAsyncDisposable
{
    private readonly TemporaryDirectory _temporary = new();
    private readonly MemoryNetwork _network = new();
    private readonly ManualClock _clock = new();
    private readonly Dictionary<uint, RunningNode> _nodes = [];

    public async ValueTask DisposeAsync()
    {
        foreach (uint node in _nodes.Keys.ToArray()) await StopAsync(node);
        _temporary.Dispose();
    }

    [Fact]
    public async Task All_are_in_one_view_and_the_next_start_of_all_is_in_a_higher_one()
    {
        for (ulong start = 1; start <= 3; start++)
        {
            for (uint node = 1; node <= 3; node++) await StartAsync(node);
            foreach (RunningNode node in _nodes.Values) await node.Observer.UntilStateAsync(StackState.Operating);

            ClusterView view = _nodes[1].Connection.View!;
            Assert.Equal(start, view.Id);
            Assert.Equal(["n1", "n2", "n3"], view.Members.Select(member => member.Name));
            Assert.Equal([7601, 7602, 7603], view.Members.Select(member => new Uri(Assert.Single(member.Addresses)).Port));
            foreach (RunningNode node in _nodes.Values)
            {
                Assert.Equal(view, node.Connection.View);
                Assert.Equal([view], node.Observer.Views);
                Assert.Equal(start, node.State.HighestView);
            }

            for (uint node = 1; node <= 3; node++) await StopAsync(node);
        }
    }

    [Fact]
    public async Task A_member_that_is_gone_is_reported_and_its_next_run_is_refused()
    {
        await StartAsync(1, [Cast.Peer(2)]);
        await StartAsync(2, [Cast.Peer(1)]);
        foreach (RunningNode node in _nodes.Values) await node.Observer.UntilStateAsync(StackState.Operating);

        await StopAsync(2);
        _network[1].OnUnreachable(new NodeId(2), "connection refused");
        await _nodes[1].Observer.UntilCallAsync("lost n2");
        _network[1].OnReachable(new NodeIncarnation(new NodeId(2), new Incarnation(1)));
        RunningNode again = await StartAsync(2, [Cast.Peer(1)]);

        await again.Observer.UntilStateAsync(StackState.Joining, "refused by n1: it is in view 1");
        await _nodes[1].Observer.UntilCallAsync("lost n2", times: 2);
        Assert.Null(again.Connection.View);
        Assert.Equal(StackState.Operating, _nodes[1].Connection.State);
        Assert.Equal(["view 1", "Operating", "lost n2", "lost n2"], _nodes[1].Observer.Calls.Where(call => call != "Joining"));
    }

    [Fact]
    public async Task Peer_lists_that_differ_are_named_on_both_sides()
    {
        RunningNode one = await StartAsync(1, peers: [Cast.Peer(2), Cast.Peer(3)]);
        RunningNode two = await StartAsync(2, peers: [Cast.Peer(1)]);

        await one.Observer.UntilStateAsync(StackState.Joining, "n3 (id 3) is listed here but not at n2");
        await two.Observer.UntilStateAsync(StackState.Joining, "n3 (id 3) is listed at n1 but not here");
    }

    [Fact]
    public async Task A_run_that_broke_off_holds_everybody_up_until_its_sessions_have_run_out()
    {
        using (StateDirectory broken = StateDirectory.Open(_temporary["n2"], Owner(2))) broken.TellSession(TimeSpan.FromSeconds(10));

        RunningNode one = await StartAsync(1);
        RunningNode two = await StartAsync(2);
        await StartAsync(3);
        await one.Observer.UntilStateAsync(StackState.Joining, "waiting for n2, whose previous run did not stop cleanly");
        await two.Observer.UntilStateAsync(StackState.Joining, "10.1 s after the start");
        Assert.Null(one.Connection.View);

        _clock.Advance(TimeSpan.FromSeconds(10.1));
        foreach (RunningNode node in _nodes.Values) await node.Observer.UntilStateAsync(StackState.Operating);
    }

    [Fact]
    public async Task A_disk_that_fails_closes_the_node_before_it_has_promised_anything()
    {
        await StartAsync(1);
        RunningNode two = await StartAsync(2);
        Directory.CreateDirectory(Path.Combine(_temporary["n2"], "state.new"));
        RunningNode three = await StartAsync(3);

        Assert.Contains("cannot be written", await two.Observer.UntilStateAsync(StackState.Closed), StringComparison.Ordinal);
        Assert.Null(two.Connection.View);

        // It is gone, so there is no view without its promise.
        await three.Observer.UntilStateAsync(StackState.Joining, "all 3 nodes have said hello");
        await three.Connection.TickAsync();
        Assert.Null(three.Connection.View);
        Assert.Null(_nodes[1].Connection.View);
    }

    [Fact]
    public async Task What_is_malformed_is_reported_to_the_messenger_and_does_no_harm()
    {
        RunningNode one = await StartAsync(1);
        await one.Observer.UntilStateAsync(StackState.Joining);

        Assert.False(_network[1].OnMessage(new NodeId(2), [1, 2, 3]));
        Assert.Equal(StackState.Joining, one.Connection.State);
    }

    [Fact]
    public async Task A_configuration_that_cannot_be_meant_is_refused()
    {
        using StateDirectory state = StateDirectory.Volatile(Owner(1));

        Assert.Contains("stack 'local'", Refused(new StaticOptions { Peers = [] }), StringComparison.Ordinal);
        Assert.Contains("Id 1 is both", Refused(new StaticOptions { Peers = [Cast.Peer(1, "other")] }), StringComparison.Ordinal);
        var tooOften = new StaticOptions { Peers = [Cast.Peer(2)], HelloInterval = TimeSpan.Zero };
        Assert.Contains("hello interval", Refused(tooOften), StringComparison.Ordinal);

        var stack = new StaticStack(new StaticOptions { Peers = [Cast.Peer(2)] }, state, _network.Join(1), _clock);
        Assert.Equal("static", stack.Name);
        Assert.Equal(StackCapabilities.None, stack.Capabilities);
        Assert.Contains("does not detect failures", stack.Caution, StringComparison.Ordinal);
        await using IGroupConnection connection = await stack.ConnectAsync(new LockingProtocol(new RecordingObserver()), TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            await stack.ConnectAsync(new LockingProtocol(new RecordingObserver()), TestContext.Current.CancellationToken));

        string Refused(StaticOptions options) =>
            Assert.ThrowsAny<ArgumentException>(() => new StaticStack(options, state, _network.Join(1), _clock)).Message;
    }

    private static StateOwner Owner(uint node) => new("tyer", $"n{node}", new NodeId(node));

    private async Task<RunningNode> StartAsync(uint node, StaticPeer[]? peers = null)
    {
        StateDirectory state = StateDirectory.Open(_temporary[$"n{node}"], Owner(node));
        var options = new StaticOptions
        {
            Peers = peers ?? [.. Cast.List.Peers.Where(peer => peer.Id.Value != node)],
            Addresses = [$"tcp://127.0.0.1:{7600 + node}"],
            HelloInterval = TimeSpan.FromMilliseconds(20),
        };
        var observer = new RecordingObserver();
        var stack = new StaticStack(options, state, _network.Join(node), _clock);
        var connection = (StaticConnection)await stack.ConnectAsync(new LockingProtocol(observer), TestContext.Current.CancellationToken);
        return _nodes[node] = new RunningNode(state, observer, connection);
    }

    private async Task StopAsync(uint node)
    {
        if (!_nodes.Remove(node, out RunningNode? running)) return;
        _network.Leave(node);
        await running.Connection.DisposeAsync();
        if (running.Observer.States.All(told => !told.Why.Contains("fault", StringComparison.Ordinal))) running.State.MarkClean();
        running.State.Dispose();
    }

    private sealed record RunningNode(StateDirectory State, RecordingObserver Observer, StaticConnection Connection);
}
