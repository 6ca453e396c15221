using System.Net.Sockets;
using Tyer.Comms.Clients;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Clients;

public sealed class ClientLinkTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, int> Places => new()
    {
        { "tcp://127.0.0.1:0", 32 }, { "tcp://127.0.0.1:0", 0 }, { "tcp://[::1]:0", 32 }, { "unix", 32 }, { "unix", 0 },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Messages_go_both_ways_whole_and_in_order(string place, int threadedMax)
    {
        using ClientListener listener = Listen(new Acceptor(), place, threadedMax: threadedMax);
        var recorder = new Recorder();
        ClientLink client = await Connect(listener, recorder);
        var dice = new Dice(1);
        List<byte[]> sent = [];
        for (int i = 0; i < 300; i++)
        {
            byte[] body = dice.Bytes(dice.OneIn(10) ? dice.Below(CommsLimits.ClientBodyBytesMax + 1) : dice.Below(200));
            sent.Add(body);
            while (client.TrySend(1, (ulong)i, 0, body) != SendResult.Accepted) await Task.Yield();
            if (i % 50 == 49)
            {
                for (int j = i - 49; j <= i; j++)
                {
                    (ulong sequence, byte[] echo) = await recorder.Next();
                    Assert.Equal((ulong)j, sequence);
                    Assert.True(echo.AsSpan().SequenceEqual(sent[j]));
                }
            }
        }

        Assert.Equal(threadedMax == 0 ? 0 : 1, listener.Statistics.Threaded);
        client.Close();
        Assert.Equal(LinkEndReason.Closed, (await Wait.For(recorder.End)).Reason);
    }

    [Fact]
    public async Task The_answers_to_one_read_leave_in_one_send()
    {
        var acceptor = new Acceptor();
        using ClientListener listener = Listen(acceptor);
        var recorder = new Recorder();
        ClientLink client = await Connect(listener, recorder);
        (ClientLink server, Recorder heard) = await acceptor.Next();

        using (client.Batch())
        {
            for (ulong i = 0; i < 100; i++) client.TrySend(1, i, 0, [1, 2, 3]);
        }

        for (ulong i = 0; i < 100; i++) Assert.Equal(i, (await recorder.Next()).Sequence);
        Assert.Equal(1, client.Statistics.Sends);
        await Wait.Until(() => server.Statistics.Sends == heard.Batches, "one send for each read");
    }

    [Fact]
    public async Task A_client_that_vanishes_is_noticed_at_once()
    {
        var acceptor = new Acceptor();
        using ClientListener listener = Listen(acceptor);
        using Socket raw = ConnectRaw(listener);
        (_, Recorder heard) = await acceptor.Next();

        raw.Dispose();

        Assert.Equal(LinkEndReason.RemoteClosed, (await Wait.For(heard.End)).Reason);
        Assert.Equal(0, listener.Statistics.Connected);
    }

    [Fact]
    public async Task A_link_that_ends_inside_a_frame_says_so()
    {
        var acceptor = new Acceptor();
        using ClientListener listener = Listen(acceptor);
        using Socket raw = ConnectRaw(listener);
        raw.Send(Frames.TestFrames.Message(1, [1, 2, 3]).AsSpan(0, 25));
        raw.Dispose();

        Assert.Equal(FrameError.Truncated, (await Wait.For((await acceptor.Next()).Recorder.End)).FrameError);
    }

    [Fact]
    public async Task A_malformed_frame_ends_its_link_with_a_code_for_both_sides_and_leaves_the_others_alone()
    {
        var acceptor = new Acceptor();
        using ClientListener listener = Listen(acceptor);
        var bystander = new Recorder();
        ClientLink good = await Connect(listener, bystander);
        await acceptor.Next();
        using Socket raw = ConnectRaw(listener);
        (_, Recorder heard) = await acceptor.Next();
        byte[] frame = Frames.TestFrames.Message(1, [1, 2, 3]);
        frame[^1] ^= 1;

        raw.Send(frame);

        LinkEnd end = await Wait.For(heard.End);
        Assert.Equal((LinkEndReason.ProtocolError, FrameError.BadChecksum), (end.Reason, end.FrameError));
        (RefusalCode code, int detail) = RefusalIn(await ReadToEnd(raw));
        Assert.Equal((RefusalCode.MalformedFrame, (int)FrameError.BadChecksum), (code, detail));
        good.TrySend(1, 9, 0, [4]);
        Assert.Equal(9ul, (await bystander.Next()).Sequence);
    }

    [Theory]
    [InlineData(FrameKind.Hello)]
    [InlineData(FrameKind.Ready)]
    [InlineData(FrameKind.Ack)]
    [InlineData(FrameKind.Goodbye)]
    internal async Task A_client_may_not_speak_the_language_of_nodes(FrameKind kind)
    {
        var acceptor = new Acceptor();
        using ClientListener listener = Listen(acceptor);
        using Socket raw = ConnectRaw(listener);

        raw.Send(Frames.TestFrames.Of(new FrameHeader(0, kind, 0, 1, 0), default));

        Assert.Equal(FrameError.KindNotAllowed, (await Wait.For((await acceptor.Next()).Recorder.End)).FrameError);
    }

    [Fact]
    public async Task A_frame_of_a_later_version_that_may_be_skipped_is_skipped()
    {
        var acceptor = new Acceptor();
        using ClientListener listener = Listen(acceptor);
        using Socket raw = ConnectRaw(listener);

        raw.Send([.. Frames.TestFrames.Of(new FrameHeader(2, (FrameKind)0x90, 0, 1, 0), [1, 2]), .. Frames.TestFrames.Message(5, [])]);

        Assert.Equal(5ul, (await (await acceptor.Next()).Recorder.Next()).Sequence);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(0)]
    public async Task Random_bytes_end_their_own_link_only(int threadedMax)
    {
        var acceptor = new Acceptor();
        using ClientListener listener = Listen(acceptor, threadedMax: threadedMax);
        var bystander = new Recorder();
        ClientLink good = await Connect(listener, bystander);
        await acceptor.Next();
        for (ulong seed = 1; seed <= 200; seed++)
        {
            using Socket raw = ConnectRaw(listener);
            (_, Recorder heard) = await acceptor.Next();
            byte[] noise = new Dice(seed).Bytes(24 + (int)seed);
            raw.Send(noise);
            raw.Shutdown(SocketShutdown.Send);
            Assert.True((await Wait.For(heard.End)).Reason == LinkEndReason.ProtocolError, $"Seed {seed}");
        }

        good.TrySend(1, 9, 0, [4]);
        Assert.Equal(9ul, (await bystander.Next()).Sequence);
        await Wait.Until(() => listener.Statistics.Connected == 1, "only the good client is left");
        await Wait.Until(() => listener.RentedSegments == 0, "what was sent is let go of");
    }

    [Fact]
    public async Task A_receiver_that_throws_costs_its_own_link_only()
    {
        var acceptor = new Acceptor { Echoes = false };
        using ClientListener listener = Listen(acceptor);
        var recorder = new Recorder { Answer = (_, _) => throw new InvalidOperationException("broken") };
        await Connect(listener, recorder);
        (ClientLink server, _) = await acceptor.Next();

        server.TrySend(1, 1, 0, []);

        LinkEnd end = await Wait.For(recorder.End);
        Assert.Equal((LinkEndReason.HandlerFailed, "broken"), (end.Reason, end.Fault!.Message));
    }

    [Theory]
    [InlineData(32)]
    [InlineData(0)]
    public async Task A_client_that_does_not_read_is_told_of_and_grows_nothing(int threadedMax)
    {
        var acceptor = new Acceptor { Echoes = false };
        using ClientListener listener = Listen(acceptor, threadedMax: threadedMax);
        using Socket raw = ConnectRaw(listener);
        (ClientLink server, Recorder heard) = await acceptor.Next();

        while (server.TrySend(1, 1, 0, new byte[60_000]) == SendResult.Accepted)
        {
        }

        Assert.InRange(listener.RentedSegments, 1, (int)(CommsLimits.ClientQueueBytesMax / CommsLimits.SegmentBytes) + 1);
        server.Close();
        Assert.Equal(LinkEndReason.Closed, (await Wait.For(heard.End)).Reason);
        Assert.Equal(SendResult.Closed, server.TrySend(1, 1, 0, []));
        Assert.Equal(0, listener.RentedSegments);
    }

    [Fact]
    public async Task A_client_not_admitted_in_time_is_refused_and_counted()
    {
        var acceptor = new Acceptor { Admits = false };
        using ClientListener listener = Listen(acceptor, helloBudget: TimeSpan.FromMilliseconds(50));
        var recorder = new Recorder();
        await Connect(listener, recorder);

        LinkEnd end = await Wait.For(recorder.End);

        Assert.Equal((LinkEndReason.Refused, RefusalCode.HelloTimeout), (end.Reason, end.Refusal));
        Assert.Equal(RefusalCode.HelloTimeout, (await Wait.For((await acceptor.Next()).Recorder.End)).Refusal);
        Assert.Equal(1, listener.Statistics.Refused);
    }

    [Fact]
    public async Task An_admitted_client_may_be_silent_for_longer_than_the_budget()
    {
        var acceptor = new Acceptor();
        using ClientListener listener = Listen(acceptor, helloBudget: TimeSpan.FromMilliseconds(50));
        var admitted = new Recorder();
        ClientLink client = await Connect(listener, admitted);
        (ClientLink _, Recorder _) = await acceptor.Next();

        // Its own budget is long over when another one's, begun later, runs out.
        var silent = new Acceptor { Admits = false };
        using ClientListener other = Listen(silent, helloBudget: TimeSpan.FromMilliseconds(200));
        var late = new Recorder();
        await Connect(other, late);
        await Wait.For(late.End);

        client.TrySend(1, 3, 0, []);
        Assert.Equal(3ul, (await admitted.Next()).Sequence);
    }

    [Fact]
    public async Task One_connection_too_many_without_hello_takes_the_place_of_the_one_silent_for_longest()
    {
        var acceptor = new Acceptor { Admits = false };
        using ClientListener listener = Listen(acceptor, unadmittedMax: 3);
        List<(ClientLink Link, Recorder)> silent = [];
        List<Recorder> ends = [];
        for (int i = 0; i < 3; i++)
        {
            ends.Add(new Recorder());
            await Connect(listener, ends[i]);
            silent.Add(await acceptor.Next());
        }

        silent[0].Link.Admit();
        await Connect(listener, new Recorder());
        await acceptor.Next();
        Assert.Equal(0, listener.Statistics.Refused);

        // The admitted one does not count: it is the second who has been silent for longest.
        await Connect(listener, new Recorder());
        await acceptor.Next();
        Assert.Equal(RefusalCode.TooManyStrangers, (await Wait.For(ends[1].End)).Refusal);
        Assert.Equal(1, listener.Statistics.Refused);
        Assert.Equal(3, listener.Statistics.Unadmitted);
        Assert.False(ends[0].End.IsCompleted);
        Assert.False(ends[2].End.IsCompleted);
    }

    [Fact]
    public async Task A_listener_that_stops_tells_its_clients_why()
    {
        var recorder = new Recorder();
        var acceptor = new Acceptor();
        ClientListener listener = Listen(acceptor);
        await Connect(listener, recorder);
        await acceptor.Next();

        listener.Dispose();

        Assert.Equal(RefusalCode.ShuttingDown, (await Wait.For(recorder.End)).Refusal);
    }

    [Fact]
    public async Task Over_a_unix_socket_either_end_knows_the_other()
    {
        var acceptor = new Acceptor();
        using ClientListener listener = Listen(acceptor, "unix");
        ClientLink client = await Connect(listener, new Recorder());

        Assert.Equal(Environment.ProcessId, client.Credentials!.Value.ProcessId);
        Assert.Equal(Environment.ProcessId, (await acceptor.Next()).Link.Credentials!.Value.ProcessId);
    }

    [Fact]
    public async Task Nobody_there_is_a_coded_error()
    {
        CommsEndpoint nobody;
        using (ClientListener listener = Listen(new Acceptor())) nobody = listener.Endpoint;

        CommsException e = await Assert.ThrowsAsync<CommsException>(
            () => ClientLink.ConnectAsync(nobody, new Recorder(), cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(CommsErrorCode.ConnectFailed, e.Code);
        Assert.Contains(nobody.ToString(), e.Message);
    }

    [Fact]
    public async Task Nobody_answering_in_time_is_a_coded_error()
    {
        string path = _folder.File("full");
        using var full = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        full.Bind(new UnixDomainSocketEndPoint(path));
        full.Listen(0);
        using var first = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        first.Connect(new UnixDomainSocketEndPoint(path));

        CommsException e = await Assert.ThrowsAsync<CommsException>(() => ClientLink.ConnectAsync(
            CommsEndpoint.Parse("unix:" + path), new Recorder(), TimeSpan.FromMilliseconds(50), certificates: null, TestContext.Current.CancellationToken));
        Assert.Equal(CommsErrorCode.ConnectTimeout, e.Code);
    }

    [Fact]
    public async Task Receiving_and_answering_allocate_nothing_in_steady_state()
    {
        var far = new PingPong();
        using var listener = new ClientListener(
            new ClientListenerOptions { Endpoint = CommsEndpoint.Parse("tcp://127.0.0.1:0") }, new PingPongAcceptor(far));
        var near = new PingPong();
        near.Link = await ClientLink.ConnectAsync(listener.Endpoint, near, cancellationToken: TestContext.Current.CancellationToken);

        near.Link.TrySend(1, 0, 0, new byte[64]);

        Assert.Equal(0, await Wait.For(near.Allocated));
        Assert.Equal(0, await Wait.For(far.Allocated));
    }

    private ClientListener Listen(
        Acceptor acceptor, string place = "tcp://127.0.0.1:0", int threadedMax = 32, int unadmittedMax = 256, TimeSpan? helloBudget = null) =>
        new(
            new ClientListenerOptions
            {
                Endpoint = CommsEndpoint.Parse(place == "unix" ? "unix:" + _folder.File("s") : place),
                ThreadedMax = threadedMax,
                UnadmittedMax = unadmittedMax,
                HelloBudget = helloBudget ?? TimeSpan.FromMinutes(1),
            },
            acceptor);

    private static Task<ClientLink> Connect(ClientListener listener, Recorder recorder) =>
        ClientLink.ConnectAsync(listener.Endpoint, recorder, cancellationToken: TestContext.Current.CancellationToken);

    private static Socket ConnectRaw(ClientListener listener)
    {
        Socket socket = listener.Endpoint.CreateSocket();
        socket.Connect(listener.Endpoint.Address);
        return socket;
    }

    private static async Task<byte[]> ReadToEnd(Socket socket)
    {
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[1024];
        int count;
        while ((count = await Wait.For(socket.ReceiveAsync(buffer))) > 0) bytes.Write(buffer, 0, count);
        return bytes.ToArray();
    }

    private static (RefusalCode Code, int Detail) RefusalIn(byte[] bytes)
    {
        Assert.True(FrameParser.TryRead(bytes, 64, out MessageView frame, out _));
        Assert.Equal(FrameKind.Refusal, frame.Kind);
        return ((RefusalCode)BitConverter.ToUInt16(frame.Body), BitConverter.ToUInt16(frame.Body[2..]));
    }

    private sealed class PingPongAcceptor(PingPong far) : IClientAcceptor
    {
        public ILinkReceiver OnAccepted(ClientLink client)
        {
            client.Admit();
            far.Link = client;
            return far;
        }
    }

    /// <summary>Sends each message back, and measures what its reader's thread allocates.</summary>
    private sealed class PingPong : ILinkReceiver
    {
        private const int Round = 1000;
        private readonly TaskCompletionSource<long> _allocated = new();
        private long _before;
        private long _least = long.MaxValue;
        private int _count;

        public ClientLink? Link { get; set; }

        public Task<long> Allocated => _allocated.Task;

        public void OnMessage(in MessageView message)
        {
            if (_count % Round == 0)
            {
                long now = GC.GetAllocatedBytesForCurrentThread();
                if (_count > 0) _least = Math.Min(_least, now - _before);
                _before = now;
            }

            if (_count++ == Allocations.Rounds * Round) _allocated.SetResult(_least);
            Link!.TrySend(1, message.Sequence, 0, message.Body);
        }

        public void OnBatchEnd()
        {
        }

        public void OnSendable()
        {
        }

        public void OnClosed(in LinkEnd end)
        {
        }
    }
}
