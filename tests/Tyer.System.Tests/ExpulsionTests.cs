using Tyer.Client.Helper;
using Tyer.Sessions.Administration;
using Tyer.Sessions.Wire;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>Nodes that are put out of their cluster, and come back.</summary>
public sealed class ExpulsionTests : IAsyncDisposable
{
    private const int Busy = 3;
    private const int Lost = 4;
    private const int Unavailable = 5;
    private const int Refused = 7;

    private const int Killed = 128 + 9;

    private ThreeNodes _nodes = new() { Stack = "external" };

    [Fact]
    public async Task A_node_that_a_view_leaves_out_loses_its_locks_and_comes_back_as_a_new_incarnation()
    {
        await _nodes.InitializeAsync();
        var before = await _nodes.IncarnationAsync(3);
        await using var holder = await _nodes.HoldAsync(3, "stock");

        await LeaveOutAsync(before);

        (await holder.EndAsync()).With(Lost);
        await ComesBackAsync(before);
    }

    [Fact]
    public async Task A_node_whose_time_runs_out_loses_its_locks_without_a_word_from_anybody()
    {
        await _nodes.InitializeAsync();
        var before = await _nodes.IncarnationAsync(3);
        var members = await _nodes.MembersAsync(1, 2, 3);
        await using var holder = await _nodes.HoldAsync(3, "stock");
        await _nodes.TellAsync(1, new ViewOrder(2, members));
        await _nodes.TellAsync(2, new ViewOrder(2, members));

        await _nodes.TellAsync(3, new ViewOrder(2, members, SafeFor: TimeSpan.FromSeconds(1)));

        (await holder.EndAsync()).With(Lost);
        await _nodes.Daemon(3).LineWithAsync("its time was not renewed");
        await LeaveOutAsync(before, hears: false);
        await ComesBackAsync(before);
    }

    [Fact]
    public async Task A_node_whose_time_is_renewed_has_more_of_it()
    {
        await _nodes.InitializeAsync();
        var members = await _nodes.MembersAsync(1, 2, 3);
        foreach (var node in (int[])[1, 2, 3])
            await _nodes.TellAsync(node, new ViewOrder(2, members, SafeFor: TimeSpan.FromMinutes(1)));

        var renewed = await _nodes.JsonAsync(3, "view", "renew", "2", "--safe-for", "9m");

        Assert.InRange(TimeSpan.FromSeconds(renewed.GetProperty("safeFor").GetDouble()).TotalMinutes, 2, 9);
        Assert.Contains("view 1", (await _nodes.TyerAsync(3, "view", "renew", "1", "--safe-for", "9m")).With(Refused).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_policy_is_to_kill_the_processes_that_have_locks_are_killed_and_others_are_not()
    {
        _nodes = new ThreeNodes { Stack = "external", More = ["--on-expulsion", "kill"] };
        await _nodes.InitializeAsync();
        var before = await _nodes.IncarnationAsync(3);
        await using var holder = await _nodes.HoldAsync(3, "stock");
        await using var other = await _nodes.HoldAsync(1, "elsewhere");
        await using var onlooker = _nodes.Start(3, "events", "--follow");
        await onlooker.LineWithAsync("exists -");
        Assert.Contains("if put out  kill", (await _nodes.TyerAsync(3, "status")).Output, StringComparison.Ordinal);

        await LeaveOutAsync(before);

        (await holder.EndAsync()).With(Killed);
        await _nodes.Daemon(3).LineWithAsync($"Killed process {holder.Id}");
        Assert.NotEqual(Killed, (await onlooker.EndAsync()).Code);
        Assert.False(other.HasExited);
    }

    [Fact]
    public async Task Where_the_policy_is_to_disconnect_a_program_that_does_not_listen_is_cut_off_at_once()
    {
        _nodes = new ThreeNodes { Stack = "external", More = ["--on-expulsion", "disconnect"] };
        await _nodes.InitializeAsync();
        var before = await _nodes.IncarnationAsync(3);
        using var deaf = RawConnection.Open(_nodes.SocketOf(3));
        deaf.Greet(TimeSpan.Zero);
        deaf.OpenLockspace("default");

        await LeaveOutAsync(before);

        // It is told, and does not close its end.
        Assert.NotEmpty(await Task.Run(() => deaf.ReceiveUntil(WireKind.SessionLost)).SoonAsync());
        Assert.Empty(await Task.Run(deaf.Receive).SoonAsync());
        await _nodes.Daemon(3).LineWithAsync("Starting the node afresh");
        var log = _nodes.Daemon(3).Output;
        Assert.InRange(log.IndexOf("has closed", StringComparison.Ordinal), 0, log.IndexOf("Starting the node afresh", StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync() => _nodes.DisposeAsync();

    private async Task LeaveOutAsync(ulong life, bool hears = true)
    {
        var view = new ViewOrder(8, await _nodes.MembersAsync(1, 2), [$"3.{life}"]);
        await _nodes.TellAsync(1, view);
        await _nodes.TellAsync(2, view);
        if (hears)
            await _nodes.TellAsync(3, view);
    }

    /// <summary>The new life is taken in, and what the old one held is free once that is proven gone.</summary>
    private async Task ComesBackAsync(ulong before)
    {
        var proof = $"3.{before}";
        await Patience.UntilAsync("the node is back", async () => (await _nodes.TyerAsync(3, "status")).Output.Contains("waiting for a view", StringComparison.Ordinal));
        Assert.True(await _nodes.IncarnationAsync(3) > before);
        var all = new ViewOrder(9, await _nodes.MembersAsync(1, 2, 3), [proof]);
        foreach (var node in (int[])[1, 2, 3])
            await _nodes.TellAsync(node, all);
        Assert.Contains((await _nodes.TyerAsync(1, "run", "stock", "--wait", "0", "--", "true")).Code, (int[])[Busy, Unavailable]);
        foreach (var node in (int[])[1, 2, 3])
            (await _nodes.TyerAsync(node, "view", "fence", proof)).With(0);
        (await _nodes.TyerAsync(3, "run", "stock", "--wait", "20s", "--", "true")).With(0);
    }
}
