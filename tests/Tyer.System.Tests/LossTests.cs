using System.Diagnostics;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>What those see whose daemon dies, and those on the other nodes.</summary>
public sealed class LossTests : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    private readonly ThreeNodes _nodes = new();

    [Fact]
    public async Task The_death_of_a_daemon_is_told_to_its_clients_at_once_and_named_by_the_others()
    {
        await _nodes.InitializeAsync();
        await using var elsewhere = await _nodes.HoldAsync(3, "elsewhere");
        await using var runner = _nodes.Start(2, "run", "lost-run", "--", "sh", "-c", "echo ready; exec sleep 600");
        await using var holder = await _nodes.HoldAsync(2, "lost-hold");
        await runner.LineWithAsync("ready");

        var killed = Stopwatch.GetTimestamp();
        _nodes.Daemon(2).Kill();
        var run = (await runner.EndAsync()).With(4);
        var hold = (await holder.EndAsync()).With(4);
        Assert.True(Stopwatch.GetElapsedTime(killed) < Bound);
        Assert.Contains("the lock on 'lost-run' is lost", run.Errors, StringComparison.Ordinal);
        Assert.Contains("TYER-LOST", hold.Errors, StringComparison.Ordinal);
        Assert.Contains("lock again", hold.Errors, StringComparison.Ordinal);

        await Patience.UntilAsync(
            "node 1 has noticed",
            async () => (await _nodes.JsonAsync(1, "nodes")).GetProperty("nodes")[1].GetProperty("membership").GetString() == "Lost");
        var words = (await _nodes.TyerAsync(1, "nodes")).With(0).Output;
        Assert.Matches("n2 does not answer: the other side (closed|reset) the connection, or its process ended", words);
        Assert.Contains("lost: n2", (await _nodes.TyerAsync(1, "status")).With(0).Output, StringComparison.Ordinal);

        // What is known is said, and what is missing: exit code 5.
        var ls = (await _nodes.TyerAsync(1, "ls")).With(5);
        Assert.Contains("elsewhere", ls.Output, StringComparison.Ordinal);
        Assert.Contains("n2", ls.Errors, StringComparison.Ordinal);

        (await _nodes.TyerAsync(3, "run", "elsewhere", "--wait", "0", "--", "true")).With(3);
        (await _nodes.TyerAsync(2, "run", "a", "--", "true")).With(5);

        // Nobody can decide about what the dead node masters: no wait at all ends all the same.
        var undecided = (await _nodes.TyerAsync(1, "run", "lost-run", "--wait", "0", "--", "true")).With(5);
        Assert.Contains("n2", undecided.Errors, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _nodes.DisposeAsync();
}
