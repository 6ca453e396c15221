using System.Runtime.InteropServices;

namespace Tyer.Cli.Bench.Recovery;

/// <summary>When an operation began and how long it took, in ticks of the machine's monotonic clock, which all processes share.</summary>
internal readonly record struct Timing(long Began, long Took)
{
    public static void Write(string file, List<Timing> timings) => File.WriteAllBytes(file, MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(timings)));

    public static Timing[] Read(string file) => MemoryMarshal.Cast<byte, Timing>(File.ReadAllBytes(file)).ToArray();

    /// <summary>The time that so many of a hundred do not exceed; 0 of none.</summary>
    public static long Percentile(List<long> took, double percent)
    {
        if (took.Count == 0) return 0;

        took.Sort();
        return took[Math.Min(took.Count - 1, (int)(took.Count * percent / 100))];
    }
}
