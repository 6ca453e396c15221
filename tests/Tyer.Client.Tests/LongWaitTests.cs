using Tyer.Client.Tests.Support;

namespace Tyer.Client.Tests;

/// <summary>A client's request without a time limit that waits for long is in its own log, and in that of its node.</summary>
public class LongWaitTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Client_and_node_say_whom_it_waits_for()
    {
        var clock = new ManualClock();
        using var nodeLog = new RecordedLog(1501);
        using var clientLog = new RecordedLog(2004);
        await using var daemon = await Daemon.StartAsync(options =>
        {
            options.Clock = clock;
            options.SessionTimeout = TimeSpan.FromMinutes(10); // the node's clock leaps ahead of the keep-alives
            options.LoggerFactory = nodeLog;
        });
        var holders = await daemon.OpenAsync(configure: options => options.Label = "holder");
        var waiters = await daemon.OpenAsync(configure: options => (options.Label, options.LoggerFactory) = ("waiter", clientLog));
        await using var held = await holders.LockAsync("r", LockMode.Exclusive, Stop);
        var waiting = waiters.LockAsync("r", LockMode.ProtectedRead, Stop).AsTask();
        await UntilWaitingAsync(holders);

        clock.Advance(TimeSpan.FromSeconds(30));

        var line = await nodeLog.NextAsync();
        Assert.Contains(" 'waiter' (pid ", line, StringComparison.Ordinal);
        Assert.Contains("has waited 00:00:30 for ProtectedRead on 'r' in lockspace 'orders', place 1 in the queue", line, StringComparison.Ordinal);
        Assert.Contains(" 'holder' (pid ", line[line.IndexOf("root blocker", StringComparison.Ordinal)..], StringComparison.Ordinal);
        line = await clientLog.NextAsync();
        Assert.StartsWith("Warning: A request for 'r' has waited 00:00:30, place 1 in the queue; root blocker: EX held for 30 s by ", line, StringComparison.Ordinal);
        Assert.Contains(" 'holder' (pid ", line, StringComparison.Ordinal);

        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Contains(" has waited 00:01:00, ", await clientLog.NextAsync(), StringComparison.Ordinal);
        await held.ReleaseAsync(Stop);
        await using var granted = await waiting.SoonAsync();
    }

    private static async Task UntilWaitingAsync(ILockspace locks)
    {
        for (var seen = false; !seen;)
        {
            await foreach (var snapshot in locks.QueryAsync(new ResourceQuery { Resource = "r" }, Stop))
                seen = snapshot.Waiting.Count > 0;
        }
    }
}
