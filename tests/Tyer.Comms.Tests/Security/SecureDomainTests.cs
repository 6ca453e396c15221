using System.Net;
using System.Net.Sockets;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Tests.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Security;

/// <summary>Nodes with keys, over real sockets.</summary>
public sealed class SecureDomainTests : IDisposable
{
    private readonly TestCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Two_nodes_with_the_same_key_connect_and_talk()
    {
        TestNode n1 = _cluster.Node(1, [2], security: Keys("k", (7, 'a'))).Start();
        TestNode n2 = _cluster.Node(2, [1], security: Keys("k", (7, 'a'))).Start();

        for (byte i = 0; i < 100; i++) n1.Domain.Peers[2].TrySend(1, 0, [i]);

        Assert.Equal("n1 connected 1", await n2.Next());
        for (int i = 0; i < 100; i++) Assert.Equal($"n1 says 1 0 {i:X2}", await n2.Next());
        n2.Domain.Peers[1].TrySend(2, 0, [9]);
        Assert.Equal("n2 says 2 0 09", await n1.Until("n2 says"));
        Assert.Equal(0, n1.Domain.Refused + n2.Domain.Refused);
    }

    [Fact]
    public async Task A_wrong_key_is_refused_and_told_on_both_sides()
    {
        TestNode n1 = _cluster.Node(1, [2], security: Keys("k", (7, 'a'))).Start();
        TestNode n2 = _cluster.Node(2, [1], security: Keys("other", (7, 'b'))).Start();

        // Whoever dialled checks first, and says so.
        string first = await n1.Until("refused");
        Assert.Contains("WrongProof", first);
        Assert.Contains("WrongProof", await n2.Until("refused"));
        await Wait.Until(() => Count(n1, RefusalCode.WrongProof) + Count(n2, RefusalCode.WrongProof) > 0, "the refusal is counted");
        Assert.NotEqual(ConnectionState.Connected, n1.Domain.Peers[2].State);
    }

    [Fact]
    public async Task A_key_that_is_not_there_is_refused()
    {
        using KnockingNode stranger = Knock(Keys("k", (7, 'a')), out TestNode n1);
        HandshakeState state = Handshake.Begin(HandshakeRole.Initiator, SecurityMode.Psk, "test", 2, TestKeys.Ring(9), SecurityOffer.NewNonce());
        stranger.Send((HelloOf(2) with { Security = state.Offer }).ToFrame());
        await AssertRefused(stranger, n1, RefusalCode.UnknownKey);
    }

    [Fact]
    public async Task A_peer_without_keys_is_refused()
    {
        using KnockingNode stranger = Knock(Keys("k", (7, 'a')), out TestNode n1);
        stranger.Send(HelloOf(2).ToFrame());
        await AssertRefused(stranger, n1, RefusalCode.SecurityMismatch);
    }

    [Fact]
    public async Task A_peer_with_keys_is_refused_where_there_are_none()
    {
        using KnockingNode stranger = Knock(PeerSecurity.None, out TestNode n1);
        HandshakeState state = Handshake.Begin(HandshakeRole.Initiator, SecurityMode.Psk, "test", 2, TestKeys.Ring(7), SecurityOffer.NewNonce());
        stranger.Send((HelloOf(2) with { Security = state.Offer }).ToFrame());
        await AssertRefused(stranger, n1, RefusalCode.SecurityMismatch);
    }

    [Fact]
    public async Task What_was_recorded_is_refused_when_it_is_said_again()
    {
        KeyRing ring = new(TestKeys.Key(7));
        using KnockingNode first = Knock(Keys("k", (7, 'a')), out TestNode n1);
        (HandshakeState state, byte[] proof) = await first.IntroduceAsync(HelloOf(2), ring, SecurityMode.Psk);
        first.Send(KnockingNode.FrameOf(proof));
        await first.AgreeAsync();

        using KnockingNode again = KnockingNode.AtUnix(_cluster.Path(1));
        again.Send(TestFramesOf(FrameKind.Hello, state.OwnHello.ToArray()));
        again.Send(KnockingNode.FrameOf(proof));

        await AssertRefused(again, n1, RefusalCode.WrongProof);
    }

