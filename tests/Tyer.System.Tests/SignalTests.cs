using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>Signals reach whom they are meant for, and leave nothing behind.</summary>
[Collection(nameof(SharedNodes))]
public class SignalTests(ThreeNodes nodes)
{
    public static TheoryData<int> Both => [Signals.Interrupt, Signals.Terminate];

    [Theory, MemberData(nameof(Both))]
    public async Task Run_passes_a_signal_on_and_ends_with_what_the_command_makes_of_it(int signal)
    {
        await using var runner = nodes.Start(1, "run", $"passed-{signal}", "--", "sh", "-c", $"trap 'echo got it; exit 33' {signal}; echo ready; while :; do sleep 0.05; done");
        await runner.LineWithAsync("ready");
        runner.Signal(signal);
        var ended = (await runner.EndAsync()).With(33);
        Assert.Contains("got it", ended.Output, StringComparison.Ordinal);
        (await nodes.TyerAsync(2, "run", $"passed-{signal}", "--wait", "0", "--", "true")).With(0);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task A_command_that_a_signal_ends_is_told_by_the_exit_code(int signal)
    {
        await using var runner = nodes.Start(1, "run", $"ended-{signal}", "--", "sh", "-c", "echo ready; exec sleep 600");
        await runner.LineWithAsync("ready");
        runner.Signal(signal);
        (await runner.EndAsync()).With(128 + signal);
        (await nodes.TyerAsync(2, "run", $"ended-{signal}", "--wait", "0", "--", "true")).With(0);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task A_waiting_run_is_ended_and_its_command_never_runs(int signal)
    {
        var resource = $"waited-{signal}";
        await using var holder = await nodes.HoldAsync(1, resource);
        await using var waiter = await nodes.WaitAsync(2, "run", resource, "--", "echo", "ran");
        waiter.Signal(signal);
        var ended = (await waiter.EndAsync()).With(128 + signal);
        Assert.Empty(ended.Output);
        Assert.Contains("ended the wait", ended.Errors, StringComparison.Ordinal);
        await Patience.UntilAsync(
            "nobody waits any more",
            async () => (await nodes.WaitingAsync(resource)).Count == 0);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Hold_lets_go_on_a_signal(int signal)
    {
        await using var holder = await nodes.HoldAsync(1, $"held-{signal}");
        holder.Signal(signal);
        (await holder.EndAsync()).With(0);
        (await nodes.TyerAsync(2, "run", $"held-{signal}", "--wait", "0", "--", "true")).With(0);
    }

    [Fact]
    public async Task Hold_lets_go_at_the_end_of_its_input()
    {
        await using var holder = await nodes.HoldAsync(1, "held-input");
        holder.CloseInput();
        (await holder.EndAsync()).With(0);
        (await nodes.TyerAsync(2, "run", "held-input", "--wait", "0", "--", "true")).With(0);
    }
}
