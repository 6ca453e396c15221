namespace Tyer.Cli.Bench;

/// <summary>What <c>bench</c> answers.</summary>
/// <param name="Processors">How many processors all processes of the benchmark shared.</param>
/// <param name="Runtime">The version of .NET.</param>
/// <param name="Rounds">How often each thing was measured, in turns.</param>
/// <param name="RawRoundTripNanoseconds">64 bytes there and back over blocking TCP between two processes: the median.</param>
/// <param name="Figures">The figures.</param>
internal sealed record BenchReport(int Processors, string Runtime, int Rounds, double RawRoundTripNanoseconds, IReadOnlyList<BenchFigure> Figures)
{
    /// <summary>How punctual heartbeats are under load; null where there are none.</summary>
    public HeartbeatFigure? Heartbeat { get; init; }
}

/// <summary>By how much a thread that does nothing else is woken too late while messages flow: the one that pings, and a bare one.</summary>
/// <param name="Beats">How many beats of the one that pings were looked at.</param>
/// <param name="LateMilliseconds">By how much the latest of a hundred beats came too late: the 99th percentile.</param>
/// <param name="BareLateMilliseconds">The same of the bare thread, in the same process at the same time.</param>
/// <param name="GoalAtMost">By how much more the one that pings may be late, in milliseconds.</param>
internal sealed record HeartbeatFigure(int Beats, double LateMilliseconds, double BareLateMilliseconds, double GoalAtMost)
{
    /// <summary>Whether the goal is met.</summary>
    public bool IsMet => LateMilliseconds - BareLateMilliseconds <= GoalAtMost;
}

/// <summary>One figure: medians over the rounds.</summary>
/// <param name="Where">In process, or through what.</param>
/// <param name="What">What was done.</param>
/// <param name="Completions">Where continuations ran; null where nothing had to wait.</param>
/// <param name="Nanoseconds">The time per operation.</param>
/// <param name="PerSecond">Operations per second.</param>
/// <param name="Against">What the ratio is to; null: it has none.</param>
/// <param name="IsRate">Whether the ratio counts operations in the time of <paramref name="Against"/>; else it is a multiple of that time.</param>
/// <param name="Ratio">The median of the rounds' ratios.</param>
/// <param name="RatioLowest">The lowest of the rounds' ratios.</param>
/// <param name="RatioHighest">The highest.</param>
/// <param name="GoalAtMost">What the ratio is to be at most.</param>
/// <param name="GoalAtLeast">What it is to be at least.</param>
/// <param name="IsMet">Whether the goal is met; null without one.</param>
/// <param name="Fairness">Acquisitions of the most and the least served.</param>
/// <param name="BytesPerOperation">What an operation takes from the heap of this process.</param>
internal sealed record BenchFigure(
    string Where,
    string What,
    string? Completions,
    double Nanoseconds,
    double PerSecond,
    string? Against,
    bool IsRate,
    double? Ratio,
    double? RatioLowest,
    double? RatioHighest,
    double? GoalAtMost,
    double? GoalAtLeast,
    bool? IsMet,
    double? Fairness,
    double? BytesPerOperation);
