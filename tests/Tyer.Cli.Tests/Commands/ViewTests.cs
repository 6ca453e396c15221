using Tyer.Cli.Tests.Fakes;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Tests.Commands;

/// <summary>What a control daemon says by <c>tyer view</c>, and what <c>tyer recovery</c> shows.</summary>
public class ViewTests
{
    private const string View = """{ "id": 8, "members": [ { "name": "n1", "id": 1, "incarnation": 17 } ], "unproven": [ "3.5" ] }""";

    [Fact]
    public async Task A_view_is_read_from_standard_input_and_what_it_waits_for_is_said()
    {
        var cli = new CommandLineHarness { Input = View };
        cli.Daemon.Membership = new MembershipResult { Node = "n1", View = 8, IsSettled = false, Unproven = ["n3 (3.5)"] };

        Assert.Equal(0, await cli.RunAsync("view", "set"));

        var told = Assert.Single(cli.Daemon.Views);
        Assert.Equal((8ul, "3.5", true), (told.Id, Assert.Single(told.Unproven!), told.HasQuorum));
        Assert.Equal(new ViewMember("n1", 1, 17), Assert.Single(told.Members));
        Assert.Equal("n1 is in view 8, which waits for proof that n3 (3.5) acts no more.", cli.Out.ToString().Trim());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{ "id": "x", "members": [] }""")]
    public async Task What_is_no_view_is_not_sent(string text)
    {
        var cli = new CommandLineHarness { Input = text };

        Assert.Equal(ExitCodes.Usage, await cli.RunAsync("view", "set"));

        Assert.Empty(cli.Daemon.Views);
        Assert.Contains("this is no view", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_time_is_told_and_how_much_there_is_then()
    {
        var cli = new CommandLineHarness();
        cli.Daemon.Membership = new MembershipResult { Node = "n1", View = 8, IsSettled = true, SafeFor = TimeSpan.FromSeconds(9.4) };

        Assert.Equal(0, await cli.RunAsync("view", "renew", "8", "--safe-for", "10s"));

        Assert.Equal([new RenewalOrder(8, TimeSpan.FromSeconds(10))], cli.Daemon.Renewals);
        Assert.Equal("n1 is in view 8, which is settled; it may act for another 9.4 s.", cli.Out.ToString().Trim());
        Assert.Equal(ExitCodes.Usage, await cli.RunAsync("view", "renew", "8"));
    }

    [Fact]
    public async Task A_node_that_is_left_out_is_said_to_be_out()
    {
        var cli = new CommandLineHarness { Input = View };
        cli.Daemon.Membership = new MembershipResult { Node = "n2", View = 7, IsSettled = true, OutBecause = "view 8 leaves this node out" };

        Assert.Equal(0, await cli.RunAsync("view", "set"));

        Assert.Equal("n2 is out of its cluster: view 8 leaves this node out.", cli.Out.ToString().Trim());
    }

    [Fact]
    public async Task A_proof_is_told_and_how_the_node_stands_then()
    {
        var cli = new CommandLineHarness();
        cli.Daemon.Membership = new MembershipResult { Node = "n1", View = 8, IsSettled = true };

        Assert.Equal(0, await cli.RunAsync("view", "fence", "n3.5"));

        Assert.Equal(["n3.5"], cli.Daemon.Fences);
        Assert.Equal("n1 takes it that n3.5 acts no more; it is in view 8, which is settled.", cli.Out.ToString().Trim());
    }

    [Fact]
    public async Task Recoveries_are_shown_with_their_phases_and_what_the_newest_waits_for()
    {
        var cli = new CommandLineHarness();
        cli.Daemon.Recoveries =
        [
            new RecoveryInfo { View = 9, Age = TimeSpan.FromSeconds(3), Left = ["n3 (3.5)"], Installed = TimeSpan.FromMilliseconds(1.5), WaitsFor = ["LocksDone of n2"] },
            new RecoveryInfo { View = 8, Age = TimeSpan.FromSeconds(9), Joined = ["n1 (1.17)"], Installed = TimeSpan.Zero, SupersededBy = 9 },
        ];

        Assert.Equal(0, await cli.RunAsync("recovery"));

        Assert.Contains("n3 (3.5) left", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("1.5 ms", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("not yet", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("by view 9", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("waits for LocksDone of n2.", cli.Out.ToString(), StringComparison.Ordinal);
    }
}
