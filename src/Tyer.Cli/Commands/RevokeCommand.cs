using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Explaining;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer revoke ID --reason TEXT</c>: takes a lock away from whoever has it.</summary>
internal sealed class RevokeCommand
{
    private readonly Argument<LockId> _id = new("id")
    {
        HelpName = "LOCKID",
        Description = "The lock, as 'tyer who' and 'tyer why' show it: id:…",
        CustomParser = Values.Id,
    };

    private readonly Option<string?> _reason = new("--reason")
    {
        Description = "Why, for the logs of both sides.",
        HelpName = "TEXT",
        CustomParser = Values.Label,
        Required = true,
    };

    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "Do not ask." };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("revoke", "Take a lock away from its holder, who is told before anybody else can have it.") { _id, _reason, _yes };
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        LockId id = invocation.Get(_id);
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var search = new ResourceSearch(connection.Administration);
            Found found = await search.FindAsync(new Subject(id, null), invocation.Lockspace, cancellationToken).ConfigureAwait(false);
            LockEntry victim = found.Resources[0].Snapshot.Locks.First(entry => entry.Id == id);
            invocation.Say($"'{victim.Resource}' in lockspace '{found.Resources[0].Lockspace}': {victim}.");
            if (victim.IsOrphan)
                throw new CommandFailure(ExitCodes.Refused, $"nobody has {id} any more who could be told: it is an orphan. '{TyerCommand.Name} orphans purge {id}' ends it.");
            if (!invocation.Get(_yes) && !invocation.Confirms("It loses the lock while it may be working under it. Revoke?")) return ExitCodes.Error;

            RevokeResult result = await connection.Administration.RevokeAsync(id, invocation.Get(_reason)!, cancellationToken).ConfigureAwait(false);
            return Report(invocation, result);
        }
    }

    private static int Report(Invocation invocation, RevokeResult result)
    {
        switch (result.Outcome)
        {
            case RevokeOutcome.NotFound:
                throw new CommandFailure(ExitCodes.NotFound, $"there is no lock {result.Lock} any more; nothing was revoked.");
            case RevokeOutcome.NodeUnreachable:
                throw new CommandFailure(ExitCodes.Unavailable, $"the node that has {result.Lock} does not answer; as far as is known, nothing was revoked.");
            default:
                if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, result);
                else invocation.Out.WriteLine($"revoked {result.Lock}");
                return ExitCodes.Ok;
        }
    }
}
