using System.Diagnostics;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Peers;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Peers;

public sealed class CommsDomainTests : IDisposable
{
    private readonly TestCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Two_nodes_connect_and_talk()
    {
        (TestNode n1, TestNode n2) = Pair();
        Peer to2 = n1.Domain.Peers[2];

        Assert.Equal(SendResult.Accepted, to2.TrySend(7, 9, [1, 2, 3]));

        Assert.Equal("n1 connected 1", await n2.Next());
        Assert.Equal("n1 says 7 9 010203", await n2.Next());
        n2.Domain.Peers[1].TrySend(8, 1, []);
        Assert.Equal("n2 connected 1", await n1.Next());
        Assert.Equal("n2 says 8 1 ", await n1.Next());
        Assert.Equal(ConnectionState.Connected, to2.State);
        Assert.Equal(1ul, to2.Incarnation);
    }

    [Fact]
    public async Task Over_tcp_too()
    {
        // A port that was free a moment ago: each node has to know the other's before it exists.
        CommsEndpoint[] endpoints = [.. Enumerable.Range(0, 2).Select(_ =>
        {
            using var free = new ListeningSocket(CommsEndpoint.Parse("tcp://127.0.0.1:0"), UnixFileMode.None);
            return free.Endpoint;
        })];
        TestNode Node(uint id, uint peer) => new(new CommsDomainOptions
        {
            Local = new NodeIdentity("test", id, $"n{id}", 1),
            Listen = [endpoints[id - 1]],
            Peers = [new PeerAddress(peer, $"n{peer}", endpoints[peer - 1])],
        });
        using TestNode n1 = Node(1, 2).Start();
        using TestNode n2 = Node(2, 1).Start();

        n1.Domain.Peers[2].TrySend(1, 1, [5]);

        Assert.Equal("n1 says 1 1 05", await n2.Until("n1 says"));
    }

    [Fact]
    public async Task What_was_queued_before_the_peer_was_there_arrives_in_order()
    {
        TestNode n1 = _cluster.Node(1, [2]).Start();
        for (byte i = 0; i < 100; i++) Assert.Equal(SendResult.Accepted, n1.Domain.Peers[2].TrySend(1, 0, [i]));

        TestNode n2 = _cluster.Node(2, [1]).Start();

        Assert.Equal("n1 connected 1", await n2.Next());
        for (int i = 0; i < 100; i++) Assert.Equal($"n1 says 1 0 {i:X2}", await n2.Next());
    }

    [Fact]
    public async Task Messages_of_the_largest_size_pass_between_small_ones()
    {
        (TestNode n1, TestNode n2) = Pair();
        var received = new TaskCompletionSource();
        int count = 0;
        byte[] large = new Dice(1).Bytes(CommsLimits.PeerBodyBytesMax);
        n2.OnMessage = (_, _, _, body) =>
        {
            if (count % 2 == 0) Assert.True(body.SequenceEqual(large));
            else Assert.Equal(1, body.Length);
            if (++count == 40) received.SetResult();
        };

        for (int i = 0; i < 40; i++)
        {
            while (n1.Domain.Peers[2].TrySend(1, 0, i % 2 == 0 ? large : [1]) != SendResult.Accepted) await Task.Yield();
        }

        await Wait.For(received.Task);
        Assert.Throws<ArgumentException>(() => n1.Domain.Peers[2].TrySend(1, 0, new byte[CommsLimits.PeerBodyBytesMax + 1]));
    }

