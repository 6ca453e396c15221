using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer orphans purge</c>: ends orphans, after it has said which.</summary>
internal sealed class PurgeCommand
{
    /// <summary>More than these are told as a number: nobody reads a page before he says yes.</summary>
    private const int ToldMax = 20;

    private readonly OrphanSelection _selection = new();

    private readonly Option<bool> _all = new("--all") { Description = "All of them, of the lockspace or of all lockspaces." };

    private readonly Option<bool> _dryRun = new("--dry-run", "-n") { Description = "Only say which would end." };

    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "Do not ask." };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("purge", "End orphans: those of a name, a node or a process. A value that they may have been writing is marked invalid.");
        _selection.AddTo(command);
        command.Add(_all);
        command.Add(_dryRun);
        command.Add(_yes);
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        if (!_selection.SaysWhose(invocation) && !invocation.Get(_all))
            throw new CommandFailure(ExitCodes.Usage, "say whose orphans are to end: a NAME or LOCKID, --node, --pid, or --all.");
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            OrphansDocument found = await _selection.FindAsync(invocation, connection, cancellationToken).ConfigureAwait(false);
            if (found.Incomplete is not null) invocation.Say(found.Incomplete);
            if (found.Orphans.Count == 0)
            {
                throw found.Incomplete is null
                    ? new CommandFailure(ExitCodes.NotFound, $"there is no such orphan; nothing was purged. '{TyerCommand.Name} orphans ls' lists those there are.")
                    : new CommandFailure(ExitCodes.Unavailable, "no such orphan was found, but not everybody was asked; nothing was purged.");
            }

            Tell(invocation, found.Orphans);
            if (invocation.Get(_dryRun)) return ExitCodes.Ok;
            if (!invocation.Get(_yes) && !invocation.Confirms("Nobody repairs what they guarded, and who waits for them gets in. Purge?")) return ExitCodes.Error;
            return Report(invocation, await PurgeAsync(connection.Administration, found, cancellationToken).ConfigureAwait(false), found.Incomplete is null);
        }
    }

    /// <summary>Those that were told, and no others: by their ids.</summary>
    private static async Task<PurgedDocument> PurgeAsync(ITyerAdministration administration, OrphansDocument found, CancellationToken cancellationToken)
    {
        var purged = new HashSet<LockId>();
        var silent = new SortedSet<string>(StringComparer.Ordinal);
        LockId[] named = [.. found.Orphans.Select(each => each.Orphan.Id)];
        foreach (LockId[] some in named.Chunk(OrphanPurgeResult.OrphansMax))
        {
            OrphanPurgeResult result = await administration.PurgeOrphansAsync(some, cancellationToken).ConfigureAwait(false);
            purged.UnionWith(result.Purged);
            silent.UnionWith(result.Silent);
        }

        return new PurgedDocument([.. named.Where(purged.Contains)], [.. named.Where(id => !purged.Contains(id))], [.. silent]);
    }

    private static void Tell(Invocation invocation, IReadOnlyList<OrphanDocument> orphans)
    {
        foreach (OrphanDocument each in orphans.Take(ToldMax))
        {
            string waiting = each.Waiting.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {each.Waiting.Count} wait{(each.Waiting.Count == 1 ? "s" : "")} for it");
            invocation.Say($"'{each.Orphan.Resource}' in lockspace '{each.Lockspace}': {each.Orphan}{waiting}.");
        }

        if (orphans.Count > ToldMax) invocation.Say(string.Create(CultureInfo.InvariantCulture, $"and {orphans.Count - ToldMax} more; '{TyerCommand.Name} orphans ls' lists them."));
    }

    private static int Report(Invocation invocation, PurgedDocument result, bool isComplete)
    {
        if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, result);
        else invocation.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"purged {result.Purged.Count} orphan{(result.Purged.Count == 1 ? "" : "s")}"));
        if (result.Silent.Count > 0) invocation.Say($"no answer from {string.Join(", ", result.Silent)}; to ask again is harmless.");
        if (result.Silent.Count > 0 || !isComplete) return ExitCodes.Unavailable;
        if (result.Left.Count == 0) return ExitCodes.Ok;
        invocation.Say($"not purged: {string.Join(", ", result.Left)}; adopted or ended meanwhile, or their masters do not decide just now ('{TyerCommand.Name} status').");
        return ExitCodes.Error;
    }
}
