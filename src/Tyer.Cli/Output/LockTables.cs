using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Explaining;
using Tyer.Daemon.Text;
using Tyer.Sessions.Administration;
using Tyer.Sessions.Explaining;

namespace Tyer.Cli.Output;

/// <summary>Resources and locks, as rows.</summary>
internal static class LockTables
{
    private static readonly Column[] ResourceColumns =
    [
        new("LOCKSPACE"), new("RESOURCE"), new("MODE"), new("HOLDER"), new("HELD", IsNumber: true), new("WAITING", IsNumber: true),
        new("LONGEST", IsNumber: true), new("MASTER"),
    ];

    private static readonly Column[] LockColumns =
    [
        new("LOCKSPACE"), new("RESOURCE"), new("STATE"), new("MODE"), new("FOR", IsNumber: true), new("PROCESS"), new("PID", IsNumber: true),
        new("HOST"), new("USER"), new("NODE"), new("LOCK"), new("TOKEN"), new("PURPOSE"),
    ];

    private static readonly Column[] OrphanColumns =
    [
        new("LOCKSPACE"), new("RESOURCE"), new("MODE"), new("LEFT", IsNumber: true), new("PROCESS"), new("PID", IsNumber: true),
        new("HOST"), new("USER"), new("NODE"), new("LOCK"), new("TOKEN"), new("IN THE WAY OF"),
    ];

    /// <summary>A row per resource.</summary>
    public static void Print(Invocation invocation, Found found)
    {
        if (PrintJson(invocation, found)) return;
        Printer(invocation).Print(ResourceColumns, [.. found.Resources.Select(RowOf)]);
        if (found.Incomplete is not null) invocation.Say(found.Incomplete);
    }

    /// <summary>A row per lock, in the order of the queues.</summary>
    public static void PrintLocks(Invocation invocation, Found found)
    {
        if (PrintJson(invocation, found)) return;
        Printer(invocation).Print(LockColumns, [.. found.Resources.SelectMany(each => each.Snapshot.Locks.Select(entry => RowOf(each.Lockspace, entry)))]);
        foreach (LockspaceResource each in found.Resources)
        {
            if (each.Snapshot.HeldUpBy is { } reason) invocation.Say($"'{each.Snapshot.Resource}' is held up by {reason}.");
        }

        if (found.Incomplete is not null) invocation.Say(found.Incomplete);
    }

    /// <summary>A row per orphan.</summary>
    public static void PrintOrphans(Invocation invocation, IReadOnlyList<OrphanDocument> orphans) =>
        Printer(invocation).Print(OrphanColumns, [.. orphans.Select(RowOf)]);

    public static TablePrinter Printer(Invocation invocation) => new(invocation.Out, invocation.Surroundings.OutWidth, invocation.Colors);

    /// <summary>A span of time in a cell; null where there is none.</summary>
    public static string? Age(TimeSpan? span) => span is { } age ? DurationText.Format(age) : null;

    public static string Count(int count) => count.ToString(CultureInfo.InvariantCulture);

    /// <summary>Who it is, in one cell: the process, and its label if it has one.</summary>
    public static string Who(LockOwner owner) => owner.Label is { } label
        ? $"{Printable.Escape(owner.ProcessName)} '{Printable.Escape(label)}'"
        : Printable.Escape(owner.ProcessName);

    private static bool PrintJson(Invocation invocation, Found found)
    {
        if (invocation.Format != OutputFormat.Json) return false;
        JsonPrinter.Print(invocation.Out, new ListDocument([.. found.Resources.Select(ResourceDocument.Of)], found.Incomplete));
        return true;
    }

    private static string?[] RowOf(LockspaceResource found)
    {
        ResourceSnapshot snapshot = found.Snapshot;
        List<LockEntry> held = [.. WaitRules.Held(snapshot)];
        List<LockEntry> queue = [.. WaitRules.Queue(snapshot)];
        LockEntry? first = held.FirstOrDefault();
        string? holder = first is null ? null : $"{Who(first.Owner)} (pid {first.Owner.ProcessId} on {Printable.Escape(first.Owner.Host)})";
        if (held.Count > 1) holder += $" and {held.Count - 1} more";
        return
        [
            found.Lockspace,
            snapshot.Resource.ToString(),
            held.Count == 0 ? null : string.Join(",", held.Select(each => each.Granted!.Value).Distinct().Select(mode => mode.ToShortName())),
            holder,
            Age(held.Max(each => each.HeldFor)),
            Count(queue.Count),
            Age(queue.Max(each => each.WaitedFor)),
            Printable.Escape(snapshot.Master),
        ];
    }

    private static string?[] RowOf(OrphanDocument found)
    {
        LockEntry orphan = found.Orphan;
        string? waiting = found.Waiting is [var first, ..] ? $"{Who(first.Owner)} (pid {first.Owner.ProcessId} on {Printable.Escape(first.Owner.Host)})" : null;
        if (found.Waiting.Count > 1) waiting += $" and {found.Waiting.Count - 1} more";
        return
        [
            found.Lockspace,
            orphan.Resource.ToString(),
            ModeOf(orphan),
            Age(orphan.LeftFor),
            Who(orphan.Owner),
            Count(orphan.Owner.ProcessId) + (orphan.Owner.Verified ? "" : "?"),
            Printable.Escape(orphan.Owner.Host),
            Printable.Escape(orphan.Owner.User),
            Printable.Escape(orphan.Owner.Node),
            orphan.Id.ToString(),
            orphan.Token.ToString(),
            waiting,
        ];
    }

    private static string?[] RowOf(string lockspace, LockEntry entry) =>
    [
        lockspace,
        entry.Resource.ToString(),
        StateOf(entry),
        ModeOf(entry),
        Age(entry.WaitedFor ?? entry.HeldFor),
        Who(entry.Owner),
        Count(entry.Owner.ProcessId) + (entry.Owner.Verified ? "" : "?"),
        Printable.Escape(entry.Owner.Host),
        Printable.Escape(entry.Owner.User),
        Printable.Escape(entry.Owner.Node),
        entry.Id.ToString(),
        entry.Token == default ? null : entry.Token.ToString(),
        entry.Purpose is { } purpose ? Printable.Escape(purpose) : null,
    ];

    private static string StateOf(LockEntry entry) => entry switch
    {
        { IsOrphan: true } => "orphan",
        { Granted: not null, Requested: not null } => "converts",
        { Granted: not null } => "holds",
        _ => "waits",
    };

    private static string ModeOf(LockEntry entry) => (entry.Granted, entry.Requested) switch
    {
        ({ } granted, { } requested) => $"{granted.ToShortName()}>{requested.ToShortName()}",
        ({ } granted, null) => granted.ToShortName(),
        (null, { } requested) => requested.ToShortName(),
        _ => "-",
    };
}
