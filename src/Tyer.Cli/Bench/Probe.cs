using System.Diagnostics;

namespace Tyer.Cli.Bench;

/// <summary>What a probe's result is.</summary>
internal enum FigureKind
{
    /// <summary>The time that one operation takes; compared as multiples of the yardstick.</summary>
    Time,

    /// <summary>How many operations are done in the time of one of the yardstick's.</summary>
    Rate,
}

/// <summary>One thing that is measured: a loop, and what it is compared with.</summary>
internal sealed class Probe
{
    private int _operations = 1;

    public required string Where { get; init; }

    public required string What { get; init; }

    /// <summary>Where continuations run: <c>default</c> (thread pool) or <c>inline</c>; null where none has to wait.</summary>
    public string? Completions { get; init; }

    public FigureKind Kind { get; init; }

    /// <summary>What it is compared with, measured in the same round; null: it stands for itself.</summary>
    public Probe? Against { get; init; }

    /// <summary>The ratio that is aimed at: at most that of a time, at least that of a rate; null: none is stated.</summary>
    public double? Goal { get; init; }

    /// <summary>Does so many operations.</summary>
    public required Func<int, Task> Run { get; init; }

    /// <summary>Acquisitions of the most and the least served of those that compete, since the start; null where nobody competes.</summary>
    public Func<double>? Fairness { get; init; }

    /// <summary>What it takes from the heap is counted here, in bytes; null: it is not counted.</summary>
    public Func<long>? Allocated { get; init; }

    /// <summary>Bytes per operation in the last round; null where they are not counted.</summary>
    public double? Bytes { get; private set; }

    /// <summary>Nanoseconds per operation, one for each round.</summary>
    public List<double> Results { get; } = [];

    /// <summary>How much shorter than the others' its slices are: for one that is measured often.</summary>
    public int SliceDivisor { get; init; } = 1;

    /// <summary>Runs until the code is compiled for good, and finds out how many operations fill a slice of time.</summary>
    public async Task WarmUpAsync(TimeSpan slice, TimeSpan warmUp)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            double each = await TimeAsync().ConfigureAwait(false);
            if (each * _operations < slice.TotalNanoseconds / SliceDivisor / 2) _operations *= 2;
            else if (Stopwatch.GetElapsedTime(start) >= warmUp) return;
        }
    }

    /// <summary>Measures once more.</summary>
    public async Task MeasureAsync() => Results.Add(await TimeAsync().ConfigureAwait(false));

    /// <summary>Nanoseconds per operation, in one slice.</summary>
    public async Task<double> TimeAsync()
    {
        long allocated = Allocated?.Invoke() ?? 0;
        long start = Stopwatch.GetTimestamp();
        await Run(_operations).ConfigureAwait(false);
        double nanoseconds = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        if (Allocated is not null) Bytes = (double)(Allocated() - allocated) / _operations;
        return nanoseconds / _operations;
    }
}
