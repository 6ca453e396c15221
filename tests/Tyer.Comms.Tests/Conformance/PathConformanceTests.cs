using Tyer.Comms.Frames;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Conformance;

/// <summary>What the comms layer must do about streams, paths and liveness, over real sockets; the numbers are those of its list of capabilities.</summary>
public sealed class PathConformanceTests : IDisposable
{
    private static readonly NetOptions Fast = new()
    {
        HeartbeatInterval = TimeSpan.FromMilliseconds(100),
        HeartbeatTimeout = TimeSpan.FromMilliseconds(1500),
        StallTimeout = TimeSpan.FromMilliseconds(2000),
    };

    private readonly TestCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Row_01_and_20_A_peer_that_takes_nothing_answers_pings_all_the_same_and_is_told_of_as_stalled()
    {
        using var release = new ManualResetEventSlim();
        TestNode n1 = _cluster.Node(1, [2], net: Fast);
        TestNode n2 = _cluster.Node(2, [1], net: Fast);
        n2.OnMessage = (_, _, _, body) =>
        {
            if (body[0] == 1) release.Wait(TestContext.Current.CancellationToken);
        };
        n1.Start();
        n2.Start();
        await n1.Until("n2 connected");

        // The handler stands still from the first message on; the timeout of the path passes several times meanwhile.
        n1.Domain.Peers[2].TrySend(1, 0, [1]);
        n1.Domain.Peers[2].TrySend(1, 0, [2]);
        Assert.Equal("n2 stalled", await n1.Next());
        Assert.Equal(PathState.Up, n1.Domain.Peers[2].Paths[0].State);
        Assert.Equal(1, n1.Domain.Peers[2].Statistics.Connections);

        release.Set();
        await Wait.Until(() => n1.Domain.Peers[2].Statistics.UnacknowledgedMessages == 0, "all acknowledged");
    }

    [Fact]
    public async Task Row_03_and_04_All_paths_are_up_and_probed_while_one_carries()
    {
        (TestNode n1, TestNode n2) = await Pair(paths: 3);
        await AllUp(n1, 2, 3);
        await AllUp(n2, 1, 3);
        IReadOnlyList<PathStatus> paths = n1.Domain.Peers[2].Paths;
        Assert.Equal([0, 1, 2], paths.Select(path => path.Path));
        Assert.All(paths, path => Assert.True(path.RoundTrip > TimeSpan.Zero));
        Assert.Single(paths, path => path.IsCarrying);
    }

    [Fact]
    public async Task Row_06_With_least_queued_a_path_on_which_much_waits_is_left_and_messages_come_once_and_in_order()
    {
        Proxy[][] proxies = Proxies();
        NetOptions net = Fast with
        {
            PathPolicy = PathPolicy.LeastQueued,
            HeartbeatTimeout = TimeSpan.FromSeconds(30),
            StallTimeout = TimeSpan.FromSeconds(60),
            FailbackDelay = TimeSpan.FromSeconds(5),
        };
        TestNode n1 = _cluster.Node(1, [2], paths: 2, net: net);
        TestNode n2 = _cluster.Node(2, [1], paths: 2, net: net);
        int received = 0;
        var all = new TaskCompletionSource();
        n2.OnMessage = (_, _, _, body) =>
        {
            if (BitConverter.ToInt32(body) != received) all.TrySetException(new InvalidDataException($"{BitConverter.ToInt32(body)} instead of {received}"));
            if (++received == 500) all.TrySetResult();
        };
        n1.Start();
        n2.Start();
        await AllUp(n1, 2, 2);
        await AllUp(n2, 1, 2);
        Peer to2 = n1.Domain.Peers[2];
        int slow = to2.Paths.Single(path => path.IsCarrying).Path;
        long before = to2.Statistics.Connections;

        foreach (Proxy proxy in proxies[slow]) proxy.Hold();
        for (int i = 0; i < 500; i++)
        {
            byte[] body = new byte[4000];
            BitConverter.TryWriteBytes(body, i);
            Assert.Equal(SendResult.Accepted, to2.TrySend(1, 0, body));
        }

        await Wait.Until(() => to2.Paths.Single(path => path.IsCarrying).Path != slow, "the other path carries");
        Assert.All(to2.Paths, path => Assert.Equal(PathState.Up, path.State));
        Assert.True(to2.Paths[slow].QueuedBytes > 0, "what the system has taken for the slow path is told");
        foreach (Proxy proxy in proxies[slow]) proxy.Resume();
        await Wait.For(all.Task);
        Assert.Equal(before + 1, to2.Statistics.Connections);
        Assert.Equal(0, to2.Statistics.Resets);

        // Chosen for this peer alone: messages go back to the first path as soon as it has been up for long enough.
        n1.Domain.Change(n1.Domain.Net with { FailbackDelay = TimeSpan.Zero });
        Assert.Equal(1 - slow, to2.Paths.Single(path => path.IsCarrying).Path);
        to2.Choose(PathPolicy.Passive);
        await Wait.Until(() => to2.Paths[0].IsCarrying, "the first path carries");
        Assert.Equal((PathPolicy.Passive, PathPolicy.LeastQueued), (to2.PathPolicy, n1.Domain.Net.PathPolicy));
    }

