using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Sending;
using Tyer.Comms.Sessions;
using Tyer.Comms.Tests.Chaos;
using Tyer.Comms.Tests.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Conformance;

/// <summary>What the comms layer must do about messages and sessions; the numbers are those of its list of capabilities.</summary>
public sealed class SessionConformanceTests : IDisposable
{
    private readonly TestCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Row_07_Over_connections_that_break_again_and_again_messages_come_once_and_in_order()
    {
        const int Count = 5000;
        Proxy[] proxies = [_cluster.Proxy(1, 2), _cluster.Proxy(2, 1)];
        (TestNode n1, TestNode n2) = await Pair();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int next = 0;
        n2.OnMessage = (_, _, _, body) =>
        {
            int number = BitConverter.ToInt32(body);
            if (number != next) all.TrySetException(new InvalidOperationException($"{number} instead of {next}"));
            if (++next == Count) all.TrySetResult();
        };
        Peer to2 = n1.Domain.Peers[2];
        for (int i = 0; i < Count; i++)
        {
            if (i % 1000 == 500)
            {
                foreach (Proxy proxy in proxies) proxy.Hold();
            }

            to2.TrySend(1, 0, BitConverter.GetBytes(i));
            if (i % 1000 != 600) continue;
            long before = to2.Statistics.Connections;
            foreach (Proxy proxy in proxies) proxy.Cut();
            await Wait.Until(() => to2.Statistics.Connections > before, "connected again");
        }

        await Wait.For(all.Task);
        Assert.True(to2.Statistics.ResentBytes > 0, "Nothing was on its way, so nothing was proved.");
        Assert.Equal(0, to2.Statistics.Resets);
    }

    [Fact]
    public async Task Row_08_A_restart_is_told_by_the_incarnation_and_nothing_of_the_old_life_reaches_the_new_one()
    {
        (TestNode n1, TestNode n2) = await Pair();
        n2.Dispose();
        await n1.Until("n2 disconnected 1");
        n1.Domain.Peers[2].TrySend(1, 0, [1]);

        TestNode again = _cluster.Node(2, [1], incarnation: 2).Start();
        Assert.Equal("n2 reset 1 2", await n1.Next());
        Assert.Equal("n2 connected 2", await n1.Next());
        n1.Domain.Peers[2].TrySend(1, 0, [2]);
        Assert.Equal("n1 says 1 0 02", await again.Until("n1 says"));
    }

    [Fact]
    public void Row_09_Acknowledgements_are_cumulative_ride_along_and_are_due_after_32_messages()
    {
        var session = new PeerSession(new SegmentPool(), 1 << 20, 100);
        session.Mark(new LaneMark[Lanes.Count]);
        for (ulong number = 1; number <= 31; number++) Receive(session, number);
        Assert.True(session.IsAcknowledgeOwed);
        Assert.False(session.Receives[Lanes.Lock].IsDue);
        Receive(session, 32);
        Assert.True(session.Receives[Lanes.Lock].IsDue);

        session.TrySend(Lanes.Lock, 1, 0, default, 0, isReply: false);
        session.TryResume([new LaneMark(1, 0, 10, 10_000), new LaneMark(1, 0, 10, 10_000)]);
        Assert.True(FrameParser.TryRead(new LaneSource(session).TakeFirst().Span, 100, out MessageView frame, out _));
        Assert.Equal((FrameKind.Ack, 32ul), (frame.Kind, frame.Sequence));
        Assert.False(session.IsAcknowledgeOwed);
    }

    [Fact]
    public async Task Row_10_No_more_is_on_its_way_than_the_receiver_allows_in_either_direction()
    {
        using var release = new ManualResetEventSlim();
        (TestNode n1, TestNode n2) = await Pair();
        foreach (TestNode node in new[] { n1, n2 }) node.OnMessage = (_, _, _, _) => release.Wait(TestContext.Current.CancellationToken);
        Peer[] peers = [n1.Domain.Peers[2], n2.Domain.Peers[1]];
        foreach (Peer peer in peers)
        {
            for (int i = 0; i < 12; i++) Assert.Equal(SendResult.Accepted, peer.TrySend(1, 0, new byte[1_000_000]));
        }

        // What the sockets hold beyond the window is never offered to them.
        await Wait.Until(() => peers.All(peer => peer.Statistics.Sent.Sends > 0), "something is sent");
        Assert.All(peers, peer => Assert.InRange(peer.Statistics.Sent.Bytes, 1, CommsLimits.LaneWindowBytes + 10_000));
        release.Set();
        await Wait.Until(() => peers.All(peer => peer.Statistics.UnacknowledgedMessages == 0), "all is taken");
        Assert.All(peers, peer => Assert.True(peer.Statistics.Sent.Bytes >= 12_000_000));
    }

