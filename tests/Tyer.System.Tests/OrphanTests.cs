using System.Text.Json;
using Tyer.Sessions.Administration;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>Locks that processes and nodes leave behind when they die, found and dealt with from a node that had nothing to do with them.</summary>
public sealed class OrphanTests : IAsyncDisposable
{
    private const int Usage = 2;
    private const int Busy = 3;
    private const int NotFound = 6;
    private const int Failed = 41;

    private readonly ThreeNodes _nodes = new() { Stack = "external" };

    [Fact]
    public async Task What_a_killed_worker_left_is_listed_adopted_and_purged_from_another_node()
    {
        await _nodes.InitializeAsync();
        await LeaveAsync(1, "stock");
        await LeaveAsync(1, "orders", "--mode", "PR");
        await using var waiter = await _nodes.WaitAsync(3, "run", "stock", "--", "true");

        var orphans = await OrphansAsync(2);
        Assert.Equal(["orders PR n1", "stock EX n1"], orphans.Select(Describe));
        Assert.Equal(waiter.Id, orphans[1].GetProperty("waiting")[0].GetProperty("owner").GetProperty("processId").GetInt32());
        Assert.Contains("orders", (await _nodes.TyerAsync(2, "orphans", "ls", "--node", "n1")).With(0).Output, StringComparison.Ordinal);

        // A repair that fails leaves it as it was, left by the repairer; one that works releases it.
        (await _nodes.TyerAsync(2, "orphans", "adopt", "stock", "--", "sh", "-c", $"exit {Failed}")).With(Failed);
        Assert.Equal(["orders PR n1", "stock EX n2"], (await OrphansAsync(3)).Select(Describe));
        Assert.False(waiter.HasExited);
        var repaired = (await _nodes.TyerAsync(3, "orphans", "adopt", "stock", "--", "sh", "-c", "echo $TYER_RESOURCE $TYER_MODE")).With(0);
        Assert.Equal("stock EX\n", repaired.Output);
        (await waiter.EndAsync()).With(0);

        (await _nodes.TyerAsync(3, "run", "orders", "--wait", "0", "--", "true")).With(Busy);
        Assert.Equal("purged 1 orphan\n", (await _nodes.TyerAsync(2, "orphans", "purge", "--node", "n1")).With(0).Output);
        (await _nodes.TyerAsync(3, "run", "orders", "--wait", "20s", "--", "true")).With(0);
        (await _nodes.TyerAsync(2, "orphans", "purge", "--node", "n1")).With(NotFound);
        Assert.Empty(await OrphansAsync(1));
    }

    [Fact]
    public async Task What_a_dead_node_left_stays_with_the_master_and_is_listed_and_purged_though_the_node_is_gone()
    {
        await _nodes.InitializeAsync();
        var life = await _nodes.IncarnationAsync(3);
        // The master of both is node 1: it uses them first.
        await using var first = await _nodes.HoldAsync(1, "stock", "--mode", "NL");
        await using var second = await _nodes.HoldAsync(1, "orders", "--mode", "NL");
        await using var worker = await _nodes.HoldAsync(3, "stock", "--persistent");
        await using var clerk = await _nodes.HoldAsync(3, "orders", "--persistent", "--mode", "PW");

        _nodes.Daemon(3).Kill();
        var view = new ViewOrder(2, await _nodes.MembersAsync(1, 2), [$"3.{life}"]);
        foreach (var node in (int[])[1, 2])
            await _nodes.TellAsync(node, view);
        foreach (var node in (int[])[1, 2])
            (await _nodes.TyerAsync(node, "view", "fence", $"3.{life}")).With(0);

        Assert.Equal(["orders PW n3", "stock EX n3"], (await OrphansAsync(2)).Select(Describe));
        (await _nodes.TyerAsync(2, "run", "stock", "--wait", "0", "--", "true")).With(Busy);
        (await _nodes.TyerAsync(2, "orphans", "adopt", "stock", "--", "true")).With(0);
        Assert.Equal("purged 1 orphan\n", (await _nodes.TyerAsync(2, "orphans", "purge", "--node", "n3")).With(0).Output);
        foreach (var name in (string[])["stock", "orders"])
            (await _nodes.TyerAsync(2, "run", name, "--wait", "20s", "--", "true")).With(0);
    }

    [Fact]
    public async Task What_a_dead_node_held_and_mastered_itself_was_kept_by_another()
    {
        await _nodes.InitializeAsync();
        var life = await _nodes.IncarnationAsync(3);
        await using var worker = await _nodes.HoldAsync(3, "stock", "--persistent");

        _nodes.Daemon(3).Kill();
        var view = new ViewOrder(2, await _nodes.MembersAsync(1, 2), [$"3.{life}"]);
        foreach (var node in (int[])[1, 2])
            await _nodes.TellAsync(node, view);
        // Until it is proven that it acts no more it has its lock.
        (await _nodes.TyerAsync(2, "orphans", "ls", "stock")).With(0);
        Assert.Empty(await OrphansAsync(2));
        foreach (var node in (int[])[1, 2])
            (await _nodes.TyerAsync(node, "view", "fence", $"3.{life}")).With(0);

        await Patience.UntilAsync("the orphan is there", async () => (await OrphansAsync(1)).Select(Describe).SequenceEqual(["stock EX n3"]));
        // Nobody who is left has ever had the lockspace open: by its number it is listed, by its name adopted.
        Assert.StartsWith("#", (await OrphansAsync(1))[0].GetProperty("lockspace").GetString(), StringComparison.Ordinal);
        (await _nodes.TyerAsync(2, "orphans", "adopt", "stock", "--", "true")).With(Usage);
        (await _nodes.TyerAsync(2, "run", "stock", "--wait", "0", "--", "true")).With(Busy);
        (await _nodes.TyerAsync(2, "orphans", "adopt", "stock", "--lockspace", "default", "--", "true")).With(0);
        (await _nodes.TyerAsync(1, "run", "stock", "--wait", "20s", "--", "true")).With(0);
    }

    public ValueTask DisposeAsync() => _nodes.DisposeAsync();

    private static string Describe(JsonElement found)
    {
        var orphan = found.GetProperty("orphan");
        Assert.True(orphan.GetProperty("leftFor").GetDouble() >= 0);
        return $"{orphan.GetProperty("resource").GetString()} {orphan.GetProperty("granted").GetString()} {orphan.GetProperty("owner").GetProperty("node").GetString()}";
    }

    private async Task LeaveAsync(int node, string resource, params string[] more)
    {
        await using var worker = await _nodes.HoldAsync(node, resource, ["--persistent", .. more]);
        worker.Kill();
        await Patience.UntilAsync($"{resource} is an orphan", async () => (await OrphansAsync(node)).Any(each => Describe(each).StartsWith(resource, StringComparison.Ordinal)));
    }

    private async Task<JsonElement[]> OrphansAsync(int node) => [.. (await _nodes.JsonAsync(node, "orphans", "ls")).GetProperty("orphans").EnumerateArray()];
}
