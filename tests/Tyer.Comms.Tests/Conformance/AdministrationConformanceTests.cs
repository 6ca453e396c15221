using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Conformance;

/// <summary>What operators may change while nodes talk, over real sockets; the numbers are those of the list of capabilities.</summary>
public sealed class AdministrationConformanceTests : IDisposable
{
    private readonly TestCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Row_02_One_session_goes_over_paths_of_different_transports()
    {
        TestNode n2 = _cluster.Own(new CommsDomainOptions
        {
            Local = new NodeIdentity("test", 2, "n2", 1),
            Listen = [CommsEndpoint.Parse("tcp://127.0.0.1:0"), _cluster.EndpointOf(2)],
            Peers = [new PeerAddress(1, "n1", [_cluster.EndpointOf(1)])],
        });
        TestNode n1 = _cluster.Own(new CommsDomainOptions
        {
            Local = new NodeIdentity("test", 1, "n1", 1),
            Listen = [_cluster.EndpointOf(1)],
            Peers = [new PeerAddress(2, "n2", [n2.Domain.Endpoints[0], _cluster.EndpointOf(2)])],
        });
        n1.Start();
        n2.Start();
        await Wait.Until(() => n1.Domain.Peers[2].Paths.Count(path => path.State == PathState.Up) == 2, "both paths are up");

        for (byte i = 0; i < 10; i++)
        {
            if (i == 5) n1.Domain.Peers[2].RemovePath(n1.Domain.Peers[2].Paths.Single(path => path.IsCarrying).Path);
            n1.Domain.Peers[2].TrySend(1, 0, [i]);
        }

        for (int i = 0; i < 10; i++) Assert.Equal($"n1 says 1 0 {i:X2}", await n2.Until("n1 says"));
        Assert.Equal(CommsErrorCode.UnknownTransport, Assert.Throws<CommsException>(() => CommsEndpoint.Parse("sctp://127.0.0.1:1")).Code);
    }

    [Fact]
    public async Task Row_23_Options_change_while_messages_flow_and_what_cannot_be_changes_nothing()
    {
        (TestNode n1, TestNode n2) = await Pair();
        CommsDomain domain = n1.Domain;
        domain.Change(domain.Net with { HeartbeatInterval = TimeSpan.FromMilliseconds(20), HeartbeatTimeout = TimeSpan.FromSeconds(2), StallTimeout = TimeSpan.FromSeconds(3) });
        n1.Domain.Peers[2].TrySend(1, 0, [1]);
        Assert.Equal("n1 says 1 0 01", await n2.Until("n1 says"));
        Assert.Equal(1, n1.Domain.Peers[2].Statistics.Connections);

        NetOptions before = domain.Net;
        Assert.Equal(CommsErrorCode.OptionRange, Assert.Throws<CommsException>(() => domain.Change(before with { PongsToProve = 0 })).Code);
        Assert.Equal(CommsErrorCode.OptionConflict, Assert.Throws<CommsException>(() => domain.Change(before with { StallTimeout = before.HeartbeatTimeout })).Code);
        Assert.Same(before, domain.Net);
    }

    [Fact]
    public void Row_23_A_changed_interval_holds_from_the_next_ping_on()
    {
        var settings = new NetSettings(new NetOptions());
        var path = new PathHealth(settings);
        TimeSpan now = TimeSpan.FromMinutes(1);
        path.Begin(now);
        path.TakePing(now);
        Assert.Equal(now + CommsLimits.HeartbeatInterval, path.NextPing);

        settings.Present = new NetOptions { HeartbeatInterval = TimeSpan.FromMilliseconds(50), HeartbeatTimeout = TimeSpan.FromMilliseconds(300) };
        now = path.NextPing;
        path.TakePing(now);
        Assert.Equal(now + TimeSpan.FromMilliseconds(50), path.NextPing);
        Assert.False(path.IsOverdue(now + TimeSpan.FromMilliseconds(100)));
        Assert.True(path.IsOverdue(now + TimeSpan.FromMilliseconds(301)));
    }

    [Fact]
    public async Task Row_28_A_message_keeps_its_view_and_a_barrier_comes_after_all_before_it_over_a_break()
    {
        Proxy[] proxies = [_cluster.Proxy(1, 2), _cluster.Proxy(2, 1)];
        (TestNode n1, TestNode n2) = await Pair();
        Peer to2 = n1.Domain.Peers[2];
        foreach (Proxy proxy in proxies) proxy.Hold();

        // Two views, each closed by a barrier; the connection breaks with all of it on its way.
        for (uint view = 7; view <= 8; view++)
        {
            for (byte i = 0; i < 20; i++) to2.TrySend(1, view, [i]);
            to2.TrySend(9, view, []);
        }

        foreach (Proxy proxy in proxies) proxy.Cut();
        for (uint view = 7; view <= 8; view++)
        {
            for (int i = 0; i < 20; i++) Assert.Equal($"n1 says 1 {view} {i:X2}", await n2.Until("n1 says"));
            Assert.Equal($"n1 says 9 {view} ", await n2.Until("n1 says"));
        }
    }