    [Fact]
    public async Task Links_cut_mid_stream_lose_repeat_and_reorder_nothing()
    {
        const int Count = 60_000;
        const int Cuts = 15;
        const int Step = Count / (Cuts + 1);
        Proxy[] proxies = [_cluster.Proxy(1, 2), _cluster.Proxy(2, 1)];
        TestNode n1 = _cluster.Node(1, [2]);
        TestNode n2 = _cluster.Node(2, [1]);
        int atNode1 = 0;
        int atNode2 = 0;
        Task[] received = [Expect(n1, number => Volatile.Write(ref atNode1, number)), Expect(n2, number => Volatile.Write(ref atNode2, number))];
        n1.Start();
        n2.Start();
        Peer to2 = n1.Domain.Peers[2];
        Peer to1 = n2.Domain.Peers[1];
        int allowed = Step;

        Task sending = Task.WhenAll(
            Task.Run(() => SendAll(to2), TestContext.Current.CancellationToken),
            Task.Run(() => SendAll(to1), TestContext.Current.CancellationToken));
        for (int cut = 1; cut <= Cuts; cut++)
        {
            // In the middle of both streams, and not before the last cut has healed.
            int point = allowed / 2;
            await Wait.Until(() => Volatile.Read(ref atNode1) >= point && Volatile.Read(ref atNode2) >= point, "some got through");
            long connections = to2.Statistics.Connections;
            foreach (Proxy proxy in proxies) proxy.Hold();
            Volatile.Write(ref allowed, (cut + 1) * Step);
            await Wait.Until(() => to2.Statistics.UnacknowledgedMessages > 0 && to1.Statistics.UnacknowledgedMessages > 0, "something is on its way");
            foreach (Proxy proxy in proxies) proxy.Cut();
            await Wait.Until(() => to2.Statistics.Connections > connections, "connected again");
        }

        Volatile.Write(ref allowed, Count);
        await Wait.For(sending);
        await Wait.For(Task.WhenAll(received));
        await Wait.Until(() => n1.Domain.Peers[2].Statistics.UnacknowledgedMessages == 0, "all acknowledged");
        PeerStatistics statistics = to2.Statistics;
        Assert.True(statistics.Connections > Cuts, $"{statistics.Connections} connections");
        Assert.True(statistics.ResentBytes > 0 && to1.Statistics.ResentBytes > 0, "Nothing was ever lost on the way, so nothing was proved.");
        Assert.Equal(0, statistics.Resets);

        void SendAll(Peer peer)
        {
            byte[] body = new byte[40];
            for (int i = 0; i < Count; i++)
            {
                while (i >= Volatile.Read(ref allowed)) Thread.Yield();
                BitConverter.TryWriteBytes(body, i);
                while (peer.TrySend(1, 0, body) == SendResult.WouldBlock) Thread.Yield();
            }
        }

        static Task Expect(TestNode node, Action<int> report)
        {
            var done = new TaskCompletionSource();
            int next = 0;
            node.OnMessage = (_, _, _, body) =>
            {
                int number = BitConverter.ToInt32(body);
                if (number != next) done.TrySetException(new InvalidOperationException($"{number} instead of {next}"));
                report(number);
                if (++next == Count) done.TrySetResult();
            };
            return done.Task;
        }
    }

    [Fact]
    public async Task A_peer_that_starts_again_resets_the_session_before_anything_new_is_heard()
    {
        (TestNode n1, TestNode n2) = Pair();
        await n1.Until("n2 connected 1");
        n1.Domain.Peers[2].TrySend(1, 0, [1]);
        await n2.Until("n1 says 1 0 01");
        n2.Dispose();
        Assert.StartsWith("n2 disconnected 1 ", await n1.Next());
        n1.Domain.Peers[2].TrySend(1, 0, [2]);

        TestNode again = _cluster.Node(2, [1], incarnation: 2);
        again.Domain.Peers[1].TrySend(1, 0, [3]);
        again.Start();

        Assert.Equal("n2 reset 1 2", await n1.Next());
        Assert.Equal("n2 connected 2", await n1.Next());
        Assert.Equal("n2 says 1 0 03", await n1.Next());
        n1.Domain.Peers[2].TrySend(1, 0, [4]);
        Assert.Equal("n1 connected 1", await again.Next());
        Assert.Equal("n1 says 1 0 04", await again.Next());
        Assert.Equal(SendResult.Closed, n1.Domain.Peers[2].TrySend(1, 0, [5], toIncarnation: 1));
        Assert.Equal(1, n1.Domain.Peers[2].Statistics.Resets);
    }

