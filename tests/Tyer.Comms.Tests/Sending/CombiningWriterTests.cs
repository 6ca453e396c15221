using System.Net.Sockets;
using Tyer.Comms.Frames;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Sending;

public sealed class CombiningWriterTests : IDisposable
{
    private readonly Socket _near;
    private readonly Socket _far;
    private readonly SegmentPool _pool = new();
    private readonly Owner _owner = new();
    private readonly SocketSink _sink;

    public CombiningWriterTests()
    {
        (_near, _far) = SocketPair.Connect();
        _sink = new SocketSink(_near);
    }

    public void Dispose()
    {
        _near.Dispose();
        _far.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Many_threads_lose_nothing_and_each_keeps_its_order(bool hasThread)
    {
        const int Threads = 8;
        const int Each = 20_000;
        QueueWriter writer = Writer(hasThread, bytesMax: 256 * 1024);

        // A small buffer and a reader that pauses make the socket block again and again.
        _near.SendBufferSize = 4096;
        Task<int[]> reading = Task.Run(() =>
        {
            int[] last = new int[Threads];
            Read(Threads * Each, frame =>
            {
                Assert.Equal(last[frame.Binding] + 1, (int)frame.Sequence);
                last[frame.Binding] = (int)frame.Sequence;
                if (frame.Sequence % 5000 == 0) Thread.Yield();
            });
            return last;
        });

        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(index => new Thread(() =>
        {
            byte[] body = new byte[40];
            for (int i = 1; i <= Each; i++)
            {
                var header = new FrameHeader(body.Length, FrameKind.Message, (ushort)index, (ulong)i, 0);
                while (writer.TrySend(header, body) == SendResult.WouldBlock) _owner.WaitForRoom();
            }
        }))];
        foreach (Thread thread in threads) thread.Start();

        Assert.All(await Wait.For(reading), last => Assert.Equal(Each, last));
        foreach (Thread thread in threads) thread.Join();
        await writer.DetachAsync(_sink);

        WriterStatistics statistics = writer.Statistics;
        Assert.Equal(Threads * Each * 64, statistics.Bytes);
        Assert.True(statistics.HandOvers > 0, "The socket never blocked, so the writer's own thread was not tried.");
        Assert.True(statistics.Sends < Threads * Each / 2, $"{statistics.Sends} sends for {Threads * Each} messages: nothing was merged.");
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public void A_lone_message_is_sent_by_its_own_caller()
    {
        QueueWriter writer = Writer();

        Assert.Equal(SendResult.Accepted, Send(writer, 1));

        Assert.Equal(1, writer.Statistics.Sends);
        Assert.Equal(0, writer.Statistics.HandOvers);
        Read(1, frame => Assert.Equal(1ul, frame.Sequence));
    }

    [Fact]
    public void A_batch_leaves_in_one_send_when_its_last_scope_ends()
    {
        QueueWriter writer = Writer();
        writer.EnterBatch();
        writer.EnterBatch();
        for (ulong i = 1; i <= 100; i++) Send(writer, i);
        writer.LeaveBatch();
        Assert.Equal(0, writer.Statistics.Sends);

        writer.LeaveBatch();

        Assert.Equal(1, writer.Statistics.Sends);
        Read(100, _ => { });
    }

    [Fact]
    public void A_batch_does_not_hold_back_more_than_a_send_can_merge()
    {
        QueueWriter writer = Writer();
        writer.EnterBatch();
        var header = new FrameHeader(60_000, FrameKind.Message, 0, 1, 0);
        writer.TrySend(header, new byte[60_000]);
        Assert.Equal(0, writer.Statistics.Sends);

        writer.TrySend(header, new byte[60_000]);

        Assert.Equal(1, writer.Statistics.Sends);
        writer.LeaveBatch();
    }

    [Fact]
    public void The_last_words_go_through_a_batch()
    {
        QueueWriter writer = Writer();
        writer.EnterBatch();
        Send(writer, 1);

        writer.TrySendThroughBatch(new FrameHeader(0, FrameKind.Message, 0, 2, 0), default);

        Assert.Equal(1, writer.Statistics.Sends);
        Read(2, _ => { });
    }

    [Fact]
    public async Task A_full_queue_turns_away_and_says_once_when_there_is_room()
    {
        QueueWriter writer = Writer(bytesMax: 64 * 1024);
        int accepted = 0;
        while (Send(writer, (ulong)accepted + 1) == SendResult.Accepted) accepted++;
        Assert.Equal(0, _owner.RoomCount);

        // Everything accepted arrives, and nothing of what was turned away.
        await Task.Run(() => Read(accepted, _ => { }), TestContext.Current.CancellationToken);

        await Wait.Until(() => _owner.RoomCount == 1, "room announced once");
        Assert.Equal(SendResult.Accepted, Send(writer, 1));
    }

    [Fact]
    public async Task A_dead_socket_is_reported_and_the_writer_closes()
    {
        QueueWriter writer = Writer();
        _far.Dispose();

        while (Send(writer, 1) != SendResult.Closed) Thread.Yield();

        Assert.NotEqual(SocketError.Success, await Wait.For(_owner.Failure));
        await Wait.For(writer.DetachAsync(_sink));
    }

    [Fact]
    public async Task Closing_ends_a_blocked_send()
    {
        QueueWriter writer = Writer(bytesMax: 4 * 1024 * 1024);
        while (Send(writer, 1) == SendResult.Accepted)
        {
        }

        _near.Shutdown(SocketShutdown.Both);

        await Wait.For(writer.DetachAsync(_sink));
        Assert.Equal(SendResult.Closed, Send(writer, 1));
    }

    [Fact]
    public void Sending_allocates_nothing_in_steady_state()
    {
        QueueWriter writer = Writer();
        byte[] body = new byte[64];
        byte[] received = new byte[88];
        void RoundTrip()
        {
            writer.TrySend(new FrameHeader(64, FrameKind.Message, 0, 1, 0), body);
            for (int count = 0; count < received.Length;) count += _far.Receive(received.AsSpan(count), SocketFlags.None, out SocketError _);
        }

        Assert.Equal(0, Allocations.PerRound(1000, RoundTrip));
    }

    private QueueWriter Writer(bool hasThread = true, long bytesMax = 1024 * 1024)
    {
        var writer = new QueueWriter(new SendQueue(_pool, bytesMax, keepsUntilReleased: false), hasThread);
        lock (writer.Gate) writer.SwitchTo(_sink, _owner);
        return writer;
    }

    private static SendResult Send(QueueWriter writer, ulong sequence) =>
        writer.TrySend(new FrameHeader(0, FrameKind.Message, 0, sequence, 0), default);

    private delegate void FrameAction(MessageView frame);

    private void Read(int frames, FrameAction action)
    {
        byte[] buffer = new byte[256 * 1024];
        int start = 0;
        int end = 0;
        while (frames > 0)
        {
            buffer.AsSpan(start..end).CopyTo(buffer);
            end -= start;
            start = 0;
            end += _far.Receive(buffer.AsSpan(end));
            while (FrameParser.TryRead(buffer.AsSpan(start..end), 64 * 1024, out MessageView frame, out FrameError error))
            {
                action(frame);
                start += frame.FrameBytes;
                frames--;
                Assert.Equal(FrameError.None, error);
            }
        }

        Assert.Equal(0, frames);
        Assert.Equal(start, end);
    }

    private sealed class Owner : IWriterOwner
    {
        private readonly TaskCompletionSource<SocketError> _failure = new();
        private readonly object _room = new();
        private int _roomCount;

        public Task<SocketError> Failure => _failure.Task;

        public int RoomCount => Volatile.Read(ref _roomCount);

        public void SendFailed(SocketError error) => _failure.TrySetResult(error);

        public void QueueHasRoom()
        {
            lock (_room)
            {
                _roomCount++;
                Monitor.PulseAll(_room);
            }
        }

        // The room may have been announced just before: who finds none tries again soon anyway.
        public void WaitForRoom()
        {
            lock (_room) Monitor.Wait(_room, millisecondsTimeout: 1);
        }
    }
}
