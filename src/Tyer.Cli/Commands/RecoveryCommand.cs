using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer recovery</c>: what the last changes of the view meant to the node, phase by phase.</summary>
internal static class RecoveryCommand
{
    public static Command Build(CommandRunner runner)
    {
        var command = new Command("recovery", "Show the last recoveries of the node, the newest first: cause, time of each phase after the view came, and what there was to do.");
        runner.Attach(command, RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            IReadOnlyList<RecoveryInfo> recoveries = await connection.Administration.RecoveriesAsync(cancellationToken).ConfigureAwait(false);
            if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, new RecoveriesDocument(recoveries));
            else RecoveryText.Print(LockTables.Printer(invocation), invocation.Out, recoveries);
            return ExitCodes.Ok;
        }
    }
}
