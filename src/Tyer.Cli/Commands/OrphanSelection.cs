using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Explaining;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;
using Tyer.Sessions.Explaining;

namespace Tyer.Cli.Commands;

/// <summary>The part that <c>orphans ls</c> and <c>orphans purge</c> share: which orphans, and finding them.</summary>
internal sealed class OrphanSelection
{
    private readonly Argument<string?> _subject = new("name")
    {
        HelpName = "NAME|LOCKID",
        Description = "Those on this resource, or the one of this id.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _node = new("--node")
    {
        Description = "Those of processes that were on this node; it may be gone itself.",
        HelpName = "NAME",
        CustomParser = Values.SystemNameOf("node name"),
    };

    private readonly Option<int?> _process = new("--pid")
    {
        Description = "Those that this process left.",
        HelpName = "N",
        CustomParser = Values.OptionalNumber(1, int.MaxValue),
    };

    private readonly Option<LockMode?> _mode = new("--mode", "-m")
    {
        Description = "Those in this mode.",
        HelpName = "MODE",
        CustomParser = Values.OptionalMode,
    };

    private readonly Option<TimeSpan?> _olderThan = new("--older-than")
    {
        Description = "Those that were left at least so long ago, such as 1h.",
        HelpName = "SPAN",
        CustomParser = Values.OptionalSpan,
    };

    public void AddTo(Command command)
    {
        Values.CompleteModes(_mode);
        command.Add(_subject);
        command.Add(_node);
        command.Add(_process);
        command.Add(_mode);
        command.Add(_olderThan);
    }

    /// <summary>Whether it was said whose orphans are meant; mode and age only narrow that.</summary>
    public bool SaysWhose(Invocation invocation) =>
        invocation.Get(_subject) is not null || invocation.Get(_node) is not null || invocation.Get(_process) is not null;

    /// <summary>The orphans that were asked for, by lockspace and name, and who did not answer.</summary>
    public async Task<OrphansDocument> FindAsync(Invocation invocation, IConnection connection, CancellationToken cancellationToken)
    {
        Subject subject = invocation.Get(_subject) is { } text ? invocation.SubjectOf(text) : default;
        ResourceQuery query = subject.Query with
        {
            OrphansOnly = true,
            Mode = invocation.Get(_mode),
            Owner = invocation.Get(_node) ?? invocation.Get(_process)?.ToString(CultureInfo.InvariantCulture),
            Count = ResourceQuery.CountMax,
        };
        Found found = await new ResourceSearch(connection.Administration).RunAsync(invocation.Lockspace, query, cancellationToken).ConfigureAwait(false);
        if (found.Resources.Count >= ResourceQuery.CountMax)
            invocation.Say(string.Create(CultureInfo.InvariantCulture, $"these are of the first {ResourceQuery.CountMax} resources; there may be more: narrow the question."));
        return new OrphansDocument([.. found.Resources.SelectMany(OrphansOn).Where(each => IsMeant(invocation, subject, each.Orphan))], found.Incomplete);
    }

    /// <summary>The orphans on a resource, each with those in whose way it is.</summary>
    public static IEnumerable<OrphanDocument> OrphansOn(LockspaceResource found)
    {
        ResourceSnapshot snapshot = found.Snapshot;
        return snapshot.Locks.Where(each => each.IsOrphan).Select(orphan => new OrphanDocument(
            found.Lockspace, snapshot.Master, orphan,
            [.. WaitRules.Queue(snapshot).Where(waiting => WaitRules.InTheWayOf(waiting, snapshot).Any(each => each.Id == orphan.Id))]));
    }

    private bool IsMeant(Invocation invocation, Subject subject, LockEntry orphan) =>
        (subject.Lock is not { } id || orphan.Id == id)
        && (invocation.Get(_node) is not { } node || orphan.Owner.Node == node)
        && (invocation.Get(_process) is not { } process || orphan.Owner.ProcessId == process)
        && (invocation.Get(_mode) is not { } mode || orphan.Granted == mode)
        && (invocation.Get(_olderThan) is not { } age || orphan.LeftFor >= age);
}
