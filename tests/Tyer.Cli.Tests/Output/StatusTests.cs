using System.Text.Json;
using Tyer.Cli.Tests.Fakes;
using Tyer.Sessions.Administration;
using static Tyer.Cli.Tests.Fakes.Sample;

namespace Tyer.Cli.Tests.Output;

/// <summary><c>status</c>, <c>nodes</c> and <c>sessions</c>.</summary>
public sealed class StatusTests
{
    private static NodeStatus Node(ServingState serving = ServingState.Serving) => new()
    {
        Name = "n1",
        Id = 1,
        Incarnation = 17,
        Version = "0.1.0",
        ProcessId = 4711,
        Host = "db1",
        Uptime = TimeSpan.FromHours(26),
        Serving = serving,
        Shards = 2,
        Sessions = 3,
        Lockspaces = [new LockspaceStatus { Name = "shop", ValueSize = 64, Sessions = 2, Resources = 5, Locks = 7, Waiting = 1 }],
        Clock = new ClockStatus { Source = "boot time", CountsSuspend = true, Jumps = 0, RealTimeHeartbeats = true },
        StateDirectory = "/var/lib/tyer/n1",
        ClientEndpoints = ["unix:/run/tyer/tyerd.sock"],
    };

    private static ClusterStatus Cluster(ServingState serving = ServingState.Serving) => new()
    {
        Cluster = "prod",
        Node = Node(serving),
        Stack = new StackStatus { Name = "static", State = "Operating", Warning = "It does not notice when a node dies." },
        View = new ViewStatus { Id = 9, HasQuorum = true, IsSettled = false, Age = TimeSpan.FromSeconds(90) },
        Nodes =
        [
            new NodeInfo { Name = "n1", Id = 1, Incarnation = 17, Membership = NodeMembership.Member, Protocol = new ProtocolVersions(1, 2) },
            new NodeInfo { Name = "n2", Id = 2, Incarnation = 5, Membership = NodeMembership.Member, IsReachable = false, Trouble = "connection refused", Protocol = new ProtocolVersions(1, 1) },
            new NodeInfo { Name = "n3", Id = 3, Incarnation = 8, Membership = NodeMembership.Lost },
        ],
        Frozen =
        [
            new FrozenPart
            {
                Node = "n3", NodeId = 3, Incarnation = 8, Since = TimeSpan.FromSeconds(12), What = "locks that n3 held", WaitsFor = "proof that n3 has stopped",
                Remedy = "Make sure that it is off, and say so.",
            },
        ],
        Timing = new TimingStatus
        {
            SessionTimeout = TimeSpan.FromSeconds(10), ClientMargin = TimeSpan.FromMilliseconds(250), NodeLease = TimeSpan.FromSeconds(10),
            NodeLeaseRenewal = TimeSpan.FromSeconds(2), NodeLeaseMargin = TimeSpan.FromMilliseconds(500), ClockRateError = 0.01, NodeDeathBound = TimeSpan.FromSeconds(21),
        },
        Limitations = ["It does not cook."],
    };

