using Tyer.Cluster.Fencing;
using Tyer.Cluster.Tests.Watchdogs;
using Tyer.Tests.Shared.Stacks;

namespace Tyer.Cluster.Tests.Fencing;

public sealed class AgentRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-agents-").FullName;

    [Fact]
    public async Task An_agent_reads_action_node_and_options_as_lines()
    {
        string told = Path.Combine(_folder, "told");
        FenceAgent agent = Agent($"echo \"$told\" > {told}; echo done") with { Options = new Dictionary<string, string> { ["ip"] = "10.1.0.3", ["lanplus"] = "1", ["password"] = "a b=c" } };
        AgentResult result = await RunAsync(agent);
        Assert.True(result.IsDone);
        Assert.Equal("it ended with 0, and said: done", result.Why);
        Assert.Equal(["action=off", "ip=10.1.0.3", "lanplus=1", "nodename=n3", "password=a b=c", "port=n3"], await File.ReadAllLinesAsync(told, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_port_that_is_configured_is_told_instead_of_the_name()
    {
        FenceAgent agent = Agent("test \"$opt_port\" = vm-3 && test \"$opt_nodename\" = n3 && test \"$opt_action\" = reboot") with
        {
            Options = new Dictionary<string, string> { ["port"] = "vm-3" },
        };
        Assert.True((await AgentRun.RunAsync(agent, "n3", "reboot", TestContext.Current.CancellationToken)).IsDone);
    }

    [Fact]
    public async Task Passwords_come_from_a_file_of_the_owner_only()
    {
        string file = Path.Combine(_folder, "secrets");
        await File.WriteAllTextAsync(file, "# of the board\n\n username = admin\npassword=hunter2\n", TestContext.Current.CancellationToken);
        FenceAgent agent = Agent("test \"$opt_password\" = hunter2 && test \"$opt_username\" = admin") with { OptionsFile = file };
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        AgentResult refused = await RunAsync(agent);
        Assert.Null(refused.Code);
        Assert.Contains("chmod 600", refused.Why, StringComparison.Ordinal);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.True((await RunAsync(agent)).IsDone);
    }

    [Fact]
    public async Task What_an_agent_says_is_told_without_its_secrets()
    {
        FenceAgent agent = Agent("echo \"login with $opt_password at $opt_ip failed\" >&2; exit 1") with
        {
            Options = new Dictionary<string, string> { ["ip"] = "10.1.0.3", ["password"] = "hunter2" },
        };
        AgentResult result = await RunAsync(agent);
        Assert.Equal(1, result.Code);
        Assert.Equal("it ended with 1, and said: login with *** at 10.1.0.3 failed", result.Why);
        Assert.DoesNotContain("hunter2", agent.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_does_not_end_in_time_is_killed_with_its_children()
    {
        string alive = TestFifo.Make(Path.Combine(_folder, "alive"));
        // Over when nobody has the other end open any more.
        Task<string> ended = Task.Run(() => File.ReadAllText(alive));
        FenceAgent agent = Agent($"echo connecting; sleep 600 > {alive} & wait") with { Timeout = TimeSpan.FromSeconds(1) };
        AgentResult result = await RunAsync(agent);
        Assert.Null(result.Code);
        Assert.Equal("it was killed, as it had not ended after 1 s, and said: connecting", result.Why);
        Assert.Equal("", await ended.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_agent_that_reads_nothing_and_says_much_is_no_trouble()
    {
        string path = Path.Combine(_folder, "talker");
        await File.WriteAllTextAsync(path, "#!/bin/sh\nexec 0<&-\ni=0\nwhile [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done\nexit 3\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        AgentResult result = await RunAsync(new FenceAgent { Program = path });
        Assert.Equal(3, result.Code);
        Assert.EndsWith("line 19999", result.Why, StringComparison.Ordinal);
        Assert.InRange(result.Why.Length, 100, 1000);
    }

    [Fact]
    public void What_cannot_be_run_or_would_stop_nobody_is_refused_with_what_to_do()
    {
        FenceAgent good = Agent("exit 0");
        good.Validate();
        Assert.Contains("install it", Fault(good with { Program = "fence_of_nobody" }), StringComparison.Ordinal);
        Assert.Contains("set it to off or reboot", Fault(good with { Action = "on" }), StringComparison.Ordinal);
        Assert.Contains("Timeout", Fault(good with { Timeout = TimeSpan.Zero }), StringComparison.Ordinal);
        Assert.Contains("set Action", Fault(good with { Options = new Dictionary<string, string> { ["action"] = "off" } }), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", Fault(good with { Options = new Dictionary<string, string> { ["password"] = "hunter2\n" } }), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Fault(FenceAgent agent) => Assert.Throws<ArgumentException>(agent.Validate).Message;

    private FenceAgent Agent(string body) => new() { Program = AgentScript.Write(_folder, "agent", body) };

    private static Task<AgentResult> RunAsync(FenceAgent agent) => AgentRun.RunAsync(agent, "n3", "off", TestContext.Current.CancellationToken);
}