    [Fact]
    public async Task A_peer_cut_off_and_taken_in_again_hears_what_was_meant_for_its_new_life_and_nothing_else()
    {
        (TestNode n1, TestNode n2) = Pair();
        await n1.Until("n2 connected 1");
        Peer to2 = n1.Domain.Peers[2];
        to2.Fence(1);
        Assert.Equal(SendResult.Closed, to2.TrySend(1, 0, [1], toIncarnation: 1));
        Assert.Equal(SendResult.Accepted, to2.TrySend(1, 0, [2], toIncarnation: 2));
        Assert.Equal(SendResult.Accepted, to2.TrySend(1, 0, [3], toIncarnation: 2));
        await n1.Until("n2 disconnected 1");
        n2.Dispose();

        TestNode again = _cluster.Node(2, [1], incarnation: 2).Start();

        Assert.Equal("n1 says 1 0 02", await again.Until("n1 says"));
        Assert.Equal("n1 says 1 0 03", await again.Until("n1 says"));
    }

    [Fact]
    public async Task An_incarnation_that_is_older_than_a_known_one_is_refused_and_both_sides_say_so()
    {
        (TestNode n1, TestNode n2) = Pair(incarnation2: 5);
        await n1.Until("n2 connected 5");
        n2.Dispose();
        await n1.Until("n2 disconnected");

        TestNode old = _cluster.Node(2, [1], incarnation: 4).Start();

        Assert.Equal("refused StaleIncarnation 2 n2", await n1.Until("refused"));
        Assert.Equal("refused by StaleIncarnation 1 n1", await old.Until("refused"));
    }

    [Fact]
    public async Task A_clean_stop_delivers_everything_and_looks_like_one()
    {
        (TestNode n1, TestNode n2) = Pair();
        await n1.Until("n2 connected");

        // Only who is connected as it sees it itself has somebody to say goodbye to.
        await n2.Until("n1 connected");
        for (int i = 0; i < 1000; i++) n2.Domain.Peers[1].TrySend(1, 0, [7]);

        await Wait.For(n2.Domain.StopAsync());

        for (int i = 0; i < 1000; i++) Assert.Equal("n2 says 1 0 07", await n1.Next());
        Assert.Equal("n2 disconnected 1 TearDown", await n1.Next());
        Assert.Equal(SendResult.Closed, n1.Domain.Peers[2].TrySend(1, 0, []));
        Assert.Equal(ConnectionState.StandAlone, n2.Domain.Peers[1].State);
        Assert.Equal(0, n2.Domain.RentedSegments);

        _cluster.Node(2, [1], incarnation: 2).Start();
        Assert.Equal("n2 reset 1 2", await n1.Next());
        Assert.Equal("n2 connected 2", await n1.Next());
        Assert.Equal(SendResult.Accepted, n1.Domain.Peers[2].TrySend(1, 0, []));
    }

    [Fact]
    public async Task Nodes_that_stop_together_or_alone_do_so_promptly()
    {
        var watch = Stopwatch.StartNew();
        (TestNode n1, TestNode n2) = Pair();
        await n1.Until("n2 connected");
        await n2.Until("n1 connected");
        await Wait.For(Task.WhenAll(n1.Domain.StopAsync(), n2.Domain.StopAsync()));
        await Wait.For(_cluster.Node(3, [2]).Start().Domain.StopAsync());

        Assert.True(watch.Elapsed < CommsLimits.GoodbyeTimeout, $"Stopping took {watch.Elapsed}.");
    }

    [Fact]
    public async Task A_full_queue_turns_away_and_tells_when_the_peer_has_read()
    {
        TestNode n1 = _cluster.Node(1, [2], queueBytesMax: 100_000).Start();
        Peer to2 = n1.Domain.Peers[2];
        int accepted = 0;
        while (to2.TrySend(1, 0, new byte[1000]) == SendResult.Accepted) accepted++;
        Assert.Equal(90_000 / 1024, accepted);

        TestNode n2 = _cluster.Node(2, [1]).Start();

        await n1.Until("n2 sendable");
        Assert.Equal(SendResult.Accepted, to2.TrySend(9, 0, []));
        await n2.Until("n1 says 9");
    }

