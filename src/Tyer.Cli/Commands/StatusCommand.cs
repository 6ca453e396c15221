using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer status</c>: whether the node serves, what stands still, which bounds hold. The exit code is for probes.</summary>
internal static class StatusCommand
{
    public static Command Build(CommandRunner runner)
    {
        var command = new Command("status", "Show the cluster as the node sees it; exit 0 when it serves, 5 when it does not.");
        runner.Attach(command, RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            ClusterStatus status = await connection.Administration.StatusAsync(cancellationToken).ConfigureAwait(false);
            if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, status);
            else StatusText.Print(invocation.Out, status, connection.Endpoint);
            return status.Node.Serving == ServingState.Serving ? ExitCodes.Ok : ExitCodes.Unavailable;
        }
    }
}
