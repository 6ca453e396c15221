using System.CommandLine;
using Tyer.Cli.Bench;
using Tyer.Cli.Bench.Recovery;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Output;
using Tyer.Cli.Running;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer bench</c>: what locks cost on this machine, beside what the machine itself costs.</summary>
internal sealed class BenchCommand
{
    private const int UsualKills = 20;
    private const int UsualLocks = 10_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Option<bool> _quick = new("--quick") { Description = "Short slices: rough figures in a few seconds." };

    private readonly Option<int?> _kills = new("--kills")
    {
        Description = "How often the node is killed. Default: 20.",
        HelpName = "N",
        CustomParser = Values.OptionalNumber(1, 1000),
    };

    private readonly Option<int?> _locks = new("--locks")
    {
        Description = "How many locks are held, a third on each node. Default: 10000.",
        HelpName = "N",
        CustomParser = Values.OptionalNumber(6, 150_000),
    };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("bench", "Measure what locks cost on this machine. Starts what it needs and ends it; touches no daemon.") { _quick };
        runner.Attach(command, (invocation, stop) => MeasureAsync(invocation, BenchChild.Measure, BenchTable.OfLocks, "about a minute", stop));
        var comms = new Command("comms", "Measure what messages between two nodes cost, beside the same bytes on bare sockets.") { _quick };
        runner.Attach(comms, (invocation, stop) => MeasureAsync(invocation, BenchChild.MeasureComms, BenchTable.OfMessages, "some seconds", stop));
        command.Add(comms);
        var recovery = new Command("recovery", "Kill a node of three with all its programs, again and again, under load, and see what that costs the others.") { _kills, _locks };
        runner.Attach(recovery, RunRecoveryAsync);
        command.Add(recovery);
        return command;
    }

    private async Task<int> RunRecoveryAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        using var interruption = new Interruption(cancellationToken);
        var bench = new RecoveryBench(invocation.Surroundings.Self, invocation.Get(_locks) ?? UsualLocks, invocation.Say);
        await using var end = bench.ConfigureAwait(false);
        RecoveryBenchReport report = await bench.RunAsync(invocation.Get(_kills) ?? UsualKills, interruption.Token).ConfigureAwait(false);
        if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, report);
        else report.Print(invocation.Out);
        return report.IsGood ? ExitCodes.Ok : ExitCodes.Error;
    }

    private async Task<int> MeasureAsync(
        Invocation invocation, Func<bool, IReadOnlyList<string>> measure, string legend, string time, CancellationToken cancellationToken)
    {
        bool isQuick = invocation.Get(_quick);
        invocation.Say($"measuring for {(isQuick ? "a few seconds" : time)}...");
        ChildProcess measuring = await ChildProcess.StartAsync(
            invocation.Surroundings.Self, measure(isQuick), Patience, cancellationToken).ConfigureAwait(false);
        await using var end = measuring.ConfigureAwait(false);
        BenchReport report = JsonPrinter.Read<BenchReport>(measuring.FirstLine);
        if (invocation.Format == OutputFormat.Json)
            JsonPrinter.Print(invocation.Out, report);
        else
            BenchTable.Print(invocation.Out, new TablePrinter(invocation.Out, invocation.Surroundings.OutWidth, invocation.Colors), report, legend);
        return ExitCodes.Ok;
    }
}