    [Fact]
    public async Task Row_15_The_proof_of_a_node_sent_back_to_it_is_refused()
    {
        KeyRing ring = new(TestKeys.Key(7));
        using KnockingNode stranger = Knock(Keys("k", (7, 'a')), out TestNode n1);
        (HandshakeState state, _) = await stranger.IntroduceAsync(HelloOf(2), ring, SecurityMode.Psk);
        stranger.Send(KnockingNode.FrameOf(HandshakeKeys.Proof(ring.Active, "test", HandshakeRole.Responder, 1, Handshake.TranscriptOf(state))));
        await AssertRefused(stranger, n1, RefusalCode.WrongProof);
    }

    [Theory]
    [InlineData(FrameKind.Ready)]
    [InlineData(FrameKind.Message)]
    [InlineData(FrameKind.Ack)]
    [InlineData(FrameKind.Hello)]
    internal async Task Before_its_proof_a_peer_says_nothing_else(FrameKind kind)
    {
        using KnockingNode stranger = Knock(Keys("k", (7, 'a')), out TestNode n1);
        (HandshakeState state, _) = await stranger.IntroduceAsync(HelloOf(2), new KeyRing(TestKeys.Key(7)), SecurityMode.Psk);
        stranger.Send(kind == FrameKind.Hello ? TestFramesOf(kind, state.OwnHello.ToArray()) : TestFramesOf(kind, new byte[kind == FrameKind.Ready ? 16 : 0]));
        await AssertRefused(stranger, n1, RefusalCode.MalformedFrame);
        Assert.Equal(ConnectionState.Connecting, await StateOf(n1.Domain.Peers[2], ConnectionState.Connecting));
    }

    [Fact]
    public async Task Who_claims_to_be_a_peer_and_proves_nothing_takes_no_place_from_it()
    {
        PeerSecurity security = Keys("k", (7, 'a'));
        TestNode n1 = _cluster.Node(1, [2], security: security).Start();
        List<KnockingNode> claims = [];
        for (int i = 0; i < CommsLimits.StrangersMax; i++)
        {
            claims.Add(KnockingNode.AtUnix(_cluster.Path(1)));
            await claims[i].IntroduceAsync(HelloOf(2, incarnation: ulong.MaxValue), new KeyRing(TestKeys.Key(7)), SecurityMode.Psk);
        }

        TestNode n2 = _cluster.Node(2, [1], security: security).Start();
        n2.Domain.Peers[1].TrySend(5, 0, [0xAB]);

        Assert.Equal("n2 says 5 0 AB", await n1.Until("n2 says"));
        Assert.Equal(1ul, n1.Domain.Peers[2].Incarnation);
        foreach (KnockingNode claim in claims) claim.Dispose();
    }

    [Fact]
    public async Task Row_17_Keys_are_changed_while_nodes_talk()
    {
        Proxy[] proxies = [_cluster.Proxy(1, 2), _cluster.Proxy(2, 1)];
        PeerSecurity[] security = [Keys("k1", (7, 'a')), Keys("k2", (7, 'a'))];
        TestNode n1 = _cluster.Node(1, [2], security: security[0]).Start();
        TestNode n2 = _cluster.Node(2, [1], security: security[1]).Start();
        await Passes(1);

        // Installed everywhere, made active everywhere, and the old one retired everywhere; in between some have done the step and some have not.
        (uint, char)[][] steps = [[(7, 'a'), (8, 'b')], [(8, 'b'), (7, 'a')], [(8, 'b')]];
        byte number = 1;
        foreach ((uint, char)[] step in steps)
        {
            for (int node = 0; node < 2; node++)
            {
                Write($"k{node + 1}", step);
                security[node].Reload();
                await Passes(++number);
                foreach (Proxy proxy in proxies) proxy.Cut();
                await Passes(++number);
            }
        }

        Assert.Equal(0, n1.Domain.Refused + n2.Domain.Refused);
        Assert.Equal(0, n1.Domain.Peers[2].Statistics.Resets);

        async Task Passes(byte what)
        {
            n1.Domain.Peers[2].TrySend(1, 0, [what]);
            Assert.Equal($"n1 says 1 0 {what:X2}", await n2.Until("n1 says"));
        }
    }

