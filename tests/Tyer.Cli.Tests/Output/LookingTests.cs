using System.Text.Json;
using Tyer.Cli.Tests.Fakes;
using static Tyer.Cli.Tests.Fakes.Sample;

namespace Tyer.Cli.Tests.Output;

/// <summary><c>ls</c> and <c>who</c>: what people and programs read.</summary>
public sealed class LookingTests
{
    private static CommandLineHarness Contended(int? width = null)
    {
        var harness = new CommandLineHarness { Width = width };
        harness.Daemon.Resources.Add(Resource(
            "orders/42",
            Held("orders/42", 1, LockMode.Exclusive, Owner("web", 4711, "nightly")),
            Waiting("orders/42", 2, LockMode.ProtectedRead, Owner("report", 4712, host: "db2", node: "n2"), 10.25)));
        harness.Daemon.Resources.Add(Resource(
            "stock",
            Held("stock", 3, LockMode.ProtectedRead, Owner("web", 4711), 4000),
            Held("stock", 4, LockMode.ProtectedRead, Owner("api", 99, verified: false), 90)));
        return harness;
    }

    [Fact]
    public async Task Ls_aligns_its_columns_and_keeps_lines_whole_in_a_pipe()
    {
        CommandLineHarness harness = Contended();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("ls"));
        Golden.Equal(
            """
            LOCKSPACE  RESOURCE   MODE  HOLDER                             HELD  WAITING  LONGEST  MASTER
            default    orders/42  EX    web 'nightly' (pid 4711 on db1)   12.3s        1    10.2s  n1
            default    stock      PR    web (pid 4711 on db1) and 1 more   1h6m        0        -  n1
            """,
            harness.Out.ToString());
    }

    [Fact]
    public async Task Ls_prints_blocks_where_the_terminal_is_too_narrow_for_columns()
    {
        CommandLineHarness harness = Contended(width: 60);
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("ls", "--contended"));
        Golden.Equal(
            """
            LOCKSPACE  default
            RESOURCE   orders/42
            MODE       EX
            HOLDER     web 'nightly' (pid 4711 on db1)
            HELD       12.3s
            WAITING    1
            LONGEST    10.2s
            MASTER     n1
            """,
            harness.Out.ToString());
    }

    [Fact]
    public async Task Ls_has_nothing_to_say_when_nothing_is_locked()
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("ls"));
        Assert.Equal("", harness.Out.ToString());
    }

    [Fact]
    public async Task Ls_passes_its_filters_on()
    {
        var harness = new CommandLineHarness();
        await harness.RunAsync("ls", "-c", "--prefix", "orders/", "--mode", "pr", "--owner", "web", "--older-than", "1h30m", "--limit", "7");
        ResourceQuery query = Assert.Single(harness.Daemon.Queries);
        Assert.True(query.ContendedOnly);
        Assert.Equal(new ResourceName("orders/"), query.Prefix);
        Assert.Equal(LockMode.ProtectedRead, query.Mode);
        Assert.Equal("web", query.Owner);
        Assert.Equal(TimeSpan.FromMinutes(90), query.OlderThan);
        Assert.Equal(7, query.Count);
    }

    [Fact]
    public async Task Ls_says_when_there_may_be_more()
    {
        CommandLineHarness harness = Contended();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("ls", "--limit", "1"));
        Assert.Equal("tyer: these are the first 1; there may be more: narrow the question, or say --limit.\n", harness.Error.ToString());
    }

    [Fact]
    public async Task An_answer_that_lacks_a_member_says_so_and_is_no_success()
    {
        CommandLineHarness harness = Contended();
        harness.Daemon.Missing = "n3";
        Assert.Equal(ExitCodes.Unavailable, await harness.RunAsync("ls"));
        Assert.Contains("orders/42", harness.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("no answer from n3", harness.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ls_as_json_has_stable_fields()
    {
        CommandLineHarness harness = Contended();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("ls", "-o", "json", "--contended"));
        Golden.Equal(
            """
            {
              "resources": [
                {
                  "lockspace": "default",
                  "resource": "orders/42",
                  "master": "n1",
                  "directory": "n2",
                  "valueState": "NeverWritten",
                  "valueVersion": 0,
                  "isContended": true,
                  "granted": [
                    {
                      "resource": "orders/42",
                      "id": "id:40000000000001",
                      "owner": {
                        "node": "n1",
                        "host": "db1",
                        "processId": 4711,
                        "processName": "web",
                        "user": "app",
                        "label": "nightly",
                        "verified": true
                      },
                      "granted": "EX",
                      "heldFor": 12.3,
                      "token": "7.1001",
                      "isOrphan": false
                    }
                  ],
                  "converting": [],
                  "waiting": [
                    {
                      "resource": "orders/42",
                      "id": "id:40000000000002",
                      "owner": {
                        "node": "n2",
                        "host": "db2",
                        "processId": 4712,
                        "processName": "report",
                        "user": "app",
                        "verified": true
                      },
                      "requested": "PR",
                      "waitedFor": 10.25,
                      "token": "0.0",
                      "isOrphan": false
                    }
                  ]
                }
              ]
            }
            """,
            harness.Out.ToString());
    }

    [Fact]
    public async Task Who_shows_every_lock_of_a_resource_with_its_owner()
    {
        CommandLineHarness harness = Contended();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("who", "orders/42"));
        Golden.Equal(
            """
            LOCKSPACE  RESOURCE   STATE  MODE    FOR  PROCESS         PID  HOST  USER  NODE  LOCK               TOKEN   PURPOSE
            default    orders/42  holds  EX    12.3s  web 'nightly'  4711  db1   app   n1    id:40000000000001  7.1001  -
            default    orders/42  waits  PR    10.2s  report         4712  db2   app   n2    id:40000000000002  -       -
            """,
            harness.Out.ToString());
    }

    [Fact]
    public async Task Who_marks_an_owner_whom_nobody_vouches_for()
    {
        CommandLineHarness harness = Contended();
        await harness.RunAsync("who", "stock");
        Assert.Contains("99?", harness.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_shows_conversions_and_orphans()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Resources.Add(Resource(
            "r",
            Held("r", 1, LockMode.ProtectedRead, Owner("gone", 1)) with { IsOrphan = true },
            Converting("r", 2, LockMode.ProtectedRead, LockMode.Exclusive, Owner("web", 2))));
        await harness.RunAsync("who", "r");
        Assert.Contains("orphan    PR  ", harness.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("converts  PR>EX", harness.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_takes_a_lock_id_for_its_resource()
    {
        CommandLineHarness harness = Contended();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("who", "id:40000000000002"));
        Assert.Contains("id:40000000000001", harness.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_looks_like_a_lock_id_can_be_forced()
    {
        var harness = new CommandLineHarness();
        await harness.RunAsync("who", "id:5", "--name");
        Assert.Equal(new ResourceName("id:5"), Assert.Single(harness.Daemon.Queries).Resource);
    }

    [Theory]
    [InlineData("nosuch", "nobody holds 'nosuch' or waits for it in any lockspace.")]
    [InlineData("id:5", "there is no lock id:5 in any lockspace; it may have been released. 'tyer ls' lists those there are.")]
    public async Task What_is_not_there_is_not_found(string subject, string message)
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.NotFound, await harness.RunAsync("who", subject));
        Assert.Equal($"tyer: {message}\n", harness.Error.ToString());
    }

    [Fact]
    public async Task What_strangers_call_themselves_cannot_move_the_cursor()
    {
        var harness = new CommandLineHarness();
        harness.Daemon.Resources.Add(Resource("r", Held("r", 1, LockMode.Exclusive, Owner("we\e[2Jb", 1, "la[red]bel\n"))));
        await harness.RunAsync("who", "r");
        await harness.RunAsync("ls");
        await harness.RunAsync("why", "r");
        Assert.DoesNotContain("\e", harness.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains(@"we\x1b[2Jb 'la[red]bel\x0a'", harness.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failures_are_json_where_output_is()
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.NotFound, await harness.RunAsync("who", "nosuch", "-o", "json"));
        using JsonDocument error = JsonDocument.Parse(harness.Error.ToString());
        Assert.Equal(ExitCodes.NotFound, error.RootElement.GetProperty("error").GetProperty("exitCode").GetInt32());
        Assert.Equal("", harness.Out.ToString());
    }
}
