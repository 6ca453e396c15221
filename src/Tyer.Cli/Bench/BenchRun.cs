using System.Runtime.InteropServices;

namespace Tyer.Cli.Bench;

/// <summary>
/// A run: everything is measured in turns, round after round, the yardsticks among it, and compared within the round. What else the machine does
/// then weighs on both sides of each ratio.
/// </summary>
internal static class BenchRun
{
    public const int Rounds = 10;

    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan QuickSlice = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan QuickWarmUp = TimeSpan.FromMilliseconds(150);

    /// <summary>Measures probes beside their yardsticks.</summary>
    /// <param name="raw">What its header tells: the raw round trip.</param>
    /// <param name="probes">What is reported, in this order; yardsticks may be among it.</param>
    /// <param name="isQuick">Short slices: rough figures in a few seconds.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public static async Task<BenchReport> MeasureAsync(Probe raw, IReadOnlyList<Probe> probes, bool isQuick, CancellationToken cancellationToken)
    {
        TimeSpan slice = isQuick ? QuickSlice : Slice;
        TimeSpan warmUp = isQuick ? QuickWarmUp : WarmUp;
        Probe[] yardsticks = [.. probes.SelectMany(YardsticksOf).Append(raw).Distinct()];
        Probe[] all = [.. yardsticks, .. probes.Except(yardsticks)];
        // Twice: what later probes call changes how the code of earlier ones is compiled.
        foreach (Probe probe in all.Concat(all))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await probe.WarmUpAsync(slice, warmUp).ConfigureAwait(false);
        }

        for (int round = 0; round < Rounds; round++)
        {
            // What others are divided by is the worst place for noise: it is measured before each of them, and the round's median counts.
            var times = yardsticks.ToDictionary(yardstick => yardstick, _ => new List<double>());
            foreach (Probe probe in probes.Except(yardsticks))
            {
                cancellationToken.ThrowIfCancellationRequested();
                foreach (Probe yardstick in YardsticksOf(probe)) times[yardstick].Add(await yardstick.TimeAsync().ConfigureAwait(false));
                await probe.MeasureAsync().ConfigureAwait(false);
            }

            foreach ((Probe yardstick, List<double> ofRound) in times) yardstick.Results.Add(Median(ofRound));
        }

        return new BenchReport(
            Environment.ProcessorCount, RuntimeInformation.FrameworkDescription, Rounds, Median(raw.Results), [.. probes.Select(FigureOf)]);
    }

    /// <summary>What a probe is compared with, after what that is compared with.</summary>
    private static IEnumerable<Probe> YardsticksOf(Probe probe) => probe.Against is { } yardstick ? [.. YardsticksOf(yardstick), yardstick] : [];

    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The figure of a probe whose rounds are those of its yardstick.</summary>
    internal static BenchFigure FigureOf(Probe probe)
    {
        bool isRate = probe.Kind == FigureKind.Rate;
        double[]? ratios = probe.Against is null
            ? null
            : [.. probe.Results.Zip(probe.Against.Results, (own, other) => isRate ? other / own : own / other)];
        double? ratio = ratios is null ? null : Median(ratios);
        double nanoseconds = Median(probe.Results);
        return new BenchFigure(
            probe.Where,
            probe.What,
            probe.Completions,
            nanoseconds,
            1e9 / nanoseconds,
            probe.Against?.What,
            isRate,
            ratio,
            ratios?.Min(),
            ratios?.Max(),
            isRate ? null : probe.Goal,
            isRate ? probe.Goal : null,
            probe.Goal is null || ratio is null ? null : isRate ? ratio >= probe.Goal : ratio <= probe.Goal,
            probe.Fairness?.Invoke(),
            probe.Bytes);
    }
}