    [Theory]
    [InlineData(SecurityMode.Psk)]
    [InlineData(SecurityMode.PskSeal)]
    public async Task A_key_that_is_retired_ends_what_it_had_proven_and_the_session_goes_on_by_the_next(SecurityMode mode)
    {
        PeerSecurity[] security = [TestKeys.Security(_cluster.File("k1"), mode, (7, 'a')), TestKeys.Security(_cluster.File("k2"), mode, (7, 'a'))];
        TestNode n1 = _cluster.Node(1, [2], security: security[0], paths: 2).Start();
        TestNode n2 = _cluster.Node(2, [1], security: security[1], paths: 2).Start();
        Peer to2 = n1.Domain.Peers[2];
        await Wait.Until(() => to2.Paths.All(path => path.State == Tyer.Comms.Paths.PathState.Up), "both paths are up");
        Assert.All(to2.Paths, path => Assert.Equal("key 00000007", path.ProvenBy));

        // The new key beside the old one, and then in front of it: nothing that stands is touched.
        foreach ((uint, char)[] step in (IEnumerable<(uint, char)[]>)[[(7, 'a'), (8, 'b')], [(8, 'b'), (7, 'a')]])
        {
            for (int node = 0; node < 2; node++)
            {
                Write($"k{node + 1}", step);
                security[node].Reload();
            }
        }

        to2.TrySend(1, 0, [1]);
        Assert.Equal("n1 says 1 0 01", await n2.Until("n1 says"));
        Assert.All(to2.Paths, path => Assert.Equal("key 00000007", path.ProvenBy));
        Assert.Equal(1, to2.Statistics.Connections);

        Write("k1", (8, 'b'));
        security[0].Reload();
        to2.TrySend(1, 0, [2]);
        Assert.Equal("n2 disconnected 1 Withdrawn", await n1.Until("n2 disconnected"));
        Assert.Equal("n1 says 1 0 02", await n2.Until("n1 says"));
        n2.Domain.Peers[1].TrySend(1, 0, [3]);
        Assert.Equal("n2 says 1 0 03", await n1.Until("n2 says"));
        await Wait.Until(() => to2.Paths.All(path => path.ProvenBy == "key 00000008"), "both paths are proven by the new key");
        Assert.Equal(0, to2.Statistics.Resets);
        Assert.Equal(0, n1.Domain.Refused + n2.Domain.Refused);
    }

    [Fact]
    public async Task Another_secret_under_the_same_id_is_another_key()
    {
        PeerSecurity security = Keys("k1", (7, 'a'));
        TestNode n1 = _cluster.Node(1, [2], security: security).Start();
        _cluster.Node(2, [1], security: Keys("k2", (7, 'a'))).Start();
        await n1.Until("n2 connected");
        security.Reload();
        Assert.Equal(ConnectionState.Connected, n1.Domain.Peers[2].State);

        Write("k1", (7, 'c'));
        security.Reload();
        Assert.Equal("n2 disconnected 1 Withdrawn", await n1.Until("n2 disconnected"));
        Assert.StartsWith("refused", await n1.Until("refused"));
    }

