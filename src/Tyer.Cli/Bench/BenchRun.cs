using System.Runtime.InteropServices;
using Tyer.Cli.Running;

namespace Tyer.Cli.Bench;

/// <summary>
/// A run: everything is measured in turns, round after round, the yardsticks among it, and compared within the round. What else the machine does
/// then weighs on both sides of each ratio.
/// </summary>
internal static class BenchRun
{
    public const int Rounds = 10;

    /// <summary>How much shorter the many slices of the raw round trip are.</summary>
    private const int RawSlices = 4;

    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan QuickSlice = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan QuickWarmUp = TimeSpan.FromMilliseconds(150);

    /// <summary>Starts what it needs, measures, and ends what it started.</summary>
    /// <param name="self">How to start this program again.</param>
    /// <param name="isQuick">Short slices: rough figures in a few seconds.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public static async Task<BenchReport> RunAsync(SelfCommand self, bool isQuick, CancellationToken cancellationToken)
    {
        TimeSpan slice = isQuick ? QuickSlice : Slice;
        TimeSpan warmUp = isQuick ? QuickWarmUp : WarmUp;
        ChildProcess echo = await ChildProcess.StartAsync(self, BenchChild.Echo(), ChildProcess.StartTime, cancellationToken).ConfigureAwait(false);
        await using var echoEnd = echo.ConfigureAwait(false);
        using var link = new RawLink(int.Parse(echo.FirstLine, System.Globalization.CultureInfo.InvariantCulture));
        var places = new BenchPlaces(self);
        await using var placesEnd = places.ConfigureAwait(false);
        await places.AddInProcessAsync(cancellationToken).ConfigureAwait(false);
        await places.AddDaemonAsync(cancellationToken).ConfigureAwait(false);
        await places.AddRemoteAsync(cancellationToken).ConfigureAwait(false);

        var raw = new Probe
        {
            Where = "raw",
            What = "TCP round trip, 64 bytes",
            Against = Yardstick.None,
            Run = count =>
            {
                link.RoundTrips(count);
                return Task.CompletedTask;
            },
        };
        Probe[] all = [raw, .. places.Probes];
        // Twice: what later probes call changes how the code of earlier ones is compiled.
        foreach (Probe probe in all.Concat(all))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await probe.WarmUpAsync(probe == raw ? slice / RawSlices : slice, warmUp).ConfigureAwait(false);
        }

        for (int round = 0; round < Rounds; round++)
        {
            // What all are divided by is the worst place for noise: it is measured before each of them, and the round's median counts.
            var rawTimes = new List<double>();
            foreach (Probe probe in places.Probes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                rawTimes.Add(await raw.TimeAsync().ConfigureAwait(false));
                await probe.MeasureAsync().ConfigureAwait(false);
            }

            raw.Results.Add(Median(rawTimes));
        }

        Probe semaphore = places.Probes.First(probe => probe.Against == Yardstick.None);
        return new BenchReport(
            Environment.ProcessorCount,
            RuntimeInformation.FrameworkDescription,
            Rounds,
            Median(raw.Results),
            [.. places.Probes.Select(probe => FigureOf(probe, probe.Against == Yardstick.Semaphore ? semaphore : raw))]);
    }

    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The figure of a probe whose rounds are those of its yardstick.</summary>
    internal static BenchFigure FigureOf(Probe probe, Probe yardstick)
    {
        bool isRate = probe.Kind == FigureKind.Rate;
        double[]? ratios = probe.Against == Yardstick.None
            ? null
            : [.. probe.Results.Zip(yardstick.Results, (own, other) => isRate ? other / own : own / other)];
        double? ratio = ratios is null ? null : Median(ratios);
        double nanoseconds = Median(probe.Results);
        return new BenchFigure(
            probe.Where,
            probe.What,
            probe.Completions,
            nanoseconds,
            1e9 / nanoseconds,
            ratios is null ? null : yardstick.What,
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
