using Tyer.Cli.Tests.Fakes;
using Tyer.Sessions.Administration;
using static Tyer.Cli.Tests.Fakes.Sample;

namespace Tyer.Cli.Tests.Commands;

/// <summary><c>orphans</c>: what dead processes left behind is found, repaired or ended, and never by accident.</summary>
public sealed class OrphansTests
{
    private static LockEntry Left(string resource, ulong id, LockMode mode, LockOwner owner, double minutes = 90) =>
        Held(resource, id, mode, owner, seconds: minutes * 70) with { IsOrphan = true, LeftFor = TimeSpan.FromMinutes(minutes) };

    /// <summary>One orphan that two wait for, one beside a lock that is held, and a resource without any.</summary>
    private static CommandLineHarness AtNight(string answer = "", bool canAsk = false)
    {
        var harness = new CommandLineHarness { Input = answer, CanAsk = canAsk };
        harness.Daemon.Resources.AddRange(
        [
            Resource(
                "orders", Left("orders", 1, LockMode.Exclusive, Owner("import", 4711, "nightly", host: "db3", node: "n3")),
                Waiting("orders", 2, LockMode.ProtectedRead, Owner("report", 4712, host: "db2", node: "n2")), Waiting("orders", 3, LockMode.ProtectedRead, Owner("web", 80))),
            Resource(
                "stock", Left("stock", 4, LockMode.ProtectedRead, Owner("count", 99, verified: false), minutes: 1),
                Held("stock", 5, LockMode.ProtectedRead, Owner("web", 80))),
            Resource("users", Held("users", 6, LockMode.Exclusive, Owner("web", 80))),
        ]);
        return harness;
    }