    [Fact]
    public async Task Who_fails_too_often_is_refused_unheard_and_others_are_served()
    {
        PeerSecurity security = Keys("k", (7, 'a'));
        CommsEndpoint[] endpoints = [FreePort(), FreePort()];
        using TestNode n1 = Node(1, 2).Start();
        for (int i = 0; i < CommsLimits.AddressFailuresMax; i++)
        {
            using KnockingNode attacker = KnockFrom("127.0.0.2");
            attacker.Send(HelloOf(2).ToFrame());
            Assert.Equal(RefusalCode.SecurityMismatch, await attacker.ReadRefusalAsync());
        }

        using (KnockingNode attacker = KnockFrom("127.0.0.2")) Assert.Equal(RefusalCode.TooManyFailures, await attacker.ReadRefusalAsync());

        Assert.Equal(CommsLimits.AddressFailuresMax, Count(n1, RefusalCode.SecurityMismatch));
        Assert.Equal(1, Count(n1, RefusalCode.TooManyFailures));
        Assert.Equal("refused SecurityMismatch 2 n2", await n1.Next());
        Assert.Equal("refused TooManyFailures 0 ", await n1.Next());
        using TestNode n2 = Node(2, 1).Start();
        n2.Domain.Peers[1].TrySend(5, 0, [0xAB]);
        Assert.Equal("n2 says 5 0 AB", await n1.Until("n2 says"));

        TestNode Node(uint id, uint peer) => new(new CommsDomainOptions
        {
            Local = new NodeIdentity("test", id, $"n{id}", 1),
            Listen = [endpoints[id - 1]],
            Peers = [new PeerAddress(peer, $"n{peer}", endpoints[peer - 1])],
            Security = security,
        });

        KnockingNode KnockFrom(string address)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            socket.Connect(endpoints[0].Address);
            return new KnockingNode(socket);
        }
    }

    [Theory]
    [InlineData("tcp://0.0.0.0:0", "tcp://127.0.0.1:1")]
    [InlineData("tcp://127.0.0.1:0", "tcp://10.0.0.2:7600")]
    public void Without_keys_a_node_does_not_leave_its_machine(string listen, string peer)
    {
        CommsDomainOptions Options(PeerSecurity security) => new()
        {
            Local = new NodeIdentity("test", 1, "n1", 1),
            Listen = [CommsEndpoint.Parse(listen)],
            Peers = [new PeerAddress(2, "n2", CommsEndpoint.Parse(peer))],
            Security = security,
        };

        CommsException e = Assert.Throws<CommsException>(() => new TestNode(Options(PeerSecurity.None)));

        Assert.Equal(CommsErrorCode.InsecureEndpoint, e.Code);
        Assert.Contains("tyer keygen", e.Message);
        Assert.Contains("KeyFile", e.Message);
        if (listen == "tcp://127.0.0.1:0") new TestNode(Options(Keys("k", (7, 'a')))).Dispose();
    }

    private static byte[] TestFramesOf(FrameKind kind, byte[] body) => Frames.TestFrames.Of(new FrameHeader(body.Length, kind, 0, 0, 0), body);

    private static Hello HelloOf(uint node, ulong incarnation = 1) => new(new NodeIdentity("test", node, $"n{node}", incarnation), 1, 1);

    private static long Count(TestNode node, RefusalCode code) => node.Domain.Refusals.GetValueOrDefault(code);

    private static async Task<ConnectionState> StateOf(Peer peer, ConnectionState awaited)
    {
        await Wait.Until(() => peer.State is var state && (state == awaited || state == ConnectionState.Unconnected), "the state is one of no connection");
        return awaited;
    }

    private static async Task AssertRefused(KnockingNode stranger, TestNode node, RefusalCode code)
    {
        Assert.Equal(code, await stranger.ReadRefusalAsync());
        Assert.StartsWith($"refused {code} ", await node.Until($"refused {code}"));
        Assert.Equal(1, Count(node, code));
    }

    private static CommsEndpoint FreePort()
    {
        using var free = new ListeningSocket(CommsEndpoint.Parse("tcp://127.0.0.1:0"), UnixFileMode.None);
        return free.Endpoint;
    }

    private KnockingNode Knock(PeerSecurity security, out TestNode node)
    {
        node = _cluster.Node(1, [2], security: security).Start();
        return KnockingNode.AtUnix(_cluster.Path(1));
    }

    private PeerSecurity Keys(string name, params (uint Id, char Digit)[] keys) => TestKeys.Security(_cluster.File(name), SecurityMode.Psk, keys);

    private void Write(string name, params (uint Id, char Digit)[] keys) => TestKeys.Write(_cluster.File(name), keys);
}
