using System.Collections.Concurrent;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Frames;
using Tyer.Comms.Tests.Peers;

namespace Tyer.Comms.Tests.Security;

/// <summary>Each link of each path by itself: who is at its other end is proved on it, whatever was proved on others.</summary>
public sealed class SecurePathTests : IDisposable
{
    private readonly TestCluster _cluster = new();
    private TestNode? _n1;

    private string Pki => _cluster.File("pki");

    public void Dispose() => _cluster.Dispose();

    [Theory]
    [InlineData(SecurityMode.Psk)]
    [InlineData(SecurityMode.PskSeal)]
    [InlineData(SecurityMode.Mtls)]
    public async Task Messages_go_on_over_another_path_and_none_is_lost(SecurityMode mode)
    {
        Proxy[] first = [_cluster.Proxy(1, 2), _cluster.Proxy(2, 1)];
        (TestNode n1, TestNode n2) = Pair(mode);
        foreach (TestNode node in new[] { n1, n2 })
        {
            string[] ups = [await node.NextPath(), await node.NextPath()];
            Assert.Equal(["path 0 up", "path 1 up"], ups.Select(up => up[3..]).Order());
        }

        for (byte i = 0; i < 100; i++)
        {
            if (i == 50)
            {
                foreach (Proxy proxy in first) proxy.Dispose();
            }

            Assert.Equal(SendResult.Accepted, n1.Domain.Peers[2].TrySend(1, 0, [i]));
        }

        for (int i = 0; i < 100; i++) Assert.Equal($"n1 says 1 0 {i:X2}", await n2.Until("n1 says"));
        Assert.StartsWith("n2 path 0 Down", await n1.NextPath());
        Assert.Equal(0, n1.Domain.Refused + n2.Domain.Refused);
        Assert.Equal(0, n1.Domain.Peers[2].Statistics.Resets);
    }

    [Fact]
    public async Task A_data_link_is_not_believed_for_what_its_control_link_has_proved()
    {
        using KnockingNode control = await ControlAsync();
        using var data = KnockingNode.AtUnix(_cluster.Path(1));
        data.Send(DataHello().ToFrame());
        Assert.Equal(RefusalCode.SecurityMismatch, await data.ReadRefusalAsync());
    }

    [Theory]
    [InlineData(FrameKind.Message)]
    [InlineData(FrameKind.Ack)]
    [InlineData(FrameKind.Ping)]
    internal async Task Before_the_proof_nothing_is_heard_on_a_data_link(FrameKind kind)
    {
        using KnockingNode control = await ControlAsync();
        using var data = KnockingNode.AtUnix(_cluster.Path(1));
        await data.IntroduceAsync(DataHello(), new KeyRing(TestKeys.Key(7)), SecurityMode.Psk);
        data.Send(TestFrames.Of(new FrameHeader(0, kind, Binding: 1, Sequence: 1, View: 0), default));
        Assert.Equal(RefusalCode.MalformedFrame, await data.ReadRefusalAsync());
    }

    [Fact]
    public async Task Messages_come_over_a_data_link_that_has_proved_itself()
    {
        using KnockingNode control = await ControlAsync();
        using var data = KnockingNode.AtUnix(_cluster.Path(1));
        (_, byte[] proof) = await data.IntroduceAsync(DataHello(), new KeyRing(TestKeys.Key(7)), SecurityMode.Psk);
        data.Send(KnockingNode.FrameOf(proof));
        data.Send(TestFrames.Message(1, [0xAB]));
        Assert.EndsWith("AB", await _n1!.Until("n2 says"));
    }

    [Theory]
    [InlineData(SecurityMode.Psk, true)]
    [InlineData(SecurityMode.PskSeal, false)]
    public async Task Heartbeats_are_sealed_as_all_else_is(SecurityMode mode, bool isReadable)
    {
        byte[] ping = [0, 0, 0, 0, (byte)FrameKind.Ping, 0, 0, 0];
        byte[] pong = [0, 0, 0, 0, (byte)FrameKind.Pong, 0, 0, 0];
        var seen = new ConcurrentQueue<byte[]>();
        foreach (Proxy proxy in new[] { _cluster.Proxy(1, 2), _cluster.Proxy(2, 1) }) proxy.OnTheWay(bytes => seen.Enqueue(bytes.ToArray()));
        PeerSecurity security = Keys(mode);
        TestNode n1 = _cluster.Node(1, [2], security: security).Start();
        _cluster.Node(2, [1], security: security).Start();

        // The path is up after three of each.
        Assert.Equal("n2 path 0 up", await n1.NextPath());

        Assert.NotEmpty(seen);
        Assert.Equal(isReadable, seen.Any(bytes => bytes.AsSpan().IndexOf(ping) >= 0));
        Assert.Equal(isReadable, seen.Any(bytes => bytes.AsSpan().IndexOf(pong) >= 0));
    }

    /// <summary>Node 1, and a control link to it that node 2 has proved itself on.</summary>
    private async Task<KnockingNode> ControlAsync()
    {
        _n1 = _cluster.Node(1, [2], security: Keys(SecurityMode.Psk)).Start();
        KnockingNode control = KnockingNode.AtUnix(_cluster.Path(1));
        (_, byte[] proof) = await control.IntroduceAsync(new Hello(new NodeIdentity("test", 2, "n2", 1), 1, 1), new KeyRing(TestKeys.Key(7)), SecurityMode.Psk);
        control.Send(KnockingNode.FrameOf(proof));
        await control.AgreeAsync();
        return control;
    }

    private static Hello DataHello() => new(new NodeIdentity("test", 2, "n2", 1), 1, 2, Path: 0, LinkStream.Data, Attempt: 1);

    private (TestNode, TestNode) Pair(SecurityMode mode) => (Node(1, 2, mode), Node(2, 1, mode));

    private TestNode Node(uint id, uint peer, SecurityMode mode) => _cluster.Node(
        id, [peer], paths: 2, security: mode == SecurityMode.Mtls ? PeerSecurity.ByCertificates(TestCertificates.Store(Pki, $"node-{id}")) : Keys(mode)).Start();

    private PeerSecurity Keys(SecurityMode mode) => TestKeys.Security(_cluster.File("k"), mode, (7, 'a'));
}
