using System.Globalization;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Output;

/// <summary>Recoveries for people: a row for each, and what the newest waits for.</summary>
internal static class RecoveryText
{
    private static readonly Column[] Columns =
    [
        new("VIEW", IsNumber: true), new("AGO", IsNumber: true), new("CAUSE"), new("INSTALLED", IsNumber: true), new("DIRECTORY", IsNumber: true),
        new("LOCKS", IsNumber: true), new("SETTLED", IsNumber: true), new("LAST GRANT", IsNumber: true), new("REBUILT", IsNumber: true), new("TOLD", IsNumber: true),
        new("PURGED", IsNumber: true), new("RECORDS", IsNumber: true), new("GRANTED", IsNumber: true),
    ];

    public static void Print(TablePrinter printer, TextWriter writer, IReadOnlyList<RecoveryInfo> recoveries)
    {
        printer.Print(Columns, [.. recoveries.Select(RowOf)]);
        foreach (string waiting in recoveries.SelectMany(each => each.WaitsFor)) writer.WriteLine($"waits for {Printable.Escape(waiting)}.");
    }

    /// <summary>One recovery at one node as a sentence: its phases in order, each with its time after the view.</summary>
    public static string Timeline(string node, RecoveryInfo recovery)
    {
        (string What, TimeSpan? At)[] phases =
        [
            ("installed", recovery.Installed), ("own records done", recovery.DirectoryDone), ("own locks done", recovery.LocksDone),
            ("directory complete", recovery.DirectoryComplete), ("settled", recovery.Settled), ("last grant", recovery.LastRegrant),
        ];
        string times = string.Join(", ", phases.Where(phase => phase.At is not null).OrderBy(phase => phase.At).Select(phase => $"{phase.What} {Phase(phase.At)}"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"view {recovery.View} at {node} ({Cause(recovery)}): {times}; {recovery.ResourcesRebuilt} resources rebuilt, {recovery.LocksPurged} locks purged, {recovery.RecordsSent} records sent, {recovery.Regrants} granted.");
    }

    /// <summary>Why the view changed, in words.</summary>
    public static string Cause(RecoveryInfo recovery)
    {
        // A node that starts finds everybody new.
        if (recovery.Left.Count == 0 && recovery.Joined.Count == 0) return "nobody came or went";
        string left = recovery.Left.Count == 0 ? "" : $"{string.Join(", ", recovery.Left)} left";
        string joined = recovery.Joined.Count == 0 ? "" : $"{string.Join(", ", recovery.Joined)} joined";
        return Printable.Escape(left.Length > 0 && joined.Length > 0 ? $"{left}; {joined}" : left + joined);
    }

    /// <summary>A phase's time after the view, in milliseconds; null if it was not reached.</summary>
    public static string? Phase(TimeSpan? at) => at is { } span ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0.0} ms") : null;

    private static string?[] RowOf(RecoveryInfo recovery) =>
    [
        Number((long)recovery.View),
        LockTables.Age(recovery.Age),
        Cause(recovery),
        Phase(recovery.Installed),
        Phase(recovery.DirectoryDone),
        Phase(recovery.LocksDone),
        Phase(recovery.Settled) ?? (recovery.SupersededBy is { } next ? string.Create(CultureInfo.InvariantCulture, $"by view {next}") : "not yet"),
        Phase(recovery.LastRegrant),
        Number(recovery.ResourcesRebuilt),
        Number(recovery.LocksRebuilt),
        Number(recovery.LocksPurged),
        Number(recovery.RecordsSent),
        Number(recovery.Regrants),
    ];

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
