using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Explaining;
using Tyer.Cli.Output;

namespace Tyer.Cli.Commands;

/// <summary>
/// <c>tyer orphans adopt NAME [-- CMD…]</c>: takes an orphan over to repair what it guards. It is released only when that was done: when the command
/// ended with 0, or, without a command, at the end of input. Else it stays an orphan, and nobody walks into what is half repaired.
/// </summary>
internal sealed class AdoptCommand
{
    private readonly Argument<ResourceName> _name = new("name")
    {
        HelpName = "NAME",
        Description = "The resource that the orphan is on.",
        CustomParser = Values.Resource,
    };

    private readonly Option<LockMode?> _mode = new("--mode", "-m")
    {
        Description = "The mode that the orphan is in. Default: what it is, if all there have one.",
        HelpName = "MODE",
        CustomParser = Values.OptionalMode,
    };

    private readonly Option<string?> _label = new("--label")
    {
        Description = "What to call the new holder, shown to whoever waits.",
        HelpName = "TEXT",
        CustomParser = Values.Label,
    };

    private readonly Option<string?> _purpose = new("--purpose")
    {
        Description = "What it is adopted for, shown to whoever waits.",
        HelpName = "TEXT",
        CustomParser = Values.Label,
    };

    private readonly GuardedCommand _command = new();

    public Command Build(CommandRunner runner)
    {
        Values.CompleteModes(_mode);
        var command = new Command(
            "adopt",
            "Take an orphan over, and run a command under it; without one, hold it until the end of input. It is released when that ends well, and else stays an orphan.")
        {
            _name, _mode, _label, _purpose,
        };
        _command.AddTo(command);
        _command.Words.Arity = ArgumentArity.ZeroOrMore;
        runner.Attach(command, RunAsync, _command.OwnCode);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        HeldLock? adopted = null;
        try
        {
            return invocation.Get(_command.Words) is [_, ..]
                ? await _command.RunAsync(invocation, TakeAsync, cancellationToken).ConfigureAwait(false)
                : await Holding.RunAsync(invocation, token => TakeAsync(null, token), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (adopted is { StaysBehind: true })
                invocation.Say($"'{adopted.Handle.Resource}' stays an orphan in {adopted.Handle.Mode.ToShortName()}, to be adopted again.");
        }

        async Task<HeldLock> TakeAsync(string? usualLabel, CancellationToken token) =>
            adopted = await AdoptAsync(invocation, invocation.Get(_label) ?? usualLabel, token).ConfigureAwait(false);
    }

    private async Task<HeldLock> AdoptAsync(Invocation invocation, string? label, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            OrphanDocument orphan = await FindAsync(invocation, connection, cancellationToken).ConfigureAwait(false);
            invocation.Say($"'{orphan.Orphan.Resource}' in lockspace '{orphan.Lockspace}': {orphan.Orphan}.");
            ILockspace lockspace = await LockRequest.OpenAsync(invocation, connection, orphan.Lockspace, wait: null, cancellationToken).ConfigureAwait(false);
            var options = new LockOptions { Owner = label, Purpose = invocation.Get(_purpose), Adopt = true, Persistent = true, ValueBlock = false };
            LockHandle handle = await lockspace.LockAsync(orphan.Orphan.Resource, orphan.Orphan.Granted!.Value, options, cancellationToken).ConfigureAwait(false);
            return new HeldLock(connection, lockspace, handle) { StaysBehind = true };
        }
        catch (Exception exception)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            if (exception is LockTimeoutException or LockRefusedException { Reason: RefusalReason.BadRequest })
                throw new CommandFailure(ExitCodes.NotFound, $"the orphan on '{invocation.Get(_name)}' is gone: it was adopted or purged at this moment.", exception);
            throw;
        }
    }

    /// <summary>The one that is meant; nobody adopts by guess.</summary>
    private async Task<OrphanDocument> FindAsync(Invocation invocation, IConnection connection, CancellationToken cancellationToken)
    {
        ResourceName name = invocation.Get(_name);
        var query = new ResourceQuery { Resource = name, OrphansOnly = true };
        Found found = await new ResourceSearch(connection.Administration).RunAsync(invocation.Lockspace, query, cancellationToken).ConfigureAwait(false);
        List<OrphanDocument> there = [.. found.Resources.SelectMany(OrphanSelection.OrphansOn)];
        if (there.Count == 0)
        {
            string where = invocation.Lockspace is { } lockspace ? $"in lockspace '{lockspace}'" : "in any lockspace";
            throw found.Incomplete is null
                ? new CommandFailure(ExitCodes.NotFound, $"there is no orphan on '{name}' {where}. '{TyerCommand.Name} orphans ls' lists those there are.")
                : new CommandFailure(ExitCodes.Unavailable, $"no orphan was found on '{name}', but not everybody was asked. {found.Incomplete}");
        }

        List<OrphanDocument> meant = [.. there.Where(each => invocation.Get(_mode) is not { } mode || each.Orphan.Granted == mode)];
        if (meant.Count == 0)
            throw new CommandFailure(ExitCodes.NotFound, $"'{name}' has no orphan in {invocation.Get(_mode)!.Value.ToShortName()}, only in {Modes(there)}.");
        if (Spaces(meant) is [_, _, ..] spaces)
            throw new CommandFailure(ExitCodes.Usage, $"'{name}' has orphans in lockspaces {string.Join(" and ", spaces)}: say which with --lockspace.");
        if (!SystemName.IsValid(meant[0].Lockspace))
            throw new CommandFailure(ExitCodes.Usage, $"no node knows any more what the lockspace of '{name}' is called ({meant[0].Lockspace}): say it with --lockspace.");
        if (meant.Select(each => each.Orphan.Granted).Distinct().Count() > 1)
            throw new CommandFailure(ExitCodes.Usage, $"'{name}' has orphans in {Modes(meant)}: say which with --mode.");
        if (meant.Count > 1)
            invocation.Say(string.Create(CultureInfo.InvariantCulture, $"'{name}' has {meant.Count} orphans in {Modes(meant)}; this adopts one of them."));
        return meant[0];
    }

    private static string Modes(IEnumerable<OrphanDocument> orphans) =>
        string.Join(" and ", orphans.Select(each => each.Orphan.Granted!.Value).Distinct().Order().Select(mode => mode.ToShortName()));

    private static List<string> Spaces(IEnumerable<OrphanDocument> orphans) => [.. orphans.Select(each => each.Lockspace).Distinct()];
}