    [Fact]
    public async Task Ls_tells_what_was_left_by_whom_when_and_who_waits()
    {
        CommandLineHarness harness = AtNight();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("orphans", "ls"));
        Golden.Equal(
            """
            LOCKSPACE  RESOURCE  MODE   LEFT  PROCESS            PID  HOST  USER  NODE  LOCK               TOKEN   IN THE WAY OF
            default    orders    EX    1h30m  import 'nightly'  4711  db3   app   n3    id:40000000000001  7.1001  report (pid 4712 on db2) and 1 more
            default    stock     PR       1m  count              99?  db1   app   n1    id:40000000000004  7.1004  -
            """,
            harness.Out.ToString());
        Assert.Equal("", harness.Error.ToString());
    }

    [Theory]
    [InlineData("orders", "stock", "orders")]
    [InlineData("orders", "stock", "--node", "n3")]
    [InlineData("orders", "stock", "--pid", "4711")]
    [InlineData("orders", "stock", "--mode", "EX")]
    [InlineData("orders", "stock", "--older-than", "1h")]
    [InlineData("orders", "stock", "id:40000000000001")]
    [InlineData("stock", "orders", "--node", "n1")]
    public async Task Ls_narrows(string shown, string hidden, params string[] selection)
    {
        CommandLineHarness harness = AtNight();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync(["orphans", "ls", .. selection]));
        Assert.Contains(shown, harness.Out.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(hidden, harness.Out.ToString(), StringComparison.Ordinal);
        Assert.True(Assert.Single(harness.Daemon.Queries).OrphansOnly);
    }

    [Fact]
    public async Task Ls_as_json_has_stable_fields()
    {
        CommandLineHarness harness = AtNight();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("orphans", "ls", "stock", "-o", "json"));
        Golden.Equal(
            """
            {
              "orphans": [
                {
                  "lockspace": "default",
                  "master": "n1",
                  "orphan": {
                    "resource": "stock",
                    "id": "id:40000000000004",
                    "owner": {
                      "node": "n1",
                      "host": "db1",
                      "processId": 99,
                      "processName": "count",
                      "user": "app",
                      "verified": false
                    },
                    "granted": "PR",
                    "heldFor": 70,
                    "token": "7.1004",
                    "isOrphan": true,
                    "leftFor": 60
                  },
                  "waiting": []
                }
              ]
            }
            """,
            harness.Out.ToString());
    }

    [Fact]
    public async Task A_list_that_lacks_a_member_says_so_and_is_no_success()
    {
        CommandLineHarness harness = AtNight();
        harness.Daemon.Missing = "n3";
        Assert.Equal(ExitCodes.Unavailable, await harness.RunAsync("orphans", "ls"));
        Assert.Contains("orders", harness.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("no answer from n3", harness.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Purge_tells_what_it_ends_and_how_many()
    {
        CommandLineHarness harness = AtNight();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("orphans", "purge", "--node", "n3"));
        Assert.Equal(
            "tyer: 'orders' in lockspace 'default': EX held for 1 h 45 min by nobody any more, left by import 'nightly' (pid 4711 on db3, user app, node n3), "
                + "id:40000000000001, token 7.1001; 2 wait for it.\n",
            harness.Error.ToString());
        Assert.Equal("purged 1 orphan\n", harness.Out.ToString());
        Assert.Equal([new LockId(0x40000000000001)], Assert.Single(harness.Daemon.Purges));
    }

    [Fact]
    public async Task Purge_of_all_ends_orphans_only()
    {
        CommandLineHarness harness = AtNight();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("orphans", "purge", "--all"));
        Assert.Equal("purged 2 orphans\n", harness.Out.ToString());
        Assert.Equal([new LockId(0x40000000000001), new LockId(0x40000000000004)], Assert.Single(harness.Daemon.Purges));
    }

    [Theory]
    [InlineData()]
    [InlineData("--mode", "EX")]
    [InlineData("--older-than", "1h")]
    [InlineData("--yes")]
    public async Task Purge_wants_to_know_whose(params string[] more)
    {
        CommandLineHarness harness = AtNight();
        Assert.Equal(ExitCodes.Usage, await harness.RunAsync(["orphans", "purge", .. more]));
        Assert.Equal("tyer: say whose orphans are to end: a NAME or LOCKID, --node, --pid, or --all.\n", harness.Error.ToString());
        Assert.Empty(harness.Daemon.Purges);
    }

    [Theory]
    [InlineData("n\n", "orphans", "purge", "orders")]
    [InlineData("", "orphans", "purge", "orders")]
    public async Task Who_is_asked_and_does_not_say_yes_purges_nothing(string answer, params string[] args)
    {
        CommandLineHarness harness = AtNight(answer, canAsk: true);
        Assert.Equal(ExitCodes.Error, await harness.RunAsync(args));
        Assert.Contains("and who waits for them gets in. Purge? [y/N] ", harness.Error.ToString(), StringComparison.Ordinal);
        Assert.Empty(harness.Daemon.Purges);
    }

    [Theory]
    [InlineData("y\n", "orphans", "purge", "orders")]
    [InlineData("", "orphans", "purge", "orders", "--yes")]
    public async Task Who_says_yes_purges(string answer, params string[] args)
    {
        CommandLineHarness harness = AtNight(answer, canAsk: true);
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync(args));
        Assert.Single(harness.Daemon.Purges);
    }

    [Fact]
    public async Task A_dry_run_tells_and_ends_nothing()
    {
        CommandLineHarness harness = AtNight(canAsk: true);
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("orphans", "purge", "--all", "--dry-run"));
        Assert.Contains("'orders' in lockspace", harness.Error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", harness.Out.ToString());
        Assert.Empty(harness.Daemon.Purges);
    }

    [Fact]
    public async Task A_lock_that_is_held_is_no_orphan_to_purge()
    {
        CommandLineHarness harness = AtNight();
        Assert.Equal(ExitCodes.NotFound, await harness.RunAsync("orphans", "purge", "users"));
        Assert.Contains("there is no such orphan; nothing was purged", harness.Error.ToString(), StringComparison.Ordinal);
        Assert.Empty(harness.Daemon.Purges);
    }

    [Fact]
    public async Task What_could_not_be_purged_is_named_and_no_success()
    {
        CommandLineHarness harness = AtNight();
        harness.Daemon.OnPurge = orphans => new OrphanPurgeResult { Purged = [.. orphans.Skip(1)] };
        Assert.Equal(ExitCodes.Error, await harness.RunAsync("orphans", "purge", "--all"));
        Assert.Equal("purged 1 orphan\n", harness.Out.ToString());
        Assert.Contains("not purged: id:40000000000001; adopted or ended meanwhile", harness.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_that_does_not_answer_a_purge_is_named()
    {
        CommandLineHarness harness = AtNight();
        harness.Daemon.OnPurge = orphans => new OrphanPurgeResult { Purged = [], Silent = ["n2"] };
        Assert.Equal(ExitCodes.Unavailable, await harness.RunAsync("orphans", "purge", "--all", "-o", "json"));
        Assert.Contains("\"silent\": [\n    \"n2\"\n  ]", harness.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("no answer from n2; to ask again is harmless", harness.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adopt_takes_over_in_the_mode_and_lockspace_of_the_orphan_and_releases_when_the_command_ended_well()
    {
        CommandLineHarness harness = AtNight();
        var handle = new FakeLockHandle("stock", LockMode.ProtectedRead);
        harness.Daemon.OnLock = (_, _, _) => Task.FromResult<LockHandle>(handle);
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("orphans", "adopt", "stock", "--purpose", "repair", "--", "sh", "-c", "test $TYER_RESOURCE = stock").InTime());
        (ResourceName resource, LockMode mode, LockOptions options) = Assert.Single(harness.Daemon.Requests);
        Assert.Equal(("stock", LockMode.ProtectedRead, "default"), (resource, mode, harness.Daemon.Name));
        Assert.Equal(new LockOptions { Adopt = true, Persistent = true, ValueBlock = false, Owner = "sh", Purpose = "repair" }, options);
        Assert.True(handle.Released.Task.IsCompleted);
        Assert.Equal(
            "tyer: 'stock' in lockspace 'default': PR held for 1 min 10 s by nobody any more, left by count (pid 99 on db1, user app, node n1, unverified), "
                + "id:40000000000004, token 7.1004.\n",
            harness.Error.ToString());
        Assert.False(Assert.Single(harness.Daemon.Connects).MayStartPrivate);
    }

    [Theory]
    [InlineData(3, "exit 3")]
    [InlineData(128 + 15, "kill -TERM $$")]
    public async Task What_could_not_be_repaired_stays_an_orphan(int code, string script)
    {
        CommandLineHarness harness = AtNight();
        var handle = new FakeLockHandle("orders", LockMode.Exclusive);
        harness.Daemon.OnLock = (_, _, _) => Task.FromResult<LockHandle>(handle);
        Assert.Equal(code, await harness.RunAsync("orphans", "adopt", "orders", "--", "sh", "-c", script).InTime());
        Assert.False(handle.Released.Task.IsCompleted);
        Assert.EndsWith("tyer: 'orders' stays an orphan in EX, to be adopted again.\n", harness.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_command_it_is_held_until_the_end_of_input_and_then_released()
    {
        CommandLineHarness harness = AtNight();
        var handle = new FakeLockHandle("orders", LockMode.Exclusive);
        harness.Daemon.OnLock = (_, _, _) => Task.FromResult<LockHandle>(handle);
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("orphans", "adopt", "orders").InTime());
        Assert.Equal("id:4000000000002a 7.1042\n", harness.Out.ToString());
        Assert.True(handle.Released.Task.IsCompleted);
    }

    [Theory]
    [InlineData(ExitCodes.NotFound, "there is no orphan on 'users' in any lockspace", "users")]
    [InlineData(ExitCodes.NotFound, "there is no orphan on 'orders' in lockspace 'shop'", "orders", "--lockspace", "shop")]
    [InlineData(ExitCodes.NotFound, "'orders' has no orphan in PR, only in EX.", "orders", "--mode", "PR")]
    [InlineData(ExitCodes.Usage, "'twice' has orphans in CR and PR: say which with --mode.", "twice")]
    [InlineData(ExitCodes.Usage, "no node knows any more what the lockspace of 'nameless' is called (#1a2b3c4d): say it with --lockspace.", "nameless")]
    [InlineData(ExitCodes.Usage, "'both' has orphans in lockspaces default and shop: say which with --lockspace.", "both")]
    public async Task Nobody_adopts_by_guess(int code, string message, params string[] args)
    {
        CommandLineHarness harness = AtNight();
        harness.Daemon.Resources.AddRange(
        [
            Resource("twice", Left("twice", 7, LockMode.ProtectedRead, Owner("a", 1)), Left("twice", 8, LockMode.ConcurrentRead, Owner("a", 1))),
            Resource("nameless", Left("nameless", 11, LockMode.Exclusive, Owner("a", 1))) with { Lockspace = "#1a2b3c4d" },
            Resource("both", Left("both", 9, LockMode.Exclusive, Owner("a", 1))),
            Resource("both", Left("both", 10, LockMode.Exclusive, Owner("a", 1))) with { Lockspace = "shop" },
        ]);
        Assert.Equal(code, await harness.RunAsync(["orphans", "adopt", .. args]));
        Assert.Contains(message, harness.Error.ToString(), StringComparison.Ordinal);
        Assert.Empty(harness.Daemon.Requests);
    }

    [Fact]
    public async Task One_that_somebody_else_adopted_first_is_gone()
    {
        CommandLineHarness harness = AtNight();
        harness.Daemon.OnLock = (_, _, _) =>
            Task.FromException<LockHandle>(new LockRefusedException(RefusalReason.BadRequest, "EX on 'orders'", "there is no orphan to adopt"));
        Assert.Equal(ExitCodes.NotFound, await harness.RunAsync("orphans", "adopt", "orders", "--", "true").InTime());
        Assert.Contains("the orphan on 'orders' is gone", harness.Error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("orphans")]
    [InlineData("orphans", "adopt")]
    [InlineData("orphans", "purge", "--pid", "0")]
    [InlineData("orphans", "purge", "--node", "no such/name")]
    [InlineData("orphans", "ls", "--mode", "XX")]
    [InlineData("orphans", "ls", "id:xyz")]
    public async Task Nonsense_is_a_usage_error(params string[] args)
    {
        CommandLineHarness harness = AtNight();
        Assert.Equal(ExitCodes.Usage, await harness.RunAsync(args));
        Assert.StartsWith("tyer: ", harness.Error.ToString(), StringComparison.Ordinal);
        Assert.Empty(harness.Daemon.Purges);
    }

    [Fact]
    public async Task Run_and_hold_leave_an_orphan_behind_only_where_they_were_told_to()
    {
        var harness = new CommandLineHarness();
        await harness.RunAsync("run", "x", "--persistent", "--", "true").InTime();
        await harness.RunAsync("hold", "x").InTime();
        Assert.Equal([true, false], harness.Daemon.Requests.Select(request => request.Options.Persistent));
    }
}
