using System.Net;
using System.Net.Sockets;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Tests.Frames;
using Tyer.Comms.Tests.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Security;

/// <summary>Strangers in numbers, and slow ones, at the door of a node with keys, over TCP on loopback.</summary>
public sealed class StrangerStormTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly TestCluster _cluster = new();
    private readonly PeerSecurity _security;
    private readonly CommsEndpoint[] _endpoints;

    public StrangerStormTests()
    {
        _security = TestKeys.Security(_folder.File("k"), SecurityMode.PskSeal, (7, 'a'));
        _endpoints = [FreePort(), FreePort()];
    }

    public void Dispose()
    {
        _cluster.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_thousand_half_open_connections_do_not_keep_a_peer_out_and_are_counted()
    {
        const int Count = 1000;
        using TestNode n1 = Node(1, 2).Start();
        List<Socket> halfOpen = [];
        for (int i = 0; i < Count; i++)
        {
            halfOpen.Add(Connect());
            if (i % 3 == 0) halfOpen[i].Send(TestFrames.Message(1, []).AsSpan(0, 5));
        }

        using TestNode n2 = Node(2, 1).Start();
        n2.Domain.Peers[1].TrySend(5, 0, [0xAB]);
        Assert.Equal("n2 says 5 0 AB", await n1.Until("n2 says"));

        int crowdedOut = Count - CommsLimits.StrangersMax - CommsLimits.LinksPerPeerMax;
        await Wait.Until(() => Counted(n1, RefusalCode.TooManyStrangers) >= crowdedOut, "who was crowded out is counted");
        Assert.Equal(RefusalCode.TooManyStrangers, await new KnockingNode(halfOpen[0]).ReadRefusalAsync());
        foreach (Socket socket in halfOpen) socket.Dispose();
    }

    [Fact]
    public async Task Who_says_one_byte_at_a_time_has_no_more_time_than_others()
    {
        using TestNode n1 = Node(1, 2, helloBudget: TimeSpan.FromMilliseconds(700)).Start();
        using Socket slow = Connect();
        byte[] hello = new Hello(new NodeIdentity("test", 2, "n2", 1), 1, 1).ToFrame();
        var node = new KnockingNode(slow);
        Task<RefusalCode> refusal = node.ReadRefusalAsync();
        for (int i = 0; i < hello.Length && !refusal.IsCompleted; i++)
        {
            slow.Send(hello.AsSpan(i, 1), SocketFlags.None, out _);
            await Task.WhenAny(refusal, Task.Delay(50, TestContext.Current.CancellationToken));
        }

        Assert.Equal(RefusalCode.HelloTimeout, await refusal);
        Assert.Equal(1, Counted(n1, RefusalCode.HelloTimeout));
    }

    [Fact]
    public async Task A_peer_that_says_hello_and_never_proves_is_refused_in_time()
    {
        using TestNode n1 = Node(1, 2, helloBudget: TimeSpan.FromMilliseconds(700)).Start();
        using var stranger = new KnockingNode(Connect());
        await stranger.IntroduceAsync(new Hello(new NodeIdentity("test", 2, "n2", 1), 1, 1), new KeyRing(TestKeys.Key(7)), SecurityMode.PskSeal);
        Assert.Equal(RefusalCode.HelloTimeout, await stranger.ReadRefusalAsync());
        Assert.Equal(1, Counted(n1, RefusalCode.HelloTimeout));
    }

    [Fact]
    public async Task Random_bytes_are_refused_and_counted_and_the_peer_is_served()
    {
        const int Count = 200;
        using TestNode n1 = Node(1, 2).Start();
        for (ulong seed = 1; seed <= Count; seed++)
        {
            using Socket socket = Connect();
            socket.Send(new Dice(seed).Bytes(24 + (int)seed));
            socket.Shutdown(SocketShutdown.Send);
            Assert.Equal(RefusalCode.MalformedFrame, await new KnockingNode(socket).ReadRefusalAsync());
        }

        Assert.Equal(Count, Counted(n1, RefusalCode.MalformedFrame));
        Assert.Equal("refused MalformedFrame 0 ", await n1.Next());
        using TestNode n2 = Node(2, 1).Start();
        n2.Domain.Peers[1].TrySend(5, 0, [0xAB]);

        // All of them were told in one line.
        Assert.Equal("n2 connected 1", await n1.Next());
        Assert.Equal("n2 says 5 0 AB", await n1.Next());
    }

    [Theory]
    [InlineData(8, RefusalCode.VersionRange)]
    [InlineData(10, RefusalCode.WrongProof)]
    [InlineData(24, RefusalCode.FeatureRequired)]
    [InlineData(16, RefusalCode.WrongProof)]
    public async Task Versions_and_features_changed_on_the_way_never_lead_to_a_connection(int offset, RefusalCode code)
    {
        // Both ways lead through somebody who changes each hello that passes, checksum included.
        Proxy[] proxies = [_cluster.Proxy(1, 2), _cluster.Proxy(2, 1)];
        foreach (Proxy proxy in proxies)
        {
            proxy.OnTheWay(bytes =>
            {
                Span<byte> frame = bytes.Span;
                if (frame.Length < 64 || (FrameKind)frame[4] != FrameKind.Hello) return;
                FrameHeader header = FrameHeader.Read(frame);
                frame[FrameHeader.Bytes + offset] ^= 0x40;
                header.Write(frame, frame.Slice(FrameHeader.Bytes, header.Length));
            });
        }

        TestNode n1 = _cluster.Node(1, [2], security: _security).Start();
        TestNode n2 = _cluster.Node(2, [1], security: _security).Start();

        await Wait.Until(() => Counted(n1, code) + Counted(n2, code) > 0, "the change is noticed");
        Assert.Equal(0, n1.Domain.Peers[2].Statistics.Connections + n2.Domain.Peers[1].Statistics.Connections);
    }

    private static long Counted(TestNode node, RefusalCode code) => node.Domain.Refusals.GetValueOrDefault(code);

    private static CommsEndpoint FreePort()
    {
        using var free = new ListeningSocket(CommsEndpoint.Parse("tcp://127.0.0.1:0"), UnixFileMode.None);
        return free.Endpoint;
    }

    private TestNode Node(uint id, uint peer, TimeSpan? helloBudget = null) => new(new CommsDomainOptions
    {
        Local = new NodeIdentity("test", id, $"n{id}", 1),
        Listen = [_endpoints[id - 1]],
        Peers = [new PeerAddress(peer, $"n{peer}", _endpoints[peer - 1])],
        Security = _security,
        HelloBudget = helloBudget ?? TimeSpan.FromMinutes(1),
    });

    /// <summary>From another address than the peers have.</summary>
    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        socket.Connect(_endpoints[0].Address);
        return socket;
    }
}
