using System.Text.Json;
using Tyer.Cli.Tests.Fakes;
using static Tyer.Cli.Tests.Fakes.Sample;

namespace Tyer.Cli.Tests.Explaining;

/// <summary><c>why</c>: who waits for whom, the root of it, and what to do.</summary>
public sealed class WhyTests
{
    private static async Task<string> Ask(string subject, params Tyer.Sessions.Administration.LockspaceResource[] resources)
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Resources.AddRange(resources);
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("why", subject));
        return harness.Out.ToString();
    }

    [Fact]
    public async Task A_waiter_is_told_who_holds_since_when_and_what_to_do()
    {
        Golden.Equal(
            """
            'orders/42' in lockspace 'default' is held by 1, and 2 wait for it.
            Held:
              EX held for 12.3 s by web 'nightly' (pid 4711 on db1, user app, node n1), id:40000000000001, token 7.1001
            Waiting, in the order of the queue:
              1. PR wanted for 10 s by report (pid 4712 on db1, user app, node n1), id:40000000000002; waits for id:40000000000001
              2. PR wanted for 3 s by report (pid 4713 on db1, user app, node n1), id:40000000000003; waits for id:40000000000001
            At the root: web 'nightly' (pid 4711 on db1, user app, node n1), who waits for nothing.
            Look at process 4711 on db1; when it ends, its locks are free at once. To take the lock from it while it runs: tyer revoke id:40000000000001 --reason TEXT
            """,
            await Ask("orders/42", Resource(
                "orders/42",
                Held("orders/42", 1, LockMode.Exclusive, Owner("web", 4711, "nightly")),
                Waiting("orders/42", 2, LockMode.ProtectedRead, Owner("report", 4712), 10),
                Waiting("orders/42", 3, LockMode.ProtectedRead, Owner("report", 4713)))));
    }

    [Fact]
    public async Task One_who_could_share_with_the_holders_waits_for_its_turn()
    {
        string text = await Ask("r", Resource(
            "r",
            Held("r", 1, LockMode.ProtectedRead, Owner("a", 1)),
            Waiting("r", 2, LockMode.Exclusive, Owner("b", 2)),
            Waiting("r", 3, LockMode.ProtectedRead, Owner("c", 3))));
        Assert.Contains("id:40000000000003; waits for its turn, behind id:40000000000002\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_conversion_comes_before_new_requests()
    {
        string text = await Ask("r", Resource(
            "r",
            Held("r", 1, LockMode.ProtectedRead, Owner("a", 1)),
            Waiting("r", 3, LockMode.Exclusive, Owner("c", 3)),
            Converting("r", 2, LockMode.ProtectedRead, LockMode.Exclusive, Owner("b", 2))));
        Assert.Contains("  1. PR held, EX wanted for 3 s by b ", text, StringComparison.Ordinal);
        Assert.Contains("  2. EX wanted for 3 s by c ", text, StringComparison.Ordinal);
        Assert.Contains("id:40000000000003; waits for id:40000000000001, id:40000000000002\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_root_may_be_on_another_resource()
    {
        string text = await Ask(
            "a",
            Resource("a", Held("a", 1, LockMode.Exclusive, Owner("one", 1)), Waiting("a", 2, LockMode.Exclusive, Owner("zero", 9))),
            Resource("b", Held("b", 3, LockMode.Exclusive, Owner("two", 2)), Waiting("b", 4, LockMode.Exclusive, Owner("one", 1))),
            Resource("c", Held("c", 5, LockMode.Exclusive, Owner("three", 3)), Waiting("c", 6, LockMode.Exclusive, Owner("two", 2))));
        Assert.Contains(
            "At the root, on 'c': EX held for 12.3 s by three (pid 3 on db1, user app, node n1), id:40000000000005, token 7.1005, who waits for nothing. "
                + "On the way there: one (pid 1 on db1, user app, node n1) has 'a' and waits in turn; two (pid 2 on db1, user app, node n1) has 'b' and waits in turn.\n",
            text,
            StringComparison.Ordinal);
        Assert.Contains("Look at process 3 on db1;", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_of_another_host_with_the_same_number_is_somebody_else()
    {
        string text = await Ask(
            "a",
            Resource("a", Held("a", 1, LockMode.Exclusive, Owner("one", 1)), Waiting("a", 2, LockMode.Exclusive, Owner("zero", 9))),
            Resource("b", Held("b", 3, LockMode.Exclusive, Owner("two", 2)), Waiting("b", 4, LockMode.Exclusive, Owner("one", 1, host: "db2"))));
        Assert.Contains("At the root: one ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_that_wait_for_each_other_are_called_a_circle()
    {
        string text = await Ask(
            "a",
            Resource("a", Held("a", 1, LockMode.Exclusive, Owner("one", 1)), Waiting("a", 2, LockMode.Exclusive, Owner("two", 2))),
            Resource("b", Held("b", 3, LockMode.Exclusive, Owner("two", 2)), Waiting("b", 4, LockMode.Exclusive, Owner("one", 1))));
        Assert.Contains("They wait for each other: one (pid 1 on db1, user app, node n1) holds 'a' (id:40000000000001); two ", text, StringComparison.Ordinal);
        Assert.Contains("None of them will go on by itself.", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recovery_that_holds_the_resource_up_is_named()
    {
        Tyer.Sessions.Administration.LockspaceResource frozen = Resource("r", Waiting("r", 1, LockMode.Exclusive, Owner("a", 1)));
        string text = await Ask("r", frozen with { Snapshot = frozen.Snapshot with { HeldUpBy = "the proof that n3 has stopped" } });
        Assert.Contains("The whole resource is held up by the proof that n3 has stopped.\n", text, StringComparison.Ordinal);
        Assert.Contains("waits for the proof that n3 has stopped\n", text, StringComparison.Ordinal);
        Assert.Contains("'tyer status' tells what it waits for.", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_orphan_will_not_be_released_by_anybody()
    {
        string text = await Ask("r", Resource(
            "r",
            Held("r", 1, LockMode.Exclusive, Owner("gone", 1)) with { IsOrphan = true },
            Waiting("r", 2, LockMode.Exclusive, Owner("b", 2))));
        Assert.Contains("Its process is gone and left the lock on purpose; nobody will release it. Repair under it what it guards: tyer orphans adopt r -- CMD. Or end it: tyer orphans purge id:40000000000001\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lock_id_asks_about_that_lock()
    {
        Tyer.Sessions.Administration.LockspaceResource resource = Resource(
            "r",
            Held("r", 1, LockMode.Exclusive, Owner("a", 1)),
            Waiting("r", 2, LockMode.Exclusive, Owner("b", 2)),
            Waiting("r", 3, LockMode.Exclusive, Owner("c", 3)));
        Assert.Contains("id:40000000000003 is number 2 in its queue; waits for id:40000000000001.\n", await Ask("id:40000000000003", resource), StringComparison.Ordinal);
        Assert.Contains("id:40000000000001 is held, and waits for nothing; 2 wait for it.\n", await Ask("id:40000000000001", resource), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nobody_waits_there_is_nothing_to_do()
    {
        Golden.Equal(
            """
            'r' in lockspace 'default' is held by 1, and nobody waits for it.
            Held:
              EX held for 12.3 s by a (pid 1 on db1, user app, node n1), id:40000000000001, token 7.1001
            """,
            await Ask("r", Resource("r", Held("r", 1, LockMode.Exclusive, Owner("a", 1)))));
    }

    [Fact]
    public async Task A_long_chain_is_followed_to_its_end_but_not_for_ever()
    {
        var resources = Enumerable.Range(0, 100).Select(i => Resource(
            $"r{i}",
            Held($"r{i}", (ulong)i, LockMode.Exclusive, Owner("p", i + 1)),
            Waiting($"r{i}", 1000 + (ulong)i, LockMode.Exclusive, Owner("p", i)))).ToArray();
        var harness = new CommandLineHarness();
        harness.Daemon.Resources.AddRange(resources);
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("why", "r0", "-o", "json"));
        using JsonDocument answer = JsonDocument.Parse(harness.Out.ToString());
        Assert.Equal(32, answer.RootElement.GetProperty("resources")[0].GetProperty("chain").GetArrayLength());
    }

    [Fact]
    public async Task As_json_it_has_the_same_facts()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Resources.Add(Resource(
            "r", Held("r", 1, LockMode.Exclusive, Owner("a", 1)), Waiting("r", 2, LockMode.ProtectedRead, Owner("b", 2))));
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("why", "r", "-o", "json"));
        using JsonDocument answer = JsonDocument.Parse(harness.Out.ToString());
        JsonElement why = answer.RootElement.GetProperty("resources")[0];
        Assert.Equal("id:40000000000001", why.GetProperty("rootBlocker").GetProperty("id").GetString());
        Assert.Equal("id:40000000000001", why.GetProperty("waits")[0].GetProperty("waitsFor")[0].GetString());
        Assert.Equal(1, why.GetProperty("waits")[0].GetProperty("position").GetInt32());
        Assert.False(why.GetProperty("isCircle").GetBoolean());
        Assert.Equal(1, why.GetProperty("advice").GetArrayLength());
    }
}
