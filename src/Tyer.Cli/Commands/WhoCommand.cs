using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Explaining;
using Tyer.Cli.Output;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer who NAME</c>: every lock on a resource, with its owner.</summary>
internal sealed class WhoCommand
{
    private readonly Argument<string> _subject = new("subject")
    {
        HelpName = "NAME|LOCKID",
        Description = "The resource, or a lock on it (id:…).",
    };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("who", "Show who holds a resource and who waits for it.") { _subject };
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        Subject subject = invocation.SubjectOf(invocation.Get(_subject)!);
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            Found found = await new ResourceSearch(connection.Administration).FindAsync(subject, invocation.Lockspace, cancellationToken).ConfigureAwait(false);
            LockTables.PrintLocks(invocation, found);
            return found.Incomplete is null ? ExitCodes.Ok : ExitCodes.Unavailable;
        }
    }
}
