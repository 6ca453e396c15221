using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer orphans ls</c>: a row per orphan.</summary>
internal sealed class ListOrphansCommand
{
    private readonly OrphanSelection _selection = new();

    public Command Build(CommandRunner runner)
    {
        var command = new Command("ls", "List the orphans: what they hold, who left them and when, and who waits for them.");
        _selection.AddTo(command);
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            OrphansDocument found = await _selection.FindAsync(invocation, connection, cancellationToken).ConfigureAwait(false);
            if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, found);
            else LockTables.PrintOrphans(invocation, found.Orphans);
            if (found.Incomplete is null) return ExitCodes.Ok;
            invocation.Say(found.Incomplete);
            return ExitCodes.Unavailable;
        }
    }
}