    [Fact]
    public async Task Status_says_first_whether_it_serves_and_what_stands_still()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Status = Cluster();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("status"));
        Golden.Equal(
            """
            serving     yes
            node        n1 (id 1, incarnation 17) of cluster prod, at unix:/run/tyer/tyerd.sock
            process     pid 4711 on db1, version 0.1.0, up 1d2h
            stack       static, Operating
            view        9, with quorum, not settled, for 1m30s
            protocol    version 1 runs; offered by n1 1-2, n2 1
            nodes       n1 n2 (unreachable); lost: n3
            frozen      locks that n3 held, for 12s: waits for proof that n3 has stopped. Make sure that it is off, and say so.
            sessions    3
            lockspace   shop: 7 locks of 2 sessions here; 5 resources mastered here, 1 waiting
            session     lives 10s without a sign of life; a client stops 250ms before
            lease       10s, renewed every 2s, margin 500ms, clock error 1%
            bounds      a dead process's locks are free at once; a dead node's after 21s at most
            clock       boot time, counts suspend
            state       /var/lib/tyer/n1
            note        It does not notice when a node dies.
            note        It does not cook.
            """,
            harness.Out.ToString());
    }

    [Fact]
    public async Task That_nothing_fences_is_a_word_of_the_status()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Status = Cluster() with { Fencing = new FencingStatus { Without = ["n1", "n2", "n3"] }, Node = Node() with { OnExpulsion = "notify" } };
        await harness.RunAsync("status");
        Assert.Contains("\nfencing     disabled: no node has a fence agent; what a lost node held waits for its lease\n", harness.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "\nif put out  notify: its programs are told that their locks are lost; revoke: without a majority it is out when its lease has run out\n", harness.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_fenced_and_what_is_in_the_way_is_told_with_what_can_be_done()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Status = Cluster() with
        {
            Fencing = new FencingStatus
            {
                Agents = new Dictionary<string, IReadOnlyList<string>> { ["n3"] = ["fence_ipmilan", "fence_apc"] },
                Without = ["n1", "n2"],
                FreezesWithoutQuorum = true,
                Watchdog = "/dev/watchdog",
                WatchdogTimeout = TimeSpan.FromSeconds(10),
                IsWatchdogArmed = true,
                UnderWay =
                [
                    new FencingInfo
                    {
                        Node = "n3", NodeId = 3, Incarnation = 8, By = "n1", Stage = FencingStage.Waiting, Agent = "fence_ipmilan", Attempts = 4, NextIn = TimeSpan.FromSeconds(2),
                        LastError = "fence_apc: it ended with 1, and said: no route",
                    },
                ],
            },
            Node = Node() with { OnExpulsion = "watchdog" },
        };
        await harness.RunAsync("status");
        Golden.Equal(
            """
            fencing     n3 by fence_ipmilan, then fence_apc; disabled for n1, n2
            fencing     n3 (3.8) by n1: fence_ipmilan in 2s, attempt 4; last: fence_apc: it ended with 1, and said: no route. Mend that ('tyer fence test n3' shows whether it works), or make sure that it is off and say so: 'tyer fence ack n3'
            if put out  watchdog: the machine is reset; freeze: without a majority it keeps what is held, and grants nothing; feeds /dev/watchdog (10s) while it may act
            """,
            string.Concat(harness.Out.ToString().Split('\n').Where(line => line.StartsWith("fencing", StringComparison.Ordinal) || line.StartsWith("if put out", StringComparison.Ordinal)).Select(line => line + "\n")));
    }

    [Fact]
    public async Task Security_is_told_where_there_is_some_and_who_was_refused()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Status = Cluster() with { Node = Node() with { Security = "psk", Refused = new Dictionary<string, long> { ["WrongProof"] = 12, ["UnknownKey"] = 3 } } };
        await harness.RunAsync("status");
        Assert.Contains("\nsecurity    psk; refused: UnknownKey 3, WrongProof 12\n", harness.Out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ServingState.Starting, "not yet: it is starting")]
    [InlineData(ServingState.NoQuorum, "no: its side of the cluster has no quorum, or it cannot tell: see stack")]
    [InlineData(ServingState.Stopping, "no: it is stopping")]
    [InlineData(ServingState.Refused, "no: the cluster does not take it in")]
    [InlineData(ServingState.Expelled, "no: it was put out of the cluster")]
    public async Task A_node_that_does_not_serve_is_no_success(ServingState serving, string text)
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Status = Cluster(serving);
        Assert.Equal(ExitCodes.Unavailable, await harness.RunAsync("status"));
        Assert.StartsWith($"serving     {text}\n", harness.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_an_unclean_stop_it_says_how_long_it_waits()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Status = Cluster() with { Node = Node(ServingState.Starting) with { GrantsIn = TimeSpan.FromSeconds(8) } };
        await harness.RunAsync("status");
        Assert.StartsWith("serving     not yet: after an unclean stop it grants nothing for another 8s\n", harness.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_as_json_has_the_fields_of_the_administration()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Status = Cluster();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("status", "-o", "json"));
        using JsonDocument status = JsonDocument.Parse(harness.Out.ToString());
        Assert.Equal("prod", status.RootElement.GetProperty("cluster").GetString());
        Assert.Equal("Serving", status.RootElement.GetProperty("node").GetProperty("serving").GetString());
        Assert.Equal(93600, status.RootElement.GetProperty("node").GetProperty("uptime").GetDouble());
    }

    [Fact]
    public async Task Nodes_have_a_row_each()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Nodes = [Cluster().Nodes[0] with { Status = Node(), Since = TimeSpan.FromSeconds(90), Addresses = ["tcp://127.0.0.1:7600"] }, Cluster().Nodes[1]];
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("nodes"));
        Golden.Equal(
            """
            ID  NAME  MEMBER  REACHABLE  SINCE  SERVING  SESSIONS  LOCKS    UP  VERSION  PROTOCOL  ADDRESSES             TROUBLE
             1  n1    member  -          1m30s  Serving         3      7  1d2h  0.1.0    1-2       tcp://127.0.0.1:7600  -
             2  n2    member  no             -  -               -      -     -  -        1         -                     connection refused
            """,
            harness.Out.ToString());
    }

    [Fact]
    public async Task Sessions_have_a_row_each()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Sessions.Add(new SessionInfo
        {
            Node = "n1", Number = 5, Owner = Owner("web", 4711, "nightly"), Transport = "unix", OpenFor = TimeSpan.FromMinutes(2), Lockspaces = ["shop", "mail"],
            LocksHeld = 2, LocksWaiting = 1, KeepAliveAge = TimeSpan.FromSeconds(1.25), Timeout = TimeSpan.FromSeconds(10),
        });
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("sessions"));
        Golden.Equal(
            """
            NODE  NUMBER  PROCESS         PID  HOST  USER  BY    OPEN  HOLDS  WAITS  HEARD  LOCKSPACES
            n1         5  web 'nightly'  4711  db1   app   unix    2m      2      1   1.2s  shop mail
            """,
            harness.Out.ToString());
    }

    [Fact]
    public async Task Sessions_that_lack_a_member_say_so()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Missing = "n2";
        Assert.Equal(ExitCodes.Unavailable, await harness.RunAsync("sessions"));
        Assert.Contains("no answer from n2", harness.Error.ToString(), StringComparison.Ordinal);
    }
}
