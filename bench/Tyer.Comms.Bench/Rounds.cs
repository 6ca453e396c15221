using System.Diagnostics;

namespace Tyer.Comms.Bench;

/// <summary>One round of one way, and the middle of many.</summary>
internal static class Rounds
{
    /// <summary>The median and the 99th percentile of so many round trips, in microseconds.</summary>
    public static (double Median, double Tail) Run(IWay way, int roundTrips)
    {
        var times = new long[roundTrips];
        way.Measure(times);
        Array.Sort(times);
        return (Microseconds(times[roundTrips / 2]), Microseconds(times[roundTrips * 99 / 100]));
    }

    public static double Median(List<double> values)
    {
        List<double> sorted = [.. values.Order()];
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;
    }

    private static double Microseconds(long ticks) => Stopwatch.GetElapsedTime(0, ticks).TotalMicroseconds;
}