    [Fact]
    public async Task A_peer_that_was_disconnected_stays_away_until_it_is_connected_and_misses_nothing()
    {
        (TestNode n1, TestNode n2) = await Pair();
        Peer to2 = n1.Domain.Peers[2];
        to2.TrySend(1, 0, [1]);
        Assert.Equal("n1 says 1 0 01", await n2.Until("n1 says"));

        to2.Disconnect();
        Assert.Equal("n2 disconnected 1 Closed", await n1.Until("n2 disconnected"));
        Assert.Equal($"refused by {RefusalCode.Disconnected} 1 n1", await n2.Until("refused by"));
        Assert.Equal(ConnectionState.StandAlone, to2.State);
        Assert.Equal(SendResult.Accepted, to2.TrySend(1, 0, [2]));
        n2.Domain.Peers[1].TrySend(1, 0, [3]);

        to2.Connect();
        Assert.Equal("n2 connected 1", await n1.Until("n2 connected"));
        Assert.Equal("n2 says 1 0 03", await n1.Until("n2 says"));
        Assert.Equal("n1 says 1 0 02", await n2.Until("n1 says"));
        Assert.Equal(0, to2.Statistics.Resets);
    }

    [Fact]
    public async Task Who_is_cut_off_can_be_neither_connected_nor_disconnected()
    {
        (TestNode n1, _) = await Pair();
        Peer to2 = n1.Domain.Peers[2];
        to2.Fence(1);
        await n1.Until("n2 disconnected");
        Assert.Equal(CommsErrorCode.Fenced, Assert.Throws<CommsException>(to2.Disconnect).Code);
        Assert.Equal(CommsErrorCode.Fenced, Assert.Throws<CommsException>(to2.Connect).Code);
    }

    [Fact]
    public async Task Peers_come_and_go_while_the_node_lives()
    {
        TestNode n1 = _cluster.Node(1, []).Start();
        TestNode n2 = _cluster.Node(2, [1]).Start();
        var address = new PeerAddress(2, "n2", [_cluster.EndpointOf(2)]);
        Peer peer = n1.Domain.AddPeer(address);
        peer.TrySend(1, 0, [5]);
        Assert.Equal("n1 says 1 0 05", await n2.Until("n1 says"));

        Assert.Equal(CommsErrorCode.PeerExists, Assert.Throws<CommsException>(() => n1.Domain.AddPeer(address)).Code);
        Assert.Equal(CommsErrorCode.PeerIsSelf, Assert.Throws<CommsException>(() => n1.Domain.AddPeer(address with { NodeId = 1 })).Code);
        Assert.Equal(CommsErrorCode.NotStandAlone, (await Assert.ThrowsAsync<CommsException>(() => n1.Domain.RemovePeerAsync(2))).Code);
        peer.Disconnect();
        await n1.Until("n2 disconnected");
        await n1.Domain.RemovePeerAsync(2);
        Assert.Empty(n1.Domain.Peers);
        Assert.Equal(CommsErrorCode.UnknownPeer, (await Assert.ThrowsAsync<CommsException>(() => n1.Domain.RemovePeerAsync(2))).Code);

        // It comes back in another life.
        n2.Dispose();
        _cluster.Node(2, [1], incarnation: 2).Start();
        n1.Domain.AddPeer(address);
        Assert.Equal("n2 connected 2", await n1.Until("n2 connected"));
    }

    [Fact]
    public async Task A_peer_that_was_forgotten_and_is_taken_in_again_goes_on_where_both_were()
    {
        (TestNode n1, TestNode n2) = await Pair();
        for (byte round = 1; round <= 3; round++)
        {
            Peer to2 = n1.Domain.Peers[2];
            Peer to1 = n2.Domain.Peers[1];
            to2.TrySend(1, 0, [round]);
            to1.TrySend(2, 0, [round]);
            Assert.Equal($"n1 says 1 0 {round:X2}", await n2.Until("n1 says"));
            Assert.Equal($"n2 says 2 0 {round:X2}", await n1.Until("n2 says"));

            to2.Disconnect();
            to2.TrySend(1, 0, [round, 1]);
            await n1.Domain.RemovePeerAsync(2);
            await n2.Until("n1 disconnected");
            to1.TrySend(2, 0, [round, 2]);
            n1.Domain.AddPeer(new PeerAddress(2, "n2", [_cluster.EndpointOf(2)]));
            Assert.Equal($"n1 says 1 0 {round:X2}01", await n2.Until("n1 says"));
            Assert.Equal($"n2 says 2 0 {round:X2}02", await n1.Until("n2 says"));
        }

        Assert.Equal(0, n1.Domain.Peers[2].Statistics.Resets + n2.Domain.Peers[1].Statistics.Resets);
        Assert.Equal(0, n2.Domain.Refusals.GetValueOrDefault(RefusalCode.SequenceLost));
    }

    [Fact]
    public async Task Who_was_cut_off_and_forgotten_is_still_cut_off_when_taken_in_again()
    {
        (TestNode n1, TestNode n2) = await Pair();
        n1.Domain.Peers[2].Fence(1);
        await n1.Until("n2 disconnected");
        await n1.Domain.RemovePeerAsync(2);
        Peer again = n1.Domain.AddPeer(new PeerAddress(2, "n2", [_cluster.EndpointOf(2)]));
        Assert.Equal($"refused by {RefusalCode.Fenced} 1 n1", await n2.Until("refused by Fenced"));
        Assert.Equal(SendResult.Closed, again.TrySend(1, 0, [1]));

        n2.Dispose();
        _cluster.Node(2, [1], incarnation: 2).Start();
        Assert.Equal("n2 connected 2", await n1.Until("n2 connected"));
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
