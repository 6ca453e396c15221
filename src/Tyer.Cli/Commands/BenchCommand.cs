using System.CommandLine;
using Tyer.Cli.Bench;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Output;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer bench</c>: what locks cost on this machine, beside what the machine itself costs.</summary>
internal sealed class BenchCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Option<bool> _quick = new("--quick") { Description = "Short slices: rough figures in a few seconds." };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("bench", "Measure what locks cost on this machine. Starts what it needs and ends it; touches no daemon.") { _quick };
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        bool isQuick = invocation.Get(_quick);
        invocation.Say(isQuick ? "measuring for some seconds..." : "measuring for about a minute...");
        ChildProcess measuring = await ChildProcess.StartAsync(
            invocation.Surroundings.Self, BenchChild.Measure(isQuick), Patience, cancellationToken).ConfigureAwait(false);
        await using var end = measuring.ConfigureAwait(false);
        BenchReport report = JsonPrinter.Read<BenchReport>(measuring.FirstLine);
        if (invocation.Format == OutputFormat.Json)
            JsonPrinter.Print(invocation.Out, report);
        else
            BenchTable.Print(invocation.Out, new TablePrinter(invocation.Out, invocation.Surroundings.OutWidth, invocation.Colors), report);
        return ExitCodes.Ok;
    }
}
