using System.Globalization;
using Tyer.Simulation;

namespace Tyer.Cli.Output;

/// <summary>What simulated lives came to, for people.</summary>
internal static class SimText
{
    /// <summary>One life: its story if that was asked for, and how it ended.</summary>
    public static void Print(TextWriter writer, SimResult life, string profile)
    {
        foreach (string line in life.Trace) writer.WriteLine(line);
        writer.WriteLine(life.Violation is { } violation
            ? $"seed {life.Seed}, profile {profile}: VIOLATED {violation}"
            : string.Create(CultureInfo.InvariantCulture, $"seed {life.Seed}, profile {profile}: nothing violated, {life.Faults} faults, trace {life.TraceHash:x16}"));
    }

    /// <summary>What recoveries cost, by size.</summary>
    public static void Print(TablePrinter tables, IReadOnlyList<RecoveryCost> costs) => tables.Print(
        [
            new Column("LOCKS", IsNumber: true), new Column("NODES", IsNumber: true), new Column("LOCKS LOST", IsNumber: true),
            new Column("LOCKS REBUILT", IsNumber: true), new Column("RECORDS MOVED", IsNumber: true), new Column("MESSAGES", IsNumber: true),
            new Column("UNTOUCHED OPERATIONS DELAYED", IsNumber: true),
        ],
        [.. costs.Select(cost => new[]
        {
            Number(cost.Locks), Number(cost.Nodes), Number(cost.Lost), Number(cost.Rebuilt), Number(cost.Moved), Number(cost.Messages),
            $"{Number(cost.Delayed)} of {Number(cost.Operations)}",
        })]);

    private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Many lives: what happened in them how often, and what was violated.</summary>
    public static void Print(TextWriter writer, TablePrinter tables, SimReport report)
    {
        tables.Print(
            [new Column("WHAT"), new Column("TIMES", IsNumber: true)],
            [.. report.Counts.Where(count => !SimResult.IsCut(count.Key)).Select(count => new[] { count.Key, Number(count.Value) })]);
        writer.WriteLine();
        tables.Print(
            [new Column("WHILE A RECOVERY WAS AT"), .. SimResult.Phases.Select(phase => new Column(phase.ToUpperInvariant(), IsNumber: true))],
            [.. SimResult.Cuts(report.Counts).Select(cut => new[] { cut.What }.Concat(cut.Times.Select(Number)).ToArray())]);
        writer.WriteLine();
        foreach (SimViolation violation in report.Violations)
            writer.WriteLine($"VIOLATED seed {violation.Seed}, profile {violation.Profile}: {violation.Rule}");
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Runs:N0} lives in {report.Seconds:0.0} s ({report.Runs / Math.Max(report.Seconds, 0.001):0.0} a second): {report.Violations.Count} violations"));
    }
}

/// <summary>What recoveries cost, by size.</summary>
internal sealed record SimCosts(IReadOnlyList<RecoveryCost> Costs);

/// <summary>What one simulated life came to.</summary>
/// <param name="Seed">What it was made from.</param>
/// <param name="Profile">How rough it was.</param>
/// <param name="Violation">The first rule that did not hold, with when and where; null: all held.</param>
/// <param name="TraceHash">Made from everything that happened, in hexadecimal: a number so large is rounded by many who read JSON.</param>
/// <param name="Faults">How many faults were planned.</param>
/// <param name="Clients">How many clients there were.</param>
/// <param name="Counts">What happened how often.</param>
/// <param name="Trace">What happened, line by line, if that was asked for.</param>
internal sealed record SimLife(
    ulong Seed,
    string Profile,
    string? Violation,
    string TraceHash,
    int Faults,
    int Clients,
    IReadOnlyDictionary<string, long> Counts,
    IReadOnlyList<string> Trace)
{
    public static SimLife Of(SimResult life, string profile) => new(
        life.Seed,
        profile,
        life.Violation,
        life.TraceHash.ToString("x16", CultureInfo.InvariantCulture),
        life.Faults,
        life.Operations.Count,
        life.Counts,
        life.Trace);
}

/// <summary>What many simulated lives came to.</summary>
/// <param name="Runs">How many.</param>
/// <param name="FirstSeed">The seed of the first; each other's is one more.</param>
/// <param name="Seconds">How long they took.</param>
/// <param name="Violations">What was violated, by seed.</param>
/// <param name="Counts">What happened how often in all of them.</param>
internal sealed record SimReport(
    int Runs, ulong FirstSeed, double Seconds, IReadOnlyList<SimViolation> Violations, IReadOnlyDictionary<string, long> Counts);

/// <summary>A life in which something was violated.</summary>
/// <param name="Seed">To live it again: <c>tyer sim --seed</c>.</param>
/// <param name="Profile">Its profile.</param>
/// <param name="Rule">What was violated, when and where.</param>
internal sealed record SimViolation(ulong Seed, string Profile, string Rule);