    [Fact]
    public void Row_11_Memory_for_sending_is_bounded_and_answers_have_a_tenth_of_it()
    {
        TestNode n1 = _cluster.Node(1, [2], queueBytesMax: 1_000_000);
        Peer peer = n1.Domain.Peers[2];
        int accepted = 0;
        while (peer.TryAppend(1, 0, new byte[1000]) == SendResult.Accepted) accepted++;
        int replies = 0;
        while (peer.TryAppend(1, 0, new byte[1000], traits: SendTraits.Reply) == SendResult.Accepted) replies++;
        Assert.InRange(peer.Statistics.UnacknowledgedBytes, 990_000, 1_000_000);
        Assert.InRange(replies, accepted / 10, accepted / 8);
    }

    [Fact]
    public async Task Row_11_Who_may_wait_sends_more_than_the_queue_holds_in_the_order_of_coming()
    {
        const int Pieces = 40;
        TestNode n1 = _cluster.Node(1, [2], queueBytesMax: 1_000_000);
        Peer peer = n1.Domain.Peers[2];

        // Nobody takes anything yet: three fit, the others wait, and those behind the first of them hold nothing.
        Task<SendResult>[] sends = [.. Enumerable.Range(0, Pieces).Select(i => peer.SendAsync(1, 0, Piece(i), cancellationToken: TestContext.Current.CancellationToken).AsTask())];
        Assert.Equal(3, sends.Count(send => send.IsCompleted));
        Assert.InRange(peer.Statistics.UnacknowledgedBytes, 750_000, 1_000_000);
        using var impatient = new CancellationTokenSource();
        Task<SendResult> last = peer.SendAsync(1, 0, Piece(99), cancellationToken: impatient.Token).AsTask();
        impatient.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => last);

        TestNode n2 = _cluster.Node(2, [1]);
        int received = 0;
        var all = new TaskCompletionSource();
        n2.OnMessage = (_, _, _, body) =>
        {
            if (body.Length != 250_000 || body[0] != received) all.TrySetException(new InvalidDataException($"{body[0]} instead of {received}"));
            if (++received == Pieces) all.TrySetResult();
        };
        n1.Start();
        n2.Start();
        await Wait.For(all.Task);
        Assert.All(await Wait.For(Task.WhenAll(sends)), result => Assert.Equal(SendResult.Accepted, result));

        static byte[] Piece(int number)
        {
            byte[] piece = new byte[250_000];
            piece[0] = (byte)number;
            return piece;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Row_11_Who_waits_for_room_that_will_never_be_is_told(bool isFenced)
    {
        TestNode n1 = _cluster.Node(1, [2], queueBytesMax: 1_000_000).Start();
        Peer peer = n1.Domain.Peers[2];
        Task<SendResult>[] sends = [.. Enumerable.Range(0, 6).Select(_ => peer.SendAsync(1, 0, new byte[250_000], toIncarnation: 7, cancellationToken: TestContext.Current.CancellationToken).AsTask())];
        Assert.Equal(3, sends.Count(send => send.IsCompleted));
        if (isFenced) peer.Fence(7);
        else n1.Domain.Dispose();
        Assert.All((await Wait.For(Task.WhenAll(sends)))[3..], result => Assert.Equal(SendResult.Closed, result));
    }

    [Fact]
    public void Row_34_Sending_where_one_may_wait_allocates_nothing_where_one_need_not()
    {
        TestNode n1 = _cluster.Node(1, [2]);
        Peer peer = n1.Domain.Peers[2];
        byte[] body = new byte[8];

        // What is queued stays: the segments of the queue are taken from the pool, once for a thousand messages.
        for (int i = 0; i < 1000; i++) Send();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Send();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);

        void Send()
        {
            ValueTask<SendResult> sent = peer.SendAsync(1, 0, body, cancellationToken: TestContext.Current.CancellationToken);
            if (!sent.IsCompleted) Assert.Fail("it waits");
            if (sent.GetAwaiter().GetResult() != SendResult.Accepted) Assert.Fail("it is turned away");
        }
    }

