using System.Diagnostics;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>The death of a process frees its locks at once (rule L1).</summary>
[Collection(nameof(SharedNodes))]
public class DeathTests(ThreeNodes nodes, ITestOutputHelper output)
{
    /// <summary>Far above the 100 ms that rule L1 aims at: a test may run on a starved machine. The figure is printed.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_killed_holder_frees_its_lock_to_a_waiter_on_another_node()
    {
        const int rounds = 7;
        await using var client = await TyerClient.ConnectAsync($"unix:{nodes.SocketOf(2)}", TestContext.Current.CancellationToken);
        await using var locks = await client.OpenLockspaceAsync("default", cancellationToken: TestContext.Current.CancellationToken);
        var times = new List<TimeSpan>();
        for (var round = 0; round < rounds; round++)
        {
            var resource = $"killed-{round}";
            await using var holder = await nodes.HoldAsync(1, resource);
            var waiting = locks.LockAsync(resource, LockMode.Exclusive, TestContext.Current.CancellationToken).AsTask();
            await Patience.UntilAsync(
                "the waiter is in the queue",
                async () => (await nodes.WaitingAsync(resource)).Count == 1);
            var killed = Stopwatch.GetTimestamp();
            holder.Kill();
            await using var mine = await waiting.SoonAsync();
            times.Add(Stopwatch.GetElapsedTime(killed));
        }

        times.Sort();
        output.WriteLine($"From SIGKILL to the grant on another node: median {times[rounds / 2].TotalMilliseconds:0.0} ms, least {times[0].TotalMilliseconds:0.0} ms, most {times[^1].TotalMilliseconds:0.0} ms.");
        Assert.True(times[rounds / 2] < Bound, $"{times[rounds / 2]}");
    }

    [Fact]
    public async Task A_command_dies_with_the_tyer_that_was_killed()
    {
        await using var runner = nodes.Start(1, "run", "orphan", "--", "sh", "-c", "echo $$; exec sleep 600");
        var command = int.Parse(await runner.FirstLineAsync(), global::System.Globalization.CultureInfo.InvariantCulture);
        runner.Kill();
        await Patience.UntilAsync($"process {command} is gone", () => !IsAlive(command));
        (await nodes.TyerAsync(2, "run", "orphan", "--wait", "30s", "--", "true")).With(0);
    }

    private static bool IsAlive(int process)
    {
        try
        {
            // After the name in parentheses comes the state; Z is dead, but not buried.
            return !File.ReadAllText($"/proc/{process}/stat").Split(") ")[1].StartsWith('Z');
        }
        catch (IOException)
        {
            return false;
        }
    }
}
