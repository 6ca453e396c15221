using Tyer.Cli.Tests.Fakes;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Tests.Commands;

/// <summary><c>tyer fence</c>: an operator's word, and trying out agents.</summary>
public class FenceTests
{
    [Fact]
    public async Task A_test_runs_the_agents_and_says_how_each_answered()
    {
        var cli = new CommandLineHarness();
        cli.Daemon.FenceTest = Result(new("fence_ipmilan", 0, "it ended with 0, and said: Status: ON", TimeSpan.FromSeconds(1.5)), new("fence_apc", 2, "it ended with 2, and said nothing", TimeSpan.FromSeconds(3)));

        Assert.Equal(ExitCodes.Ok, await cli.RunAsync("fence", "test", "n3"));

        Assert.Equal([("n3", "status")], cli.Daemon.FenceTests);
        Golden.Equal(
            """
            n1 has run 2 of n3's fence agents, in the order in which they would be tried:
            fence_ipmilan: works (1.5 s): it ended with 0, and said: Status: ON
            fence_apc: works (3.0 s): it ended with 2, and said nothing
            """,
            cli.Out.ToString());
    }

    [Fact]
    public async Task An_agent_that_fails_makes_the_command_fail()
    {
        var cli = new CommandLineHarness();
        cli.Daemon.FenceTest = Result(new("fence_ipmilan", 0, "it ended with 0, and said nothing", TimeSpan.Zero), new("fence_apc", null, "it cannot be run: gone", TimeSpan.Zero));

        Assert.Equal(ExitCodes.Error, await cli.RunAsync("fence", "test", "n3", "--action", "monitor"));

        Assert.Equal([("n3", "monitor")], cli.Daemon.FenceTests);
        Assert.Contains("fence_apc: FAILS (0.0 s): it cannot be run: gone", cli.Out.ToString(), StringComparison.Ordinal);
    }

    private static FenceTestResult Result(params FenceTestAnswer[] answers) => new() { By = "n1", Node = "n3", Agents = answers };
}
