using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer events</c>: what is there, a line each, and what changes of it.</summary>
internal sealed class EventsCommand
{
    private readonly Option<bool> _follow = new("--follow", "-f") { Description = "Go on with what changes, until the node or somebody else ends it." };
    private readonly Option<bool> _timestamps = new("--timestamps") { Description = "Begin each line with the time, in UTC." };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("events", "List what the node sees (itself, its view, its peers and connections), a line each, and follow what changes.") { _follow, _timestamps };
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            await foreach (ClusterEvent told in connection.Administration.EventsAsync(invocation.Get(_follow), cancellationToken).ConfigureAwait(false))
            {
                if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, told, onOneLine: true);
                else invocation.Out.WriteLine(EventText.Of(told, invocation.Get(_timestamps)));
                invocation.Out.Flush();
            }

            return ExitCodes.Ok;
        }
    }
}
