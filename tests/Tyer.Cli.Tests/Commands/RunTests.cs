using System.Text.Json;
using Tyer.Cli.Tests.Fakes;
using static Tyer.Cli.Tests.Fakes.Sample;

namespace Tyer.Cli.Tests.Commands;

/// <summary><c>run</c>: the command runs only under the lock, its exit code is the command's, every other outcome has its own.</summary>
public sealed class RunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string PathOf(string name) => Path.Combine(_folder, name);

    private static LockAttempt Attempt => new("default", "x", LockMode.Exclusive);

    private static CommandLineHarness FailingWith(Exception exception)
    {
        var harness = new CommandLineHarness();
        harness.Daemon.OnLock = (_, _, _) => Task.FromException<LockHandle>(exception);
        return harness;
    }

    private static CommandLineHarness Granting(FakeLockHandle handle)
    {
        var harness = new CommandLineHarness();
        harness.Daemon.OnLock = (_, _, _) => Task.FromResult<LockHandle>(handle);
        return harness;
    }

    [Fact]
    public async Task The_command_gets_the_lock_in_its_environment_and_its_exit_code_is_passed()
    {
        var harness = new CommandLineHarness();
        int code = await harness.RunAsync(
            "run", "x", "--mode", "PR", "--lockspace", "shop", "--", "sh", "-c", $"env | grep ^TYER_ | LC_ALL=C sort > {PathOf("out")}; exit 42");
        Assert.Equal(42, code);
        Golden.Equal(
            """
            TYER_LOCKSPACE=shop
            TYER_LOCK_ID=id:4000000000002a
            TYER_MODE=PR
            TYER_RESOURCE=x
            TYER_TOKEN=7.1042
            TYER_TOKEN_INT=7696581395474
            """,
            File.ReadAllText(PathOf("out")));
        Assert.Equal("", harness.Error.ToString());
    }

    [Fact]
    public async Task The_lock_is_released_when_the_command_has_ended()
    {
        var handle = new FakeLockHandle("x", LockMode.Exclusive);
        Assert.Equal(0, await Granting(handle).RunAsync("run", "x", "--", "true"));
        Assert.True(handle.Released.Task.IsCompleted);
    }

    [Fact]
    public async Task Its_options_reach_the_request()
    {
        var harness = new CommandLineHarness();
        await harness.RunAsync("run", "x", "-w", "1m30s", "--label", "nightly", "--purpose", "backup", "--", "true");
        (_, LockMode mode, LockOptions options) = Assert.Single(harness.Daemon.Requests);
        Assert.Equal(LockMode.Exclusive, mode);
        Assert.Equal(TimeSpan.FromSeconds(90), options.Timeout);
        Assert.Equal("nightly", options.Owner);
        Assert.Equal("backup", options.Purpose);
        Assert.Equal("nightly", Assert.Single(harness.Daemon.Connects).Label);
    }

    [Fact]
    public async Task Without_a_label_the_command_names_the_holder_and_without_a_wait_it_waits()
    {
        var harness = new CommandLineHarness();
        await harness.RunAsync("run", "x", "--", "/bin/true");
        (_, _, LockOptions options) = Assert.Single(harness.Daemon.Requests);
        Assert.Equal("true", options.Owner);
        Assert.Null(options.Timeout);
        Assert.True(Assert.Single(harness.Daemon.Connects).MayStartPrivate);
    }

    [Fact]
    public async Task A_command_that_is_not_there_is_not_waited_for()
    {
        var harness = new CommandLineHarness();
        Assert.Equal(127, await harness.RunAsync("run", "x", "--", "nosuchcommand"));
        Assert.Equal("tyer: the command 'nosuchcommand' was not found.\n", harness.Error.ToString());
        Assert.Empty(harness.Daemon.Connects);
    }

    [Fact]
    public async Task A_command_that_cannot_be_executed_gives_126()
    {
        var harness = new CommandLineHarness();
        Assert.Equal(126, await harness.RunAsync("run", "x", "--", "/etc/passwd"));
        Assert.Equal("tyer: the command '/etc/passwd' cannot be executed: Permission denied.\n", harness.Error.ToString());
    }

    [Fact]
    public async Task A_lock_that_is_busy_gives_3() => await Expect(
        ExitCodes.Busy, new LockTimeoutException(Attempt, TimeSpan.FromSeconds(2), [Held("x", 1, LockMode.Exclusive, Owner("web", 4711))], 1));

    [Fact]
    public async Task No_quorum_gives_5() => await Expect(
        ExitCodes.Unavailable, new LockUnavailableException(UnavailableReason.NoQuorum, "EX on 'x'", "two of three members are missing"));

    [Fact]
    public async Task A_refusal_gives_7() => await Expect(
        ExitCodes.Refused, new LockRefusedException(RefusalReason.LimitReached, "EX on 'x'", "too many wait"));

    [Fact]
    public async Task The_victim_of_a_deadlock_gives_8() => await Expect(
        ExitCodes.Deadlock, new DeadlockException(Attempt, [Waiting("x", 1, LockMode.Exclusive, Owner("web", 1))]));

    [Fact]
    public async Task What_nobody_can_tell_gives_9() => await Expect(
        ExitCodes.Unknown, new OutcomeUnknownException(new RequestId(new LockId(5), 1), "The release", "no answer"));

    [Fact]
    public async Task A_lockspace_that_cannot_be_opened_gives_5_where_the_wait_is_limited()
    {
        var harness = new CommandLineHarness { Daemon = { Opens = false } };
        Assert.Equal(ExitCodes.Unavailable, await harness.RunAsync("run", "x", "--wait", "0", "--", "touch", PathOf("ran")).InTime());
        string said = harness.Error.ToString();
        Assert.StartsWith("tyer: waiting until lockspace 'default' can be opened; 'tyer status' says what is in the way.\n", said, StringComparison.Ordinal);
        Assert.Contains("Opening lockspace 'default'", said, StringComparison.Ordinal);
        Assert.Contains("nobody has decided about it within 2 s", said, StringComparison.Ordinal);
        Assert.False(File.Exists(PathOf("ran")));
    }

    private async Task Expect(int code, Exception exception)
    {
        CommandLineHarness harness = FailingWith(exception);
        Assert.Equal(code, await harness.RunAsync("run", "x", "--", "touch", PathOf("ran")));
        Assert.Equal($"tyer: {exception.Message}\n", harness.Error.ToString());
        Assert.False(File.Exists(PathOf("ran")));
    }

    [Fact]
    public async Task A_code_of_ones_own_takes_the_place_of_runs_but_not_of_the_commands()
    {
        CommandLineHarness busy = FailingWith(new LockTimeoutException(Attempt, TimeSpan.Zero, []));
        Assert.Equal(99, await busy.RunAsync("run", "x", "-E", "99", "--", "true"));
        Assert.Equal(99, await new CommandLineHarness().RunAsync("run", "x", "-E", "99", "--", "nosuchcommand"));
        Assert.Equal(3, await new CommandLineHarness().RunAsync("run", "x", "-E", "99", "--", "sh", "-c", "exit 3"));
    }

    [Fact]
    public async Task A_busy_lock_names_its_holder_even_where_the_refusal_does_not()
    {
        CommandLineHarness harness = FailingWith(new LockTimeoutException(Attempt, TimeSpan.Zero, []));
        harness.Daemon.Resources.Add(Resource("x", Held("x", 1, LockMode.Exclusive, Owner("web", 4711, "nightly"))));
        Assert.Equal(ExitCodes.Busy, await harness.RunAsync("run", "x", "-w", "0", "--", "true"));
        Assert.Contains(
            "In the way: EX held for 12.3 s by web 'nightly' (pid 4711 on db1, user app, node n1), id:40000000000001, token 7.1001.",
            harness.Error.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_json_a_busy_lock_has_its_holders_and_its_place_in_the_queue()
    {
        CommandLineHarness harness = FailingWith(new LockTimeoutException(
            Attempt, TimeSpan.FromSeconds(2), [Held("x", 1, LockMode.Exclusive, Owner("web", 4711))], 3));
        Assert.Equal(ExitCodes.Busy, await harness.RunAsync("run", "x", "-o", "json", "--", "true"));
        using JsonDocument document = JsonDocument.Parse(harness.Error.ToString());
        JsonElement error = document.RootElement.GetProperty("error");
        Assert.Equal("TYER-BUSY", error.GetProperty("code").GetString());
        Assert.Equal(3, error.GetProperty("exitCode").GetInt32());
        Assert.Equal(3, error.GetProperty("queuePosition").GetInt32());
        Assert.Equal(2, error.GetProperty("waited").GetDouble());
        Assert.Equal(4711, error.GetProperty("holders")[0].GetProperty("owner").GetProperty("processId").GetInt32());
    }

    [Fact]
    public async Task A_lock_that_is_lost_ends_the_command_and_gives_4()
    {
        var handle = new FakeLockHandle("x", LockMode.Exclusive);
        CommandLineHarness harness = Granting(handle);
        Task<int> run = harness.RunAsync("run", "x", "--", "sh", "-c", $"echo > {PathOf("ready")}; exec sleep 1000");
        await Guarded.Until(() => File.Exists(PathOf("ready")));
        handle.Lose(LossReason.Revoked);
        Assert.Equal(ExitCodes.Lost, await run.InTime());
        Golden.Equal(
            """
            tyer: the lock on 'x' is lost (Revoked); the command is sent SIGKILL.
            tyer: 'sh' was ended by SIGKILL: the lock on 'x' (id:4000000000002a, token 7.1042) was lost while it ran (Revoked). Systems that check the token refuse what it still writes.
            """,
            harness.Error.ToString());
    }

    [Fact]
    public async Task A_command_that_may_still_use_its_time_is_asked_to_stop_first()
    {
        var handle = new FakeLockHandle("x", LockMode.Exclusive) { SafeForWhileHeld = TimeSpan.FromSeconds(9) };
        CommandLineHarness harness = Granting(handle);
        Task<int> run = harness.RunAsync(
            "run", "x", "--", "sh", "-c", $"trap 'echo > {PathOf("asked")}; exit 0' TERM; echo > {PathOf("ready")}; while :; do sleep 0.01; done");
        await Guarded.Until(() => File.Exists(PathOf("ready")));
        handle.Lose(LossReason.QuorumLost);
        Assert.Equal(ExitCodes.Lost, await run.InTime());
        Assert.True(File.Exists(PathOf("asked")));
        Assert.Contains("'sh' has ended: the lock on 'x'", harness.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_falls_silent_ends_the_command_before_the_deadline()
    {
        var handle = new FakeLockHandle("x", LockMode.Exclusive) { SafeForWhileHeld = TimeSpan.FromSeconds(9) };
        CommandLineHarness harness = Granting(handle);
        Task<int> run = harness.RunAsync("run", "x", "--", "sh", "-c", $"echo > {PathOf("ready")}; exec sleep 1000");
        await Guarded.Until(() => File.Exists(PathOf("ready")));
        handle.SafeForWhileHeld = TimeSpan.FromSeconds(1.9);
        Assert.Equal(ExitCodes.Lost, await run.InTime());
        Assert.StartsWith(
            "tyer: the lock on 'x' is about to be lost: the node does not answer; the command is sent SIGTERM.\n",
            harness.Error.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lock_lost_at_the_very_end_is_told_all_the_same()
    {
        var handle = new FakeLockHandle("x", LockMode.Exclusive);
        handle.Lose(LossReason.SessionExpired);
        Assert.Equal(ExitCodes.Lost, await Granting(handle).RunAsync("run", "x", "--", "true").InTime());
    }
}
