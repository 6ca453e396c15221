using System.Buffers.Binary;
using System.Net.Sockets;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Sessions;
using Tyer.Comms.Tests.Frames;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Peers;

/// <summary>Who knocks on a node's door without being a proper peer.</summary>
public sealed class StrangerTests : IDisposable
{
    private readonly TestCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Theory]
    [InlineData(RefusalCode.BadMagic)]
    [InlineData(RefusalCode.VersionRange)]
    [InlineData(RefusalCode.MalformedHello)]
    [InlineData(RefusalCode.FeatureRequired)]
    [InlineData(RefusalCode.ClusterMismatch)]
    [InlineData(RefusalCode.WrongReceiver)]
    [InlineData(RefusalCode.UnknownSender)]
    [InlineData(RefusalCode.SenderIsSelf)]
    public async Task A_wrong_hello_is_refused_with_its_code_on_both_sides(RefusalCode code)
    {
        TestNode n1 = _cluster.Node(1, [2]).Start();
        var identity = new NodeIdentity("test", 2, "n2", 1);
        byte[] frame = code switch
        {
            RefusalCode.ClusterMismatch => new Hello(identity with { Cluster = "prod" }, 1, 1).ToFrame(),
            RefusalCode.WrongReceiver => new Hello(identity, 3, 1).ToFrame(),
            RefusalCode.UnknownSender => new Hello(identity with { NodeId = 9, Name = "n9" }, 1, 1).ToFrame(),
            RefusalCode.SenderIsSelf => new Hello(identity with { NodeId = 1 }, 1, 1).ToFrame(),
            _ => new Hello(identity, 1, 1).ToFrame(),
        };
        byte[] body = frame[FrameHeader.Bytes..];
        if (code == RefusalCode.BadMagic) body[0] ^= 1;
        if (code == RefusalCode.VersionRange) BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(8), 0x0009_0009);
        if (code == RefusalCode.MalformedHello) body[12] = 9;
        if (code == RefusalCode.FeatureRequired) body[24] = 1;
        using Socket socket = Knock();

        socket.Send(TestFrames.Of(new FrameHeader(body.Length, FrameKind.Hello, 0, 0, 0), body));

        Assert.Equal(code, await ReadRefusal(socket));
        Assert.StartsWith($"refused {code} ", await n1.Until("refused"));
        Assert.Equal(1, n1.Domain.Refused);
        await AssertServes(n1);
    }

    [Fact]
    public async Task Another_node_at_a_peers_address_is_refused_by_the_one_who_dialled()
    {
        TestNode n1 = _cluster.Node(1, [2]);
        using var impostor = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        impostor.Bind(new UnixDomainSocketEndPoint(_cluster.Path(2)));
        impostor.Listen(10);
        n1.Start();
        using Socket link = await Wait.For(impostor.AcceptAsync(TestContext.Current.CancellationToken).AsTask());

        link.Send(new Hello(new NodeIdentity("test", 3, "n3", 1), 1, 1).ToFrame());

        Assert.Equal("refused UnknownSender 3 n3", await n1.Until("refused"));
    }

    [Fact]
    public async Task What_is_not_our_protocol_is_refused_and_named()
    {
        TestNode n1 = _cluster.Node(1, [2]).Start();
        using Socket socket = Knock();

        socket.Send("GET / HTTP/1.1\r\n\r\n"u8);

        Assert.Equal(RefusalCode.MalformedFrame, await ReadRefusal(socket));
        Assert.Equal("refused MalformedFrame 0 ", await n1.Until("refused"));
    }

    [Theory]
    [InlineData(FrameKind.Message)]
    [InlineData(FrameKind.Ack)]
    [InlineData(FrameKind.Ping)]
    [InlineData(FrameKind.Fragment)]
    [InlineData(FrameKind.Ready)]
    [InlineData(FrameKind.Goodbye)]
    internal async Task Before_hello_nothing_else_is_heard(FrameKind kind)
    {
        TestNode n1 = _cluster.Node(1, [2]).Start();
        using Socket socket = Knock();
        socket.Send(TestFrames.Of(new FrameHeader(0, kind, 0, 1, 0), default));
        Assert.Equal(RefusalCode.MalformedFrame, await ReadRefusal(socket));
        await AssertServes(n1);
    }

    [Fact]
    public async Task A_stranger_is_not_trusted_with_a_megabyte()
    {
        _cluster.Node(1, [2]).Start();
        using Socket socket = Knock();
        socket.Send(TestFrames.Of(new FrameHeader(2000, FrameKind.Hello, 0, 1, 0), new byte[2000]).AsSpan(0, 4));
        Assert.Equal(RefusalCode.MalformedFrame, await ReadRefusal(socket));
    }

    [Fact]
    public async Task Random_bytes_do_no_harm()
    {
        TestNode n1 = _cluster.Node(1, [2]).Start();
        for (ulong seed = 1; seed <= 200; seed++)
        {
            using Socket socket = Knock();
            socket.Send(new Dice(seed).Bytes(24 + (int)seed));
            socket.Shutdown(SocketShutdown.Send);
            while (await Wait.For(socket.ReceiveAsync(new byte[100])) > 0)
            {
            }
        }

        await AssertServes(n1);
    }

    [Fact]
    public async Task A_peer_that_misbehaves_after_its_hello_loses_its_link()
    {
        TestNode n1 = _cluster.Node(1, [2]).Start();
        using Socket socket = Knock();
        var identity = new NodeIdentity("test", 2, "n2", 1);
        socket.Send(new Hello(identity, 1, 1).ToFrame());
        byte[] ready = new byte[Ready.FrameBytes];
        new Ready(2, new LaneMark(1, 0, 9, 9999), new LaneMark(1, 0, 9, 9999)).WriteFrame(ready);
        socket.Send(ready);
        await ReadUntil(socket, FrameKind.Ready);
        using Socket data = Knock();
        data.Send(new Hello(identity, 1, 3, Path: 0, LinkStream.Data, Attempt: 1).ToFrame());
        await ReadUntil(data, FrameKind.Ready);

        data.Send([.. TestFrames.Message(1, []), .. TestFrames.Message(3, [])]);
        Assert.Equal("n2 connected 1", await n1.Next());

        Assert.StartsWith("n2 says", await n1.Next());
        Assert.Equal("n2 disconnected 1 ProtocolError SequenceGap", await n1.Next());
        await AssertServes(n1, incarnation: 1, resets: true);
    }

    [Fact]
    public async Task Of_many_who_say_nothing_a_few_may_wait_and_not_for_long_and_the_first_go_first()
    {
        TestNode n1 = _cluster.Node(1, [2], helloBudget: TimeSpan.FromSeconds(2)).Start();
        const int Max = CommsLimits.StrangersMax + CommsLimits.LinksPerPeerMax;
        List<Socket> silent = [];
        for (int i = 0; i < Max; i++) silent.Add(Knock());

        silent.Add(Knock());
        Assert.Equal(RefusalCode.TooManyStrangers, await ReadRefusal(silent[0]));

        foreach (Socket socket in silent[1..]) Assert.Equal(RefusalCode.HelloTimeout, await ReadRefusal(socket));
        Assert.Equal(Max + 1, n1.Domain.Refused);
        Assert.Equal(1, n1.Domain.Refusals[RefusalCode.TooManyStrangers]);
        Assert.Equal(Max, n1.Domain.Refusals[RefusalCode.HelloTimeout]);
        await AssertServes(n1);
        foreach (Socket socket in silent) socket.Dispose();
    }

    private Socket Knock()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(_cluster.Path(1)));
        return socket;
    }

    private static async Task<RefusalCode> ReadRefusal(Socket socket)
    {
        byte[] bytes = new byte[FrameHeader.Bytes + Refusal.Bytes];
        for (int count = 0; count < bytes.Length;)
        {
            int more = await Wait.For(socket.ReceiveAsync(bytes.AsMemory(count), TestContext.Current.CancellationToken).AsTask());
            Assert.NotEqual(0, more);
            count += more;
        }

        Assert.True(FrameParser.TryRead(bytes, 64, out MessageView frame, out _));
        Assert.Equal(FrameKind.Refusal, frame.Kind);
        Assert.True(Refusal.TryRead(frame.Body, out RefusalCode code));
        return code;
    }

    private static async Task ReadUntil(Socket socket, FrameKind kind)
    {
        List<byte> bytes = [];
        byte[] one = new byte[1];
        while (true)
        {
            Assert.Equal(1, await Wait.For(socket.ReceiveAsync(one.AsMemory(), TestContext.Current.CancellationToken).AsTask()));
            bytes.Add(one[0]);
            if (!FrameParser.TryRead(bytes.ToArray(), CommsLimits.PeerBodyBytesMax, out MessageView frame, out _)) continue;
            bytes.Clear();
            if (frame.Kind == kind) return;
        }
    }

    /// <summary>After all that, the real peer is served.</summary>
    private async Task AssertServes(TestNode n1, ulong incarnation = 1, bool resets = false)
    {
        TestNode n2 = _cluster.Node(2, [1], resets ? incarnation + 1 : incarnation).Start();
        n2.Domain.Peers[1].TrySend(5, 0, [0xAB]);
        Assert.Equal("n2 says 5 0 AB", await n1.Until("n2 says 5"));
    }
}
