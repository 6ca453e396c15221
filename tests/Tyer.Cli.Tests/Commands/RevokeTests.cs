using Tyer.Cli.Tests.Fakes;
using Tyer.Sessions.Administration;
using static Tyer.Cli.Tests.Fakes.Sample;

namespace Tyer.Cli.Tests.Commands;

/// <summary><c>revoke</c>: nobody loses a lock by accident.</summary>
public sealed class RevokeTests
{
    private static CommandLineHarness Holding(string answer = "", bool canAsk = false)
    {
        var harness = new CommandLineHarness { Input = answer, CanAsk = canAsk };
        harness.Daemon.Resources.Add(Resource("r", Held("r", 1, LockMode.Exclusive, Owner("web", 4711))));
        return harness;
    }

    [Fact]
    public async Task It_shows_whom_it_hits_and_passes_the_reason_on()
    {
        CommandLineHarness harness = Holding();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("revoke", "id:40000000000001", "--reason", "it hangs"));
        Assert.Equal(
            "tyer: 'r' in lockspace 'default': EX held for 12.3 s by web (pid 4711 on db1, user app, node n1), id:40000000000001, token 7.1001.\n",
            harness.Error.ToString());
        Assert.Equal("revoked id:40000000000001\n", harness.Out.ToString());
        Assert.Equal((new LockId(0x40000000000001), "it hangs"), Assert.Single(harness.Daemon.Revocations));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("n\n")]
    [InlineData("")]
    public async Task Who_is_asked_and_does_not_say_yes_revokes_nothing(string answer)
    {
        CommandLineHarness harness = Holding(answer, canAsk: true);
        Assert.Equal(ExitCodes.Error, await harness.RunAsync("revoke", "id:40000000000001", "--reason", "x"));
        Assert.Empty(harness.Daemon.Revocations);
    }

    [Theory]
    [InlineData("y\n", "revoke", "id:40000000000001", "--reason", "x")]
    [InlineData("", "revoke", "id:40000000000001", "--reason", "x", "--yes")]
    public async Task Who_says_yes_revokes(string answer, params string[] args)
    {
        CommandLineHarness harness = Holding(answer, canAsk: true);
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync(args));
        Assert.Single(harness.Daemon.Revocations);
    }

    [Fact]
    public async Task An_orphan_has_nobody_to_be_told()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Resources.Add(Resource("r", Held("r", 1, LockMode.Exclusive, Owner("web", 4711)) with { IsOrphan = true }));
        Assert.Equal(ExitCodes.Refused, await harness.RunAsync("revoke", "id:40000000000001", "--reason", "x"));
        Assert.Contains("'tyer orphans purge id:40000000000001' ends it", harness.Error.ToString(), StringComparison.Ordinal);
        Assert.Empty(harness.Daemon.Revocations);
    }

    [Fact]
    public async Task A_lock_that_is_not_there_is_not_found()
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.NotFound, await harness.RunAsync("revoke", "id:5", "--reason", "x"));
        Assert.Empty(harness.Daemon.Revocations);
    }

    [Theory]
    [InlineData(RevokeOutcome.NotFound, ExitCodes.NotFound)]
    [InlineData(RevokeOutcome.NodeUnreachable, ExitCodes.Unavailable)]
    public async Task What_became_of_it_decides_the_exit_code(RevokeOutcome outcome, int code)
    {
        CommandLineHarness harness = Holding();
        harness.Daemon.RevokeOutcome = outcome;
        Assert.Equal(code, await harness.RunAsync("revoke", "id:40000000000001", "--reason", "x"));
    }
}
