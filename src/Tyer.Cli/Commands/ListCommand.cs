using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Explaining;
using Tyer.Cli.Output;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer ls</c>: which resources are in use, by whom, and how many wait.</summary>
internal sealed class ListCommand
{
    private readonly Option<bool> _contended = new("--contended", "-c") { Description = "Only resources that somebody waits for." };

    private readonly Option<ResourceName?> _prefix = new("--prefix")
    {
        Description = "Only resources whose names begin so.",
        HelpName = "TEXT",
        CustomParser = Values.OptionalResource,
    };

    private readonly Option<LockMode?> _mode = new("--mode", "-m")
    {
        Description = "Only resources with a lock in this mode, held or wanted.",
        HelpName = "MODE",
        CustomParser = Values.OptionalMode,
    };

    private readonly Option<string?> _owner = new("--owner")
    {
        Description = "Only resources with a lock of this owner: label, process name, process id, host, user or node.",
        HelpName = "TEXT",
    };

    private readonly Option<TimeSpan?> _olderThan = new("--older-than")
    {
        Description = "Only resources with a lock that has been held or waited for at least so long, such as 5m.",
        HelpName = "SPAN",
        CustomParser = Values.OptionalSpan,
    };

    private readonly Option<int?> _limit = new("--limit")
    {
        Description = string.Create(CultureInfo.InvariantCulture, $"At most so many resources, up to {ResourceQuery.CountMax}. Default: {ResourceQuery.CountDefault}."),
        HelpName = "N",
        CustomParser = Values.OptionalNumber(1, ResourceQuery.CountMax),
    };

    public Command Build(CommandRunner runner)
    {
        Values.CompleteModes(_mode);
        var command = new Command("ls", "List resources: who holds them, who waits.") { _contended, _prefix, _mode, _owner, _olderThan, _limit };
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        int limit = invocation.Get(_limit) ?? ResourceQuery.CountDefault;
        var query = new ResourceQuery
        {
            ContendedOnly = invocation.Get(_contended),
            Prefix = invocation.Get(_prefix),
            Mode = invocation.Get(_mode),
            Owner = invocation.Get(_owner),
            OlderThan = invocation.Get(_olderThan),
            Count = limit,
        };
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            Found found = await new ResourceSearch(connection.Administration).RunAsync(invocation.Lockspace, query, cancellationToken).ConfigureAwait(false);
            LockTables.Print(invocation, found);
            if (found.Resources.Count >= limit)
                invocation.Say(string.Create(CultureInfo.InvariantCulture, $"these are the first {limit}; there may be more: narrow the question, or say --limit."));
            return found.Incomplete is null ? ExitCodes.Ok : ExitCodes.Unavailable;
        }
    }
}
