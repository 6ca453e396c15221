using System.Diagnostics;
using System.Globalization;
using Tyer.Cli.Trials;

namespace Tyer.Cli.Bench.Recovery;

/// <summary>One kill, and what came of it.</summary>
/// <param name="Number">Which.</param>
/// <param name="View">The view without the killed node.</param>
/// <param name="Waiting">Requests that waited for what it held.</param>
/// <param name="Granted">Of these, granted.</param>
/// <param name="Settled">From the view to the end of the recovery, at the slower survivor.</param>
/// <param name="LastRegrant">From the view to the last grant of what the dead had held up.</param>
/// <param name="ResourcesRebuilt">Resources that got a new master.</param>
/// <param name="LocksPurged">Locks of the dead taken away.</param>
/// <param name="Regrants">Grants of what it had held up.</param>
/// <param name="Held">Messages about locks with masters that stay which had to wait all the same.</param>
internal sealed record RecoveryRound(
    int Number, ulong View, int Waiting, int Granted, TimeSpan? Settled, TimeSpan? LastRegrant, long ResourcesRebuilt, long LocksPurged, long Regrants, long Held)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"kill {Number}: {Granted} of {Waiting} waiters granted, the last {LastRegrant?.TotalMilliseconds:0.0} ms after the view; {ResourcesRebuilt} resources rebuilt, {LocksPurged} locks purged, {Held} unrelated messages held.");
}

/// <summary>All kills together.</summary>
internal sealed record RecoveryBenchReport
{
    public required int Locks { get; init; }

    public required IReadOnlyList<RecoveryRound> Rounds { get; init; }

    /// <summary>Median of the times from the view to the last grant, in milliseconds.</summary>
    public required double LastRegrantMedian { get; init; }

    /// <summary>The greatest of them.</summary>
    public required double LastRegrantMax { get; init; }

    /// <summary>Increments lost.</summary>
    public required long Lost { get; init; }

    /// <summary>The number in the file.</summary>
    public required long Increments { get; init; }

    public required bool CountsAgree { get; init; }

    /// <summary>Lock and release of what the dead has nothing to do with, 99 of 100, in windows without a kill: microseconds.</summary>
    public required double CalmP99 { get; init; }

    /// <summary>The same in windows with one.</summary>
    public required double KillP99 { get; init; }

    /// <summary>How many were timed in windows without a kill.</summary>
    public required int CalmCount { get; init; }

    /// <summary>And with one.</summary>
    public required int KillCount { get; init; }

    /// <summary>Whether nothing was lost, nobody forgotten, and nothing unrelated held.</summary>
    public bool IsGood => CountsAgree && Rounds.All(round => round.Granted == round.Waiting && round.Held == 0);

    public static RecoveryBenchReport Of(int locks, IReadOnlyList<RecoveryRound> rounds, Tally tally, List<long> calm, List<long> kill)
    {
        double[] last = [.. rounds.Select(round => round.LastRegrant?.TotalMilliseconds ?? 0).Order()];
        return new RecoveryBenchReport
        {
            Locks = locks,
            Rounds = rounds,
            LastRegrantMedian = (last[(last.Length - 1) / 2] + last[last.Length / 2]) / 2,
            LastRegrantMax = last[^1],
            Lost = tally.Lost,
            Increments = tally.File,
            CountsAgree = tally.IsGood,
            CalmP99 = Microseconds(Timing.Percentile(calm, 99)),
            KillP99 = Microseconds(Timing.Percentile(kill, 99)),
            CalmCount = calm.Count,
            KillCount = kill.Count,
        };
    }

    public void Print(TextWriter writer)
    {
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Rounds.Count} kills, {Locks} locks held: the last waiter granted {LastRegrantMedian:0.0} ms after the view in the median, {LastRegrantMax:0.0} ms at most."));
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Rounds.Sum(round => round.Granted)} of {Rounds.Sum(round => round.Waiting)} waiters granted; {Increments} increments, {Lost} lost; {Rounds.Sum(round => round.Held)} unrelated messages held by a recovery."));
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Unrelated locks, p99: {CalmP99:0} µs in windows without a kill ({CalmCount} timed), {KillP99:0} µs with one ({KillCount} timed): {KillP99 / CalmP99:0.0} times."));
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;
}