    [Fact]
    public async Task What_is_received_without_an_answer_is_acknowledged_all_the_same()
    {
        (TestNode n1, TestNode _) = Pair();
        await n1.Until("n2 connected");
        for (int round = 0; round < 20; round++)
        {
            n1.Domain.Peers[2].TrySend(1, 0, [1]);
            await Wait.Until(() => n1.Domain.Peers[2].Statistics.UnacknowledgedMessages == 0, "acknowledged");
        }

        Assert.Equal(0, n1.Domain.RentedSegments);
    }

    [Fact]
    public async Task Appended_messages_leave_together_when_flushed()
    {
        (TestNode n1, TestNode n2) = Pair();
        await n1.Until("n2 connected");
        await Wait.Until(() => n1.Domain.Peers[2].State == ConnectionState.Connected, "connected");
        Peer to2 = n1.Domain.Peers[2];
        long before = to2.Statistics.Sent.Sends;

        for (int i = 0; i < 50; i++) to2.TryAppend(1, 0, [1]);
        Assert.Equal(before, to2.Statistics.Sent.Sends);
        to2.Flush();

        Assert.Equal(before + 1, to2.Statistics.Sent.Sends);
        for (int i = 0; i < 50; i++) await n2.Until("n1 says");
    }

    [Fact]
    public async Task The_answers_to_one_read_leave_together()
    {
        (TestNode n1, TestNode n2) = Pair();
        await n1.Until("n2 connected");
        await Wait.Until(() => n1.Domain.Peers[2].State == ConnectionState.Connected, "connected");
        n2.OnMessage = (peer, _, _, body) => peer.TrySend(2, 0, body);

        using (n1.Domain.Peers[2].Batch())
        {
            for (int i = 0; i < 100; i++) n1.Domain.Peers[2].TrySend(1, 0, [1]);
        }

        for (int i = 0; i < 100; i++) await n1.Until("n2 says 2");

        // A send is counted when the call returns, which may be after its bytes have arrived.
        await Wait.Until(() => n2.Domain.Peers[1].Statistics.Sent.Sends >= 1, "the answers' sends are counted");
        Assert.InRange(n2.Domain.Peers[1].Statistics.Sent.Sends, 1, n2.Batches);
        Assert.InRange(n2.Batches, 1, 10);
    }

    [Fact]
    public async Task A_fenced_peer_is_cut_off_until_it_starts_again()
    {
        (TestNode n1, TestNode n2) = Pair();
        await n1.Until("n2 connected");

        n1.Domain.Peers[2].Fence(1);

        // A second link, that crossed the first, may be refused before.
        Assert.Equal("n2 disconnected 1 Fenced", await n1.Until("n2 disconnected"));
        Assert.Equal(SendResult.Closed, n1.Domain.Peers[2].TrySend(1, 0, []));
        Assert.Equal("refused by Fenced 1 n1", await n2.Until("refused"));
        n2.Dispose();
        TestNode again = _cluster.Node(2, [1], incarnation: 2).Start();
        Assert.Equal("n2 reset 1 2", await n1.Until("n2 reset"));
        n1.Domain.Peers[2].TrySend(1, 0, [6]);
        Assert.Equal("n1 says 1 0 06", await again.Until("n1 says"));
    }

    [Fact]
    public async Task A_handler_that_throws_stops_that_connection_for_good_and_no_other()
    {
        TestNode n1 = _cluster.Node(1, [2, 3]);
        n1.OnMessage = (peer, _, _, _) =>
        {
            if (peer.NodeId == 2) throw new InvalidOperationException("broken");
            peer.TrySend(4, 0, []);
        };
        n1.Start();
        TestNode n2 = _cluster.Node(2, [1]).Start();
        TestNode n3 = _cluster.Node(3, [1]).Start();

        n2.Domain.Peers[1].TrySend(1, 0, []);

        Assert.Equal("n2 disconnected 1 HandlerFailed", await n1.Until("n2 disconnected"));
        Assert.Equal(ConnectionState.StandAlone, n1.Domain.Peers[2].State);
        Assert.Equal("broken", n1.Domain.Peers[2].LastEnd.Fault!.Message);
        n3.Domain.Peers[1].TrySend(1, 0, []);
        await n3.Until("n1 says 4");
    }