    [Theory]
    [InlineData(8, 2, RefusalCode.VersionRange)]
    [InlineData(24, 1, RefusalCode.FeatureRequired)]
    public void Row_13_Versions_are_a_range_and_a_required_feature_that_is_unknown_is_refused(int offset, byte value, RefusalCode code)
    {
        byte[] body = new Hello(new NodeIdentity("c", 2, "n2", 1), 1, 1).ToFrame()[FrameHeader.Bytes..];
        body[10] = 9;
        Assert.Equal(RefusalCode.None, Hello.TryRead(body, out _));
        body[offset] = value;
        Assert.Equal(code, Hello.TryRead(body, out _));
    }

    [Theory]
    [InlineData(1, 0b00, RefusalCode.None)]
    [InlineData(2, 0b01, RefusalCode.None)]
    [InlineData(2, 0b10, RefusalCode.CombinationDenied)]
    [InlineData(2, 0b111, RefusalCode.CombinationDenied)]
    [InlineData(3, 0b00, RefusalCode.CombinationDenied)]
    [InlineData(9, 0b00, RefusalCode.CombinationDenied)]
    public void Row_13_A_pair_of_version_and_features_that_is_denied_is_refused_and_no_other(ushort highest, ulong offered, RefusalCode code)
    {
        // Version 2 is bad with the second feature, if both have it; version 3, which is the highest that both know, whatever it has.
        var knowing = new Dialect(1, 3, 0b11) { Denied = [new DeniedPair(2, 0b10), new DeniedPair(3, 0)] };
        byte[] body = (new Hello(new NodeIdentity("c", 2, "n2", 1), 1, 1) { Dialect = new Dialect(1, highest, offered) }).ToFrame()[FrameHeader.Bytes..];
        Assert.Equal(code, Hello.TryRead(body, out _, knowing));
        Assert.Equal(RefusalCode.None, Hello.TryRead(body, out _, new Dialect(1, 3, 0b01) { Denied = [new DeniedPair(2, 0b10)] }));
    }

    [Fact]
    public async Task Row_13_Who_knows_of_a_bad_pair_refuses_it_and_both_are_told()
    {
        var both = new Dialect(1, 2, 0b10);
        TestNode n1 = Node(1, 2, both with { Denied = [new DeniedPair(2, 0b10)] }).Start();
        TestNode n2 = Node(2, 1, both).Start();
        Assert.Equal("refused CombinationDenied 2 n2", await n1.Until("refused"));
        Assert.Equal("refused by CombinationDenied 1 n1", await n2.Until("refused by"));
        Assert.NotEqual(ConnectionState.Connected, n1.Domain.Peers[2].State);

        TestNode Node(uint id, uint peer, Dialect dialect) => _cluster.Own(new CommsDomainOptions
        {
            Local = new NodeIdentity("test", id, $"n{id}", 1),
            Listen = [_cluster.EndpointOf(id)],
            Peers = [new PeerAddress(peer, $"n{peer}", [_cluster.EndpointOf(peer)])],
            Dialect = dialect,
        });
    }

    [Fact]
    public void Row_14_Node_ids_are_checked_both_ways()
    {
        var local = new NodeIdentity("c", 1, "n1", 1);
        Hello From(uint sender, uint receiver) => new(new NodeIdentity("c", sender, "n", 1), receiver, 1);
        Assert.Equal(RefusalCode.None, From(2, 1).Judge(local, id => id == 2));
        Assert.Equal(RefusalCode.WrongReceiver, From(2, 3).Judge(local, id => id == 2));
        Assert.Equal(RefusalCode.UnknownSender, From(3, 1).Judge(local, id => id == 2));
        Assert.Equal(RefusalCode.SenderIsSelf, From(1, 1).Judge(local, id => id == 2));
    }

    [Fact]
    public async Task Row_19_Messages_are_merged_and_pings_do_not_wait_for_them()
    {
        (TestNode n1, _) = await Pair();
        Peer peer = n1.Domain.Peers[2];
        await Wait.Until(() => peer.Statistics.UnacknowledgedMessages == 0, "quiet");
        long before = peer.Statistics.Sent.Sends;
        using (peer.Batch())
        {
            for (int i = 0; i < 100; i++) peer.TrySend(1, 0, [1]);

            // While messages are held back, the path is pinged on.
            TimeSpan roundTrip = peer.Paths[0].RoundTrip;
            await Wait.Until(() => peer.Paths[0].RoundTrip != roundTrip, "another pong has come");
            Assert.Equal(before, peer.Statistics.Sent.Sends);
        }

        Assert.Equal(before + 1, peer.Statistics.Sent.Sends);
    }

