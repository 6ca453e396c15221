using System.Globalization;
using Tyer.Cli.Output;

namespace Tyer.Cli.Bench;

/// <summary>Prints a report for people.</summary>
internal static class BenchTable
{
    private static readonly Column[] Columns =
    [
        new("WHERE"), new("WHAT"), new("COMPLETIONS"), new("TIME", IsNumber: true), new("PER SECOND", IsNumber: true),
        new("RATIO", IsNumber: true), new("RANGE", IsNumber: true), new("GOAL", IsNumber: true), new("MET"), new("FAIRNESS", IsNumber: true), new("BYTES", IsNumber: true),
    ];

    /// <summary>What its ratios are to, in a run of locks.</summary>
    public const string OfLocks = "times the SemaphoreSlim's pair in process, times the raw round trip elsewhere (x); operations in the time of one raw round trip (/raw)";

    /// <summary>The same in a run of messages.</summary>
    public const string OfMessages = "times the raw round trip, sealed: times the same in the clear (x); messages in the time of a raw one in the same batches (/raw)";

    public static void Print(TextWriter writer, TablePrinter printer, BenchReport report, string legend)
    {
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Processors} processors, {report.Runtime}; medians of {report.Rounds} interleaved rounds; raw TCP round trip of 64 bytes: {Time(report.RawRoundTripNanoseconds)}."));
        writer.WriteLine($"RATIO: {legend}.");
        writer.WriteLine();
        printer.Print(Columns, [.. report.Figures.Select(RowOf)]);
        if (report.Heartbeat is not { } heartbeat) return;
        writer.WriteLine();
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Heartbeats under the load of batches: the 99th percentile of {heartbeat.Beats} is {heartbeat.LateMilliseconds:0.00} ms late, a bare timer thread {heartbeat.BareLateMilliseconds:0.00} ms; goal: at most {heartbeat.GoalAtMost:0} ms more, {(heartbeat.IsMet ? "met" : "not met")}."));
    }

    private static string?[] RowOf(BenchFigure figure)
    {
        string unit = figure.IsRate ? "/raw" : "x";
        return
        [
            figure.Where,
            figure.What,
            figure.Completions,
            Time(figure.Nanoseconds),
            figure.PerSecond.ToString("N0", CultureInfo.InvariantCulture),
            figure.Ratio is { } ratio ? Number(ratio) + unit : null,
            figure is { RatioLowest: { } lowest, RatioHighest: { } highest } ? $"{Number(lowest)} - {Number(highest)}" : null,
            figure.GoalAtMost is { } most ? $"<= {Number(most)}" : figure.GoalAtLeast is { } least ? $">= {Number(least)}" : null,
            figure.IsMet switch { true => "yes", false => "no", null => null },
            figure.Fairness is { } fairness ? fairness.ToString("0.00", CultureInfo.InvariantCulture) : null,
            figure.BytesPerOperation is { } bytes ? bytes.ToString("0", CultureInfo.InvariantCulture) : null,
        ];
    }

    private static string Time(double nanoseconds) => nanoseconds < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{nanoseconds:0} ns")
        : string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1000:0.0} us");

    private static string Number(double value) => value.ToString(value < 10 ? "0.00" : "0", CultureInfo.InvariantCulture);
}