    [Fact]
    public async Task A_probe_measures_every_path_and_says_why_one_is_down_or_what_was_lost()
    {
        Proxy[][] proxies = Proxies();
        NetOptions net = Fast with { HeartbeatTimeout = TimeSpan.FromSeconds(30), StallTimeout = TimeSpan.FromSeconds(60) };
        TestNode n1 = _cluster.Node(1, [2], paths: 2, net: net).Start();
        TestNode n2 = _cluster.Node(2, [1], paths: 2, net: net).Start();
        Peer to2 = n1.Domain.Peers[2];
        Assert.Equal((0, 0), ((await to2.ProbeAsync(7, 3, TestContext.Current.CancellationToken)).Sent, (await to2.ProbeAsync(7, 3, TestContext.Current.CancellationToken)).Lost));
        await AllUp(n1, 2, 2);
        await AllUp(n2, 1, 2);

        // Both at once, and two on one path.
        PathProbe[] probes = await Wait.For(Task.WhenAll(new[] { 0, 1, 1 }.Select(path => to2.ProbeAsync(path, 20, TestContext.Current.CancellationToken))));
        Assert.All(probes, probe =>
        {
            Assert.Equal((PathState.Up, 20, 0), (probe.State, probe.Sent, probe.Lost));
            Assert.True(TimeSpan.Zero < probe.RoundTrips[0] && probe.RoundTrips[0] <= probe.Median && probe.Median <= probe.RoundTrips[^1]);
        });

        foreach (Proxy proxy in proxies[1]) proxy.Hold();
        PathProbe held = await Wait.For(to2.ProbeAsync(1, 1, TestContext.Current.CancellationToken));
        Assert.Equal((PathState.Up, 1, 1, null), (held.State, held.Sent, held.Lost, held.Median));
        foreach (Proxy proxy in proxies[1]) proxy.Dispose();
        await Wait.Until(() => to2.Paths[1].State != PathState.Up, "the path is down");
        PathProbe down = await to2.ProbeAsync(1, 5, TestContext.Current.CancellationToken);
        Assert.Equal(0, down.Sent);
        Assert.NotEqual(Comms.Links.LinkEndReason.None, down.End.Reason);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => to2.ProbeAsync(0, 101, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Row_05_When_a_path_breaks_the_next_goes_on_from_the_window_without_a_new_connection()
    {
        Proxy[][] proxies = Proxies();
        (TestNode n1, TestNode n2) = await Pair(paths: 2);
        await AllUp(n1, 2, 2);
        await AllUp(n2, 1, 2);
        Peer to2 = n1.Domain.Peers[2];
        int carrier = to2.Paths.Single(path => path.IsCarrying).Path;
        TaskCompletionSource all = Count(n2, 2000);
        long before = to2.Statistics.Connections;

        for (int i = 0; i < 2000; i++)
        {
            if (i == 1000)
            {
                foreach (Proxy proxy in proxies[carrier]) proxy.Hold();
            }

            to2.TrySend(1, 0, BitConverter.GetBytes(i));
        }

        // All of it has left the node, and what left after the hold has not come.
        await Wait.Until(() => to2.Statistics.Sent.Bytes >= 2000 * (FrameHeader.Bytes + sizeof(int)), "all is sent");
        foreach (Proxy proxy in proxies[carrier]) proxy.Cut();
        await Wait.For(all.Task);

        Assert.Equal(before + 1, to2.Statistics.Connections);
        Assert.True(to2.Statistics.ResentBytes > 0, "Nothing was on its way, so nothing was proved.");
        await NothingWasDisconnected(n1, "n2");
    }

    [Fact]
    public async Task Row_05_When_a_path_falls_silent_the_next_goes_on_after_the_timeout()
    {
        Proxy[][] proxies = Proxies();
        (TestNode n1, TestNode n2) = await Pair(paths: 2);
        await AllUp(n1, 2, 2);
        await AllUp(n2, 1, 2);
        int carrier = n1.Domain.Peers[2].Paths.Single(path => path.IsCarrying).Path;
        TaskCompletionSource all = Count(n2, 100);
        foreach (Proxy proxy in proxies[carrier]) proxy.Hold();

        for (int i = 0; i < 100; i++) n1.Domain.Peers[2].TrySend(1, 0, BitConverter.GetBytes(i));

        await Wait.For(all.Task);

        // Who notices first closes, and that passes the proxy.
        string[] lines = [await PathLine(n1, $"n2 path {carrier} Down"), await PathLine(n2, $"n1 path {carrier} Down")];
        Assert.Contains(lines, line => line.EndsWith("Timeout", StringComparison.Ordinal));
        await NothingWasDisconnected(n1, "n2");
    }

    [Fact]
    public async Task Row_12_Crossing_connections_are_settled_by_node_id_without_a_second_attempt()
    {
        for (ulong round = 1; round <= 10; round++)
        {
            using TestNode n1 = _cluster.Node(1, [2], round, paths: 2);
            using TestNode n2 = _cluster.Node(2, [1], round, paths: 2);
            Parallel.Invoke(() => n1.Start(), () => n2.Start());
            await n1.Until("n2 connected");
            await n2.Until("n1 connected");
            await AllUp(n1, 2, 2);
        }
    }

    [Fact]
    public void Row_21_A_node_that_stood_still_suspects_nobody_for_it()
    {
        var path = new PeerPath(new NetSettings(new NetOptions()));
        TimeSpan now = TimeSpan.FromMinutes(1);
        TimeSpan next = TimeSpan.MaxValue;
        bool isOverdue = false;
        path.Watch(new PeerLink(null!, 1, null!, 0, LinkStream.Control), now);
        path.Beat(now, TimeSpan.Zero, ref next, out _, ref isOverdue);

        TimeSpan stoodStill = TimeSpan.FromSeconds(20);
        now += stoodStill;
        path.Beat(now, lateness: stoodStill, ref next, out _, ref isOverdue);
        Assert.False(isOverdue);

        now += TimeSpan.FromSeconds(2);
        path.Beat(now, TimeSpan.Zero, ref next, out _, ref isOverdue);
        Assert.True(isOverdue);
    }

    [Fact]
    public async Task Row_22_Paths_come_and_go_while_messages_flow()
    {
        TestNode n1 = _cluster.Node(1, [2], paths: 2, net: Fast);
        TestNode n2 = _cluster.Node(2, [1], paths: 2, net: Fast);
        n1.Start();
        n2.Start();
        await AllUp(n1, 2, 2);
        await AllUp(n2, 1, 2);

        n1.Domain.Peers[2].RemovePath(0);
        await Wait.Until(() => n1.Domain.Peers[2].Paths is [{ Path: 1, State: PathState.Up, IsCarrying: true }], "only path 1 is left");
        n1.Domain.Peers[2].TrySend(1, 0, [9]);
        Assert.Equal("n1 says 1 0 09", await n2.Until("n1 says"));

        n1.Domain.Peers[2].AddPath(0, TestCluster.Endpoint(_cluster.Path(2)));
        await AllUp(n1, 2, 2);
        await NothingWasDisconnected(n1, "n2");
    }

    [Fact]
    public async Task Row_24_What_cannot_be_done_has_a_number_and_words()
    {
        (TestNode n1, _) = await Pair(paths: 1);
        Peer peer = n1.Domain.Peers[2];
        CommsException missing = Assert.Throws<CommsException>(() => peer.RemovePath(5));
        Assert.Equal((30, CommsErrorCode.PathMissing), ((int)missing.Code, missing.Code));
        CommsException exists = Assert.Throws<CommsException>(() => peer.AddPath(0, TestCluster.Endpoint(_cluster.Path(2))));
        Assert.Equal((31, CommsErrorCode.PathExists), ((int)exists.Code, exists.Code));
        CommsException last = Assert.Throws<CommsException>(() => peer.RemovePath(0));
        Assert.Equal((35, CommsErrorCode.LastPath), ((int)last.Code, last.Code));
        Assert.All(new[] { missing, exists, last }, exception => Assert.Contains("n2", exception.Message, StringComparison.Ordinal));
    }

    private async Task<(TestNode N1, TestNode N2)> Pair(int paths)
    {
        TestNode n1 = _cluster.Node(1, [2], paths: paths, net: Fast).Start();
        TestNode n2 = _cluster.Node(2, [1], paths: paths, net: Fast).Start();
        await n1.Until("n2 connected");
        await n2.Until("n1 connected");
        return (n1, n2);
    }

    /// <summary>On each of two paths, both ways of dialling it.</summary>
    private Proxy[][] Proxies() => [.. Enumerable.Range(0, 2).Select(path => new[] { _cluster.Proxy(1, 2, path), _cluster.Proxy(2, 1, path) })];

    private static Task AllUp(TestNode node, uint peer, int paths) => Wait.Until(
        () => node.Domain.Peers[peer].Paths.Count(path => path.State == PathState.Up) == paths, $"all {paths} paths are up");

    /// <summary>Completes when so many messages have come, each once and in order.</summary>
    private static TaskCompletionSource Count(TestNode node, int count)
    {
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int next = 0;
        node.OnMessage = (_, _, _, body) =>
        {
            int number = BitConverter.ToInt32(body);
            if (number != next) all.TrySetException(new InvalidOperationException($"{number} instead of {next}"));
            if (++next == count) all.TrySetResult();
        };
        return all;
    }

    private static async Task<string> PathLine(TestNode node, string beginning)
    {
        while (true)
        {
            string line = await node.NextPath();
            if (line.StartsWith(beginning, StringComparison.Ordinal)) return line;
        }
    }

    /// <summary>The next thing that this node is told is of our making: nothing was told before.</summary>
    private static async Task NothingWasDisconnected(TestNode node, string peer)
    {
        node.Domain.Peers.Values.Single(each => each.Name == peer).Fence(1);
        Assert.Equal($"{peer} disconnected 1 Fenced", await node.Until($"{peer} disconnected"));
    }
}
