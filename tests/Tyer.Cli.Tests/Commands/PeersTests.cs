using Tyer.Cli.Tests.Fakes;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Tests.Commands;

/// <summary>What operators see and change of a node's connections to others.</summary>
public class PeersTests
{
    private static readonly PeerInfo N2 = new()
    {
        Name = "n2",
        Id = 2,
        Connection = "Connecting",
        LastEnd = "the other side did not answer in time",
        Paths = [new PathInfo { Path = 0, Address = "tcp://192.0.2.7:7600", State = "Up", RoundTrip = TimeSpan.FromMicroseconds(250), ProvenBy = "key 00c0ffee", QueuedBytes = 1234, IsCarrying = true }, new PathInfo { Path = 1, State = "Down", IsCarrying = false }],
        PathPolicy = "least-queued",
        Connections = 3,
        Resets = 0,
        Duplicates = 0,
        ResentBytes = 12,
        SentBytes = 34_567,
        UnacknowledgedMessages = 4,
        UnacknowledgedBytes = 99,
    };

    [Fact]
    public async Task A_line_for_each_connection_and_each_way()
    {
        var cli = new CommandLineHarness();
        cli.Daemon.Peers.Add(N2);

        Assert.Equal(0, await cli.RunAsync("peers", "show"));
        string line = cli.Out.ToString().Split('\n')[1];
        foreach (string word in new[] { "n2", "Connecting", "1 of 2 up", "34,567", "key 00c0ffee", "did not answer in time" }) Assert.Contains(word, line, StringComparison.Ordinal);

        Assert.Equal(0, await cli.RunAsync("paths", "show", "2"));
        Assert.Matches("n2 +0 +Up +yes +least-queued +1,234 +0.250 ms +tcp://192.0.2.7:7600", cli.Out.ToString());
        Assert.Matches("n2 +1 +Down +no", cli.Out.ToString());
    }

    [Fact]
    public async Task Who_is_not_known_is_named_with_those_who_are()
    {
        var cli = new CommandLineHarness();
        cli.Daemon.Peers.Add(N2);

        Assert.Equal(ExitCodes.NotFound, await cli.RunAsync("peers", "show", "n7"));

        Assert.Contains("knows no 'n7'; it knows n2", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Orders_say_who_which_way_and_where()
    {
        var cli = new CommandLineHarness();
        cli.Daemon.Peers.Add(N2);

        Assert.Equal(0, await cli.RunAsync("disconnect", "n2"));
        Assert.Equal(0, await cli.RunAsync("connect", "2"));
        Assert.Equal(0, await cli.RunAsync("paths", "new", "n2", "1", "tcp://192.0.2.8:7600"));
        Assert.Equal(0, await cli.RunAsync("paths", "del", "n2", "0"));
        Assert.Equal(0, await cli.RunAsync("peers", "new", "n2", "tcp://192.0.2.9:7600"));
        Assert.Equal(0, await cli.RunAsync("peers", "del", "n2"));

        Assert.Equal(
            [
                new PeerOrder(PeerAction.Disconnect, "n2"), new PeerOrder(PeerAction.Connect, "2"), new PeerOrder(PeerAction.NewPath, "n2", 1, "tcp://192.0.2.8:7600"),
                new PeerOrder(PeerAction.DelPath, "n2", 0), new PeerOrder(PeerAction.NewPeer, "n2", Address: "tcp://192.0.2.9:7600"), new PeerOrder(PeerAction.DelPeer, "n2"),
            ],
            cli.Daemon.PeerOrders);
        Assert.Equal(ExitCodes.Usage, await cli.RunAsync("paths", "del", "n2", "8"));
        Assert.Equal(ExitCodes.Usage, await cli.RunAsync("connect"));
    }

    [Fact]
    public async Task A_probe_says_how_long_a_ping_takes_and_why_it_cannot_be_sent()
    {
        var cli = new CommandLineHarness();
        cli.Daemon.Probes.Add(new ProbeInfo
        {
            Path = 0, State = "Up", Sent = 20, Lost = 1,
            RoundTripMin = TimeSpan.FromMicroseconds(41), RoundTripMedian = TimeSpan.FromMicroseconds(52), RoundTripMax = TimeSpan.FromMilliseconds(3),
        });
        cli.Daemon.Probes.Add(new ProbeInfo { Path = 1, State = "Down", Sent = 0, Lost = 0, WhyDown = "the other side did not answer in time" });

        Assert.Equal(0, await cli.RunAsync("paths", "probe", "n2", "--count", "20"));
        Assert.Equal(0, await cli.RunAsync("paths", "probe", "2", "1"));

        Assert.Equal([new ProbeOrder("n2", null, 20), new ProbeOrder("2", 1)], cli.Daemon.ProbeOrders);
        Assert.Matches("0 +Up +20 +1 +0.041 ms +0.052 ms +3.000 ms", cli.Out.ToString());
        Assert.Matches("1 +Down +0 +0 .*the other side did not answer in time", cli.Out.ToString());
        Assert.Equal(ExitCodes.Usage, await cli.RunAsync("paths", "probe", "n2", "--count", "101"));
    }

    [Fact]
    public async Task Options_are_changed_by_name_and_all_are_shown()
    {
        var cli = new CommandLineHarness();

        Assert.Equal(0, await cli.RunAsync("net-options", "--hb-interval", "100ms", "--pong-count", "5"));

        Assert.Equal(new PeerOptions { HeartbeatInterval = TimeSpan.FromMilliseconds(100), PongCount = 5 }, cli.Daemon.PeerOptions);
        Assert.Matches("hb-interval +100ms", cli.Out.ToString());
        Assert.Matches("pong-count +5", cli.Out.ToString());
        Assert.Equal(ExitCodes.Usage, await cli.RunAsync("net-options", "--hb-interval", "soon"));
        Assert.Equal(0, await cli.RunAsync("net-options", "--path-policy", "least-queued", "--peer", "n2"));
        Assert.Equal(new PeerOptions { PathPolicy = "least-queued", Peer = "n2" }, cli.Daemon.PeerOptions);
    }
}