    [Fact]
    public async Task Row_26_What_passed_is_counted()
    {
        (TestNode n1, _) = await Pair();
        Peer peer = n1.Domain.Peers[2];
        peer.TrySend(1, 0, new byte[100]);
        await Wait.Until(() => peer.Statistics.UnacknowledgedMessages == 0, "acknowledged");
        PeerStatistics statistics = peer.Statistics;
        Assert.Equal((1, 0, 0L), (statistics.Connections, statistics.Resets, statistics.ResentBytes));
        Assert.InRange(statistics.Sent.Bytes, 124, 300);
        Assert.True(peer.Paths[0].RoundTrip > TimeSpan.Zero);
    }

    [Fact]
    public async Task Row_27_A_fenced_life_is_cut_at_once_and_what_was_queued_for_it_is_dropped()
    {
        using var release = new ManualResetEventSlim();
        (TestNode n1, TestNode n2) = await Pair();
        n2.OnMessage = (_, _, _, _) => release.Wait(TestContext.Current.CancellationToken);
        Peer peer = n1.Domain.Peers[2];
        for (int i = 0; i < 10; i++) peer.TrySend(1, 0, new byte[1_000_000]);

        peer.Fence(1);

        Assert.Equal("n2 disconnected 1 Fenced", await n1.Until("n2 disconnected"));
        Assert.Equal(0, peer.Statistics.UnacknowledgedBytes);
        Assert.Equal(SendResult.Closed, peer.TrySend(1, 0, []));
        Assert.Equal(ConnectionState.Fenced, peer.State);
        release.Set();
    }

    [Fact]
    public async Task Row_29_Who_stops_delivers_everything_says_goodbye_and_raises_no_suspicion()
    {
        (TestNode n1, TestNode n2) = await Pair();
        for (int i = 0; i < 100; i++) n2.Domain.Peers[1].TrySend(1, 0, [7], traits: i % 2 == 0 ? SendTraits.Bulk : SendTraits.None);
        await Wait.For(n2.Domain.StopAsync());
        for (int i = 0; i < 100; i++) Assert.Equal("n2 says 1 0 07", await n1.Next());
        Assert.Equal("n2 disconnected 1 TearDown", await n1.Next());
    }

    [Fact]
    public void Row_33_A_life_of_several_nodes_and_paths_can_be_lived_again()
    {
        ulong Live()
        {
            var world = new ChaosWorld(new Dice(11));
            Assert.Null(world.Live(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(45)));
            return world.Hash;
        }

        Assert.Equal(Live(), Live());
    }

    [Fact]
    public void Row_34_A_message_costs_no_allocation_from_appending_to_acknowledging()
    {
        var pool = new SegmentPool();
        var sender = new PeerSession(pool, 1 << 20, 1000);
        var receiver = new PeerSession(pool, 1 << 20, 1000);
        sender.Begin(2);
        receiver.Begin(1);
        LaneMark[] marks = new LaneMark[Lanes.Count];
        receiver.Mark(marks);
        sender.TryResume(marks);
        var source = new LaneSource(sender);
        byte[] body = new byte[64];
        void Pass()
        {
            sender.TrySend(Lanes.Lock, 1, 2, body, 0, isReply: false);
            ReadOnlyMemory<byte> bytes = source.TakeFirst();
            FrameParser.TryRead(bytes.Span, 100, out MessageView frame, out _);
            receiver.Receives[Lanes.Lock].Receive(frame);
            source.Advance(bytes.Length);
            sender.TryAcknowledge(receiver.Receives[Lanes.Lock].Acknowledge());
        }

        Pass();
        Assert.Equal(0, Allocations.PerRound(1000, Pass));
        Assert.Equal(0, sender.UnacknowledgedMessages);
    }

    private static void Receive(PeerSession session, ulong number)
    {
        byte[] bytes = Tyer.Comms.Tests.Frames.TestFrames.Message(number, default);
        Assert.True(FrameParser.TryRead(bytes, 100, out MessageView frame, out _));
        Assert.Equal(ReceiveVerdict.Deliver, session.Receives[Lanes.Lock].Receive(frame));
    }

    private async Task<(TestNode N1, TestNode N2)> Pair()
    {
        TestNode n1 = _cluster.Node(1, [2]).Start();
        TestNode n2 = _cluster.Node(2, [1]).Start();
        await n1.Until("n2 connected");
        await n2.Until("n1 connected");
        return (n1, n2);
    }
}
