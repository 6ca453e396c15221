using Microsoft.Extensions.Logging;
using Tyer.Daemon.Configuration;

namespace Tyer.Cli.Tests.Daemon;

/// <summary>The daemon's configuration: one set of keys, three sources, and no key that is silently ignored.</summary>
public sealed class SettingsReaderTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    private DaemonSettings Read(string json = "{}", (string, string)[]? environment = null, (string, string)[]? flags = null)
    {
        File.WriteAllText(_file, json);
        return SettingsReader.Read(
            _file,
            (environment ?? []).Select(each => new KeyValuePair<string, string>(each.Item1, each.Item2)),
            (flags ?? []).Select(each => new KeyValuePair<string, string?>(each.Item1, each.Item2)));
    }

    private string Fault(string json = "{}", (string, string)[]? environment = null, (string, string)[]? flags = null) =>
        Assert.Throws<ConfigurationException>(() => Read(json, environment, flags)).Message.Replace(_file, "FILE", StringComparison.Ordinal);

    [Fact]
    public void A_file_sets_everything()
    {
        DaemonSettings settings = Read(
            """
            {
              // Comments are fine, and so is a trailing comma.
              "$schema": "tyerd.schema.json",
              "Name": "n1", "Id": 7, "Cluster": "prod", "Listen": "tcp://127.0.0.1:7600", "Socket": "/run/x.sock", "State": "/var/lib/x",
              "Stack": "static", "Weight": 2, "Shards": 4, "SessionTimeout": "12s", "LogLevel": "Debug",
              "Peers": { "n2": "tcp://127.0.0.1:7601", "n3": "tcp://127.0.0.1:7602" },
            }
            """);
        Assert.Equal(("n1", 7, "prod", "static"), (settings.Node.Name, settings.Node.Id, settings.Node.Cluster, settings.Node.Stack));
        Assert.Equal((2, 4, TimeSpan.FromSeconds(12)), (settings.Node.Weight, settings.Node.Shards, settings.Node.SessionTimeout));
        Assert.Equal(("/run/x.sock", "/var/lib/x", LogLevel.Debug), (settings.Socket, settings.Node.StateDirectory, settings.LogLevel));
        Assert.Equal(new Dictionary<string, string> { ["n2"] = "tcp://127.0.0.1:7601", ["n3"] = "tcp://127.0.0.1:7602" }, settings.Node.Peers);
    }

    private const string Three = """
        "Name": "n1", "Stack": "corosync", "Listen": "tcp://127.0.0.1:7600", "Peers": { "n2": "tcp://127.0.0.1:7601", "n3": "tcp://127.0.0.1:7602" }
        """;

    [Fact]
    public void Fence_agents_are_lists_for_each_node_and_a_later_source_changes_a_single_value()
    {
        TyerNodeOptions node = Read(
            $$"""
            {
              {{Three}}, "FenceDelay": "3s",
              "Fence": {
                "n1": [ { "Agent": "/bin/true" } ],
                "n3": [
                  { "Agent": "/bin/true", "Action": "reboot", "Timeout": "20s", "Options": { "ip": "10.1.0.3", "lanplus": 1 } },
                  { "Agent": "/bin/false", "OptionsFile": "/etc/tyer/apc" }
                ]
              }
            }
            """,
            [("TYER__Fence__n3__0__Timeout", "5s"), ("TYER__Fence__n3__0__Options__password", "hunter2")]).Node;
        Assert.Equal(["n1", "n3"], node.Fence.Keys.Order(StringComparer.Ordinal));
        var first = node.Fence["n3"][0];
        Assert.Equal(("/bin/true", "reboot", TimeSpan.FromSeconds(5)), (first.Program, first.Action, first.Timeout));
        Assert.Equal(new Dictionary<string, string> { ["ip"] = "10.1.0.3", ["lanplus"] = "1", ["password"] = "hunter2" }, first.Options.ToDictionary());
        Assert.Equal(("/bin/false", "off", "/etc/tyer/apc"), (node.Fence["n3"][1].Program, node.Fence["n3"][1].Action, node.Fence["n3"][1].OptionsFile));
        Assert.Equal(TimeSpan.FromSeconds(3), node.FenceDelay);
    }

    [Theory]
    [InlineData("""[ { "Agnet": "/bin/true" } ]""", "'Fence:n3:0:Agnet' is not known. Did you mean 'Agent'?")]
    [InlineData("""[ { "Action": "off" } ]""", "'Fence:n3:0' has no Agent")]
    [InlineData("""[ { "Agent": "/bin/true", "Timeout": "long" } ]""", "'Fence:n3:0:Timeout' is 'long'")]
    [InlineData("\"/bin/true\"", "'Fence:n3' takes a list of agents")]
    [InlineData("""{ "Agent": "/bin/true" }""", "'Fence:n3' takes a list of them")]
    [InlineData("""[ { "Agent": "fence_of_nobody" } ]""", "install it")]
    [InlineData("""[ { "Agent": "/bin/true", "Action": "on" } ]""", "set it to off or reboot")]
    public void A_fault_in_an_agent_says_where_it_is_and_what_would_be_right(string agents, string fault) =>
        Assert.Contains(fault, Fault($$"""{ {{Three}}, "Fence": { "n3": {{agents}} } }"""), StringComparison.Ordinal);

    [Theory]
    [InlineData("\"OnQuorumLoss\": \"freeze\"", "nothing can stop n1, n2, n3")]
    [InlineData("\"OnQuorumLoss\": \"freeze\", \"Fence\": { \"n1\": [ { \"Agent\": \"/bin/true\" } ], \"n3\": [ { \"Agent\": \"/bin/true\" } ] }", "nothing can stop n2")]
    [InlineData("\"OnExpulsion\": \"watchdog\"", "set Watchdog to its path")]
    [InlineData("\"OnExpulsion\": \"kil\"", "Did you mean 'kill'?")]
    [InlineData("\"Watchdog\": \"/nowhere\"", "modprobe softdog")]
    [InlineData("\"Watchdog\": \"/dev/null\", \"WatchdogInterval\": \"9s\"", "at most half of WatchdogTimeout")]
    [InlineData("\"Fence\": { \"n9\": [ { \"Agent\": \"/bin/true\" } ] }", "'n9', which is no node of this cluster")]
    public void What_could_not_be_kept_is_refused_at_the_start(string settings, string fault) =>
        Assert.Contains(fault, Fault($$"""{ {{Three}}, {{settings}} }"""), StringComparison.Ordinal);

    [Fact]
    public void With_an_agent_for_every_node_or_a_watchdog_nodes_may_freeze()
    {
        string agents = string.Join(", ", ((string[])["n1", "n2", "n3"]).Select(node => $$"""
            "{{node}}": [ { "Agent": "/bin/true" } ]
            """));
        Assert.Equal(QuorumLossPolicy.Freeze, Read($$"""{ {{Three}}, "OnQuorumLoss": "freeze", "Fence": { {{agents}} } }""").Node.OnQuorumLoss);
        TyerNodeOptions starving = Read($$"""{ {{Three}}, "OnQuorumLoss": "freeze", "OnExpulsion": "watchdog", "Watchdog": "/dev/null" }""").Node;
        Assert.Equal((ExpulsionPolicy.Watchdog, "/dev/null"), (starving.OnExpulsion, starving.Watchdog));
    }

    [Fact]
    public void Where_nobody_finds_out_that_a_node_is_lost_agents_are_refused() =>
        Assert.Contains("the stack is 'local', with which that has no effect", Fault("""{ "OnExpulsion": "kill" }"""), StringComparison.Ordinal);

    [Fact]
    public void A_password_in_a_file_that_others_read_is_warned_of()
    {
        if (OperatingSystem.IsWindows()) return;
        string text = $$"""{ {{Three}}, "Fence": { "n3": [ { "Agent": "/bin/true", "Options": { "password": "hunter2" } } ] } }""";
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        string caution = Assert.Single(Read(text).Cautions);
        Assert.Contains("OptionsFile", caution, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", caution, StringComparison.Ordinal);
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Empty(Read(text).Cautions);
    }

    [Fact]
    public void Flags_win_over_the_environment_and_that_over_the_file()
    {
        DaemonSettings settings = Read(
            """{ "Name": "file", "Cluster": "file", "State": "/file" }""",
            [("TYER__NAME", "env"), ("TYER__Cluster", "env"), ("TYER_SOCKET", "not a key"), ("PATH", "/bin")],
            [("Name", "flag")]);
        Assert.Equal(("flag", "env", "/file"), (settings.Node.Name, settings.Node.Cluster, settings.Node.StateDirectory));
    }

    [Fact]
    public void Peers_come_together_from_all_sources()
    {
        DaemonSettings settings = Read(
            """{ "Name": "n1", "Stack": "static", "Listen": "tcp://127.0.0.1:7600", "Peers": { "n2": "tcp://127.0.0.1:1", "n3": "tcp://127.0.0.1:2" } }""",
            [("TYER__PEERS__n3", "tcp://127.0.0.1:3")],
            [("Peers:n4", "tcp://127.0.0.1:4")]);
        Assert.Equal(["n2", "n3", "n4"], settings.Node.Peers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("tcp://127.0.0.1:3", settings.Node.Peers["n3"]);
    }

    [Fact]
    public void A_key_that_does_not_exist_is_an_error_with_a_suggestion()
    {
        Assert.Equal("FILE: 'Lsiten' is not known. Did you mean 'Listen'?", Fault("""{ "Lsiten": "x" }"""));
        Assert.Equal("FILE: 'Frobnicate' is not known.", Fault("""{ "Frobnicate": 1 }"""));
        Assert.Equal("FILE: 'Peer' is not known. Did you mean 'Peers'?", Fault("""{ "Peer": { "n2": "x" } }"""));
        Assert.Equal(
            "The environment variable 'TYER__CLUSTR' is not known. Did you mean 'TYER__Cluster'?",
            Fault(environment: [("TYER__CLUSTR", "x")]));
    }

    [Fact]
    public void All_faults_are_told_at_once()
    {
        string[] faults = Fault("""{ "Lsiten": "x", "Weight": "heavy" }""", flags: [("SessionTimeout", "soon")]).Split(Environment.NewLine);
        Assert.Equal(
            [
                "FILE: 'Lsiten' is not known. Did you mean 'Listen'?",
                "FILE: 'Weight' is 'heavy': it takes a whole number.",
                "The flag '--session-timeout' is 'soon': it takes a number with ms, s, m, h or d, such as 500ms, 30s or 1h30m.",
            ],
            faults);
    }

    [Theory]
    [InlineData("""{ "Volatile": "maybe" }""", "FILE: 'Volatile' is 'maybe': it takes true or false.")]
    [InlineData("""{ "LogLevel": "Debgu" }""",
        "FILE: 'LogLevel' is 'Debgu': it takes one of Trace, Debug, Information, Warning, Error, Critical, None. Did you mean 'Debug'?.")]
    [InlineData("""{ "LogLevel": "2" }""", "FILE: 'LogLevel' is '2': it takes one of Trace, Debug, Information, Warning, Error, Critical, None.")]
    [InlineData("""{ "Name": { "First": "n" } }""", "FILE: 'Name' takes a single value.")]
    [InlineData("""{ "Peers": "n2" }""", "FILE: 'Peers' takes one address per node: \"Peers\": { \"n2\": \"tcp://127.0.0.1:7601\" }.")]
    [InlineData("""{ "Peers": { "n2": "" } }""", "FILE: 'Peers:n2' needs an address.")]
    [InlineData("""{ "Weight": 17 }""", "Weight is 17; it takes 0 to 16.")]
    [InlineData("""{ "Name": "n1", "Stack": "statik" }""", "There is no stack 'statik'; there are 'local', 'static', 'external', 'corosync', 'etcd'.")]
    [InlineData("""{ "Name": "n1", "EtcdEndpoints": "http://127.0.0.1:2379" }""", "EtcdEndpoints is given, but the stack is 'local': set Stack to 'etcd', or leave it out.")]
    [InlineData("""{ "Name": "n1", "Stack": "etcd" }""", "The stack 'etcd' needs EtcdEndpoints, such as http://127.0.0.1:2379.")]
    [InlineData("""{ "Name": "n1", "Stack": "etcd", "EtcdEndpoints": "127.0.0.1" }""", "FILE: 'EtcdEndpoints' is '127.0.0.1': it takes http://HOST:PORT or https://HOST:PORT.")]
    [InlineData("""{ "Name": "n1", "Stack": "etcd", "EtcdEndpoints": "http://127.0.0.1:2379", "EtcdMembers": "n2=http://127.0.0.1:2380" }""",
        "EtcdMembers has n2, but not this node, n1: list it, or leave EtcdMembers out where etcd is run by somebody else.")]
    public void A_bad_value_is_named_with_what_a_good_one_is(string json, string fault) => Assert.Equal(fault, Fault(json));

    [Fact]
    public void A_cluster_that_is_secretly_one_node_is_an_error()
    {
        Assert.Contains("the stack is 'local', which is always one node", Fault("""{ "Peers": { "n2": "tcp://127.0.0.1:7601" } }"""), StringComparison.Ordinal);
        Assert.Equal(
            "Listen is given (tcp://0.0.0.0:7600), but the stack is 'local', which is always one node and listens to no other: "
            + "set Stack to 'static' or 'external', and Peers, or leave Listen out.",
            Fault("""{ "Listen": "tcp://0.0.0.0:7600" }"""));
        Assert.Contains("The stack 'static' needs peers", Fault("""{ "Name": "n1", "Stack": "static" }"""), StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_file_says_where() => Assert.StartsWith("FILE is not JSON: ", Fault("{ \"Name\": "), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_not_there_is_an_error()
    {
        File.Delete(_file);
        ConfigurationException exception = Assert.Throws<ConfigurationException>(() => SettingsReader.Read(_file, [], []));
        Assert.StartsWith($"The configuration file {_file} cannot be read: ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_file_lets_nodes_leave_their_machine()
    {
        DaemonSettings settings = Read("""
            { "Name": "n1", "Stack": "static", "Listen": "tcp://10.0.0.1:7600", "Peers": { "n2": "tcp://10.0.0.2:7600" }, "KeyFile": "/etc/tyer/cluster.key" }
            """);
        Assert.Equal("/etc/tyer/cluster.key", settings.Node.KeyFile);
    }

    [Theory]
    [InlineData("tcp://0.0.0.0:7600", "tcp://127.0.0.1:7601", "tcp://0.0.0.0:7600")]
    [InlineData("tcp://127.0.0.1:7600", "tcp://10.0.0.2:7601", "tcp://10.0.0.2:7601")]
    public void Without_keys_an_address_beyond_this_machine_is_an_error_that_says_what_to_do(string listen, string peer, string named) => Assert.Equal(
        $"'{named}' is beyond this machine, and nothing would tell who is there: make a key file with 'tyer keygen FILE', copy it to every node and name it as KeyFile "
        + "in the configuration, or use a loopback address.",
        Fault($$"""{ "Name": "n1", "Stack": "static", "Listen": "{{listen}}", "Peers": { "n2": "{{peer}}" } }"""));

    [Fact]
    public void Security_and_keys_that_contradict_each_other_are_an_error()
    {
        const string Static = """ "Name": "n1", "Stack": "static", "Listen": "tcp://127.0.0.1:1", "Peers": { "n2": "tcp://127.0.0.1:2" } """;
        Assert.StartsWith("Security is 'psk', which needs keys: make a key file with 'tyer keygen FILE'", Fault($$"""{ {{Static}}, "Security": "psk" }"""), StringComparison.Ordinal);
        Assert.Equal("KeyFile is given (/k), but Security is 'none': leave one of them out.", Fault($$"""{ {{Static}}, "Security": "none", "KeyFile": "/k" }"""));
        Assert.Equal("KeyFile is given (/k), but the stack is 'local', which has no peers: leave one of them out.", Fault("""{ "Name": "n1", "KeyFile": "/k" }"""));
        Assert.StartsWith("HeartbeatPriority is 16 and HeartbeatDscp 0; they take", Fault($$"""{ {{Static}}, "HeartbeatPriority": 16 }"""), StringComparison.Ordinal);
        Assert.StartsWith("PathPolicy is 'fast'; it takes passive or least-queued", Fault($$"""{ {{Static}}, "PathPolicy": "fast" }"""), StringComparison.Ordinal);
        Assert.StartsWith("Security is 'tls'; it takes none, psk, psk+seal", Fault($$"""{ {{Static}}, "Security": "tls" }"""), StringComparison.Ordinal);
    }
}