    [Fact]
    public async Task Nodes_that_dial_each_other_at_the_same_moment_agree_every_time()
    {
        for (ulong round = 1; round <= 40; round++)
        {
            TestNode n1 = _cluster.Node(1, [2], round);
            TestNode n2 = _cluster.Node(2, [1], round);
            n1.Domain.Peers[2].TrySend(1, 0, [1]);
            n2.Domain.Peers[1].TrySend(1, 0, [2]);
            Parallel.Invoke(() => n1.Start(), () => n2.Start());

            await n1.Until("n2 says 1 0 02");
            await n2.Until("n1 says 1 0 01");
            Assert.Equal(1, n1.Domain.Peers[2].Statistics.Connections);
            Assert.Equal(1, n2.Domain.Peers[1].Statistics.Connections);
            n1.Dispose();
            n2.Dispose();
        }
    }

    [Fact]
    public async Task Three_nodes_all_reach_each_other()
    {
        uint[] ids = [1, 2, 3];
        TestNode[] nodes = [.. ids.Select(id => _cluster.Node(id, [.. ids.Where(other => other != id)]).Start())];
        foreach (TestNode node in nodes)
        {
            foreach (Peer peer in node.Domain.Peers.Values) peer.TrySend(1, 0, [0xEE]);
        }

        foreach (TestNode node in nodes)
        {
            HashSet<string> heard = [await node.Until("n"), await node.Until("n")];
            while (heard.Count(line => line.EndsWith("EE", StringComparison.Ordinal)) < 2) heard.Add(await node.Next());
        }
    }

    [Fact]
    public void The_time_that_passes_allocates_nothing()
    {
        using TestNode node = _cluster.Node(1, [2, 3]);
        TimeSpan now = TimeSpan.Zero;
        Assert.Equal(0, Allocations.PerRound(1000, () =>
        {
            now += TimeSpan.FromMilliseconds(1);
            node.Domain.Tick(now, out _);
            node.Domain.Beat(now, TimeSpan.Zero, out _);
        }));
    }

    [Fact]
    public async Task Receiving_and_answering_allocate_nothing_in_steady_state()
    {
        const int Round = 1000;
        (TestNode n1, TestNode n2) = Pair();
        var allocated = new TaskCompletionSource<long>();
        long before = 0;
        long least = long.MaxValue;
        int count = 0;
        n1.OnMessage = (peer, _, _, body) => peer.TrySend(1, 0, body);
        n2.OnMessage = (peer, _, _, body) =>
        {
            if (count % Round == 0)
            {
                long now = GC.GetAllocatedBytesForCurrentThread();
                if (count > 0) least = Math.Min(least, now - before);
                before = now;
            }

            if (count++ == Allocations.Rounds * Round) allocated.SetResult(least);
            peer.TrySend(1, 0, body);
        };

        n1.Domain.Peers[2].TrySend(1, 0, new byte[64]);

        Assert.Equal(0, await Wait.For(allocated.Task));
    }

    [Fact]
    public void Impossible_options_are_refused_by_name()
    {
        Assert.Contains("NodeId", Assert.Throws<ArgumentException>(() => _cluster.Node(0, [])).Message);
        Assert.Contains("1023", Assert.Throws<ArgumentException>(() => _cluster.Node(1024, [])).Message);
        Assert.Contains("Incarnation", Assert.Throws<ArgumentException>(() => _cluster.Node(1, [], incarnation: 0)).Message);
        Assert.Contains("Node id 1", Assert.Throws<ArgumentException>(() => _cluster.Node(1, [1])).Message);
        Assert.Contains("Node id 2", Assert.Throws<ArgumentException>(() => _cluster.Node(1, [2, 2])).Message);
        using TestNode n1 = _cluster.Node(1, []);
        CommsException e = Assert.Throws<CommsException>(() => _cluster.Node(1, []));
        Assert.Equal(CommsErrorCode.LocalEndpointInUse, e.Code);
    }

    private (TestNode N1, TestNode N2) Pair(ulong incarnation2 = 1) =>
        (_cluster.Node(1, [2]).Start(), _cluster.Node(2, [1], incarnation2).Start());
}
