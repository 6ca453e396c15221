using Tyer.System.Tests.Support;
using Tyer.Tests.Shared.Stacks;

namespace Tyer.System.Tests.Faults;

/// <summary>
/// A machine stands still, or is cut off, with a lock; the others cut its power, by an agent that kills its lock manager. That it is proven by this, and not by time, the lease sees to.
/// </summary>
[Collection(FaultTests.Name)]
public sealed class FencingTests : IAsyncDisposable
{
    private const int Busy = 3;
    private const int Unavailable = 5;
    private const int Victim = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-fencing-").FullName;
    private FaultNodes _nodes = null!;

    [Fact]
    public async Task A_machine_that_stands_still_loses_its_power_and_what_it_held_is_free_long_before_its_lease_has_run_out()
    {
        await UpAsync(TimeSpan.FromMinutes(2), "", "echo connecting with $opt_password; exit 1", Kill);
        await using var holder = await HoldAsync();
        var test = (await TyerAsync("fence", "test", "n3")).With(1).Output;
        Assert.Contains("first: FAILS", test, StringComparison.Ordinal);
        Assert.Contains("second: works", test, StringComparison.Ordinal);
        Assert.False(_nodes.Daemon(Victim).HasExited);

        _nodes.Freeze(Victim);
        (await TyerAsync("run", "stock", "--wait", "60s", "--", "true")).With(0);

        Assert.True(_nodes.Daemon(Victim).HasExited);
        Assert.Equal(["n1 off n3"], await File.ReadAllLinesAsync(Path.Combine(_folder, "log"), TestContext.Current.CancellationToken));
        var told = _nodes.Daemon(1).Output;
        Assert.Contains("could not be fenced with first, attempt 1: it ended with 1, and said: connecting with ***; the next agent is tried", told, StringComparison.Ordinal);
        Assert.Contains("(PowerOff)", told, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", told + _nodes.Daemon(2).Output + (await TyerAsync("status")).Output + (await TyerAsync("status", "-o", "json")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("could not be fenced", _nodes.Daemon(2).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_is_in_the_status_of_every_node_and_an_operators_word_ends_it()
    {
        await UpAsync(TimeSpan.FromMinutes(2), "", "echo no route to the board; exit 1");
        await using var holder = await HoldAsync();
        await using var events = Programs.StartTyer(null, "--socket", _nodes.SocketOf(1), "events", "--follow");
        await _nodes.KillAsync(Victim);
        await events.LineWithAsync("fencing name:n3");
        await events.LineWithAsync("->Failed");
        await Patience.UntilAsync("n2 tells what n1 does", async () => (await _nodes.StatusAsync(2)).Fencing!.UnderWay is [{ By: "n1", LastError: not null }]);
        var status = (await Programs.TyerAsync("--socket", _nodes.SocketOf(2), "status")).Output;
        Assert.Contains("no route to the board. Mend that ('tyer fence test n3'", status, StringComparison.Ordinal);
        Assert.Contains((await TyerAsync("run", "stock", "--wait", "0", "--", "true")).Code, (int[])[Busy, Unavailable]);
        (await TyerAsync("fence", "ack", "n3")).With(0);
        (await TyerAsync("run", "stock", "--wait", "60s", "--", "true")).With(0);
        await events.LineWithAsync("destroy fencing");
    }

    [Fact]
    public async Task A_machine_that_freezes_keeps_its_locks_when_it_is_cut_off_until_its_power_is_cut()
    {
        var gate = Path.Combine(_folder, "gate");
        await MakeFifoAsync(gate);
        await UpAsync(TimeSpan.FromSeconds(3), "\"OnQuorumLoss\": \"freeze\"", $"cat {gate}; {Kill}");
        await using var holder = await HoldAsync();

        await _nodes.Lab.Network.CutAsync(Victim);
        await _nodes.Daemon(Victim).LineWithAsync("frozen: its lease has run out");
        await _nodes.UntilMembersAsync(1, 1, 2);
        Assert.Contains((await TyerAsync("run", "stock", "--wait", "0", "--", "true")).Code, (int[])[Busy, Unavailable]);
        Assert.False(holder.HasExited);
        await using var newcomer = Programs.StartTyer(null, "--socket", _nodes.SocketOf(Victim), "run", "other", "--wait", "2s", "--", "true");
        Assert.NotEqual(0, (await newcomer.EndAsync()).Code);

        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        (await TyerAsync("run", "stock", "--wait", "60s", "--", "true")).With(0);
        Assert.True(_nodes.Daemon(Victim).HasExited);
        Assert.Contains("(PowerOff)", _nodes.Daemon(1).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("(LeaseRanOut)", _nodes.Daemon(1).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_that_is_cut_off_lets_its_watchdog_starve_and_the_others_wait_for_that()
    {
        for (var node = 1; node <= FaultNodes.Nodes; node++)
            await MakeFifoAsync(Path.Combine(_folder, $"n{node}.watchdog"));
        await UpAsync(TimeSpan.FromSeconds(8), $"\"OnExpulsion\": \"watchdog\", \"WatchdogTimeout\": \"1s\", \"Watchdog\": \"{_folder}/NODE.watchdog\"");
        await using var holder = await HoldAsync();
        Assert.Contains($"feeds {_folder}/n1.watchdog (1s) while it may act\n", (await TyerAsync("status")).With(0).Output, StringComparison.Ordinal);

        await _nodes.Lab.Network.CutAsync(Victim);
        await _nodes.Daemon(Victim).LineWithAsync("this machine is about to be reset");
        (await TyerAsync("run", "stock", "--wait", "60s", "--", "true")).With(0);

        Assert.Contains("(LeaseRanOut)", _nodes.Daemon(1).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Starting the node afresh", _nodes.Daemon(Victim).Output, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (_nodes is not null)
            await _nodes.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string Kill => $"""
        test $opt_action = off || exit 0
        echo "$opt_by $opt_action $opt_nodename" >> {_folder}/log
        kill -9 $(cat {_folder}/$opt_nodename.pid)
        """;

    private async Task UpAsync(TimeSpan lease, string settings, params string[] agents)
    {
        EtcdLab.Require();
        _nodes = await FaultNodes.UpAsync(await EtcdLab.UpAsync(FaultNodes.Nodes), node => ["--config", Configuration(node, settings, agents), "--stack", "etcd", "--etcd-time-to-live", "3s",
            "--etcd-endpoints", string.Join(',', new[] { node }.Concat([1, 2, 3]).Distinct().Select(EtcdLab.EndpointOf))], lease);
        for (var node = 1; node <= FaultNodes.Nodes; node++)
            await File.WriteAllTextAsync(Path.Combine(_folder, $"n{node}.pid"), $"{_nodes.Daemon(node).Id}", TestContext.Current.CancellationToken);
    }

    private string Configuration(int node, string settings, string[] agents)
    {
        string[] names = ["first", "second"];
        var list = string.Join(", ", agents.Select((body, place) => $$"""
            { "Agent": "{{AgentScript.Write(_folder, names[place], body)}}", "Timeout": "60s", "Options": { "by": "n{{node}}", "password": "hunter2" } }
            """));
        var path = Path.Combine(_folder, $"n{node}.json");
        string[] keys = [settings, agents.Length == 0 ? "" : $$"""
            "Fence": { "n1": [ {{list}} ], "n2": [ {{list}} ], "n3": [ {{list}} ] }
            """];
        File.WriteAllText(path, $"{{ {string.Join(", ", keys.Where(key => key.Length > 0)).Replace("NODE", $"n{node}", StringComparison.Ordinal)} }}");
        return path;
    }

    private static async Task MakeFifoAsync(string path)
    {
        using var fifo = global::System.Diagnostics.Process.Start("mkfifo", [path]);
        await fifo.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private Task<Ended> TyerAsync(params string[] arguments) => Programs.TyerAsync(["--socket", _nodes.SocketOf(1), .. arguments]);

    private async Task<RunningProgram> HoldAsync()
    {
        var holder = Programs.StartTyer(null, "--socket", _nodes.SocketOf(Victim), "hold", "stock");
        Assert.StartsWith("id:", await holder.FirstLineAsync(), StringComparison.Ordinal);
        return holder;
    }
}
