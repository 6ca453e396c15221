using System.Diagnostics;

namespace Tyer.Cli.Bench.Comms;

/// <summary>How punctually a node pings while messages keep both cores busy, beside a thread that only waits as long.</summary>
internal static class HeartbeatLoad
{
    private const double GoalMilliseconds = 5;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(1);

    /// <summary>Measures for some seconds.</summary>
    public static HeartbeatFigure Measure(CommsEnd end, bool isQuick)
    {
        TimeSpan span = isQuick ? Quick : Usual;
        end.Domain.Change(end.Domain.Net with { HeartbeatInterval = Interval });
        int before = end.Domain.HeartbeatDelays.Count;
        var bare = new List<TimeSpan>();
        var waiting = new Thread(() => Wait(span, bare)) { IsBackground = true };
        waiting.Start();
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < span) end.Exchange(RawLink.MessagesPerBatch, RawLink.MessagesPerBatch);
        waiting.Join();

        // Those of before were of another load.
        TimeSpan[] beats = [.. end.Domain.HeartbeatDelays.Skip(before)];
        return new HeartbeatFigure(beats.Length, Late(beats), Late(bare), GoalMilliseconds);
    }

    /// <summary>Waits as the thread that pings does.</summary>
    private static void Wait(TimeSpan span, List<TimeSpan> late)
    {
        using var never = new AutoResetEvent(initialState: false);
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < span)
        {
            long began = Stopwatch.GetTimestamp();
            never.WaitOne(Interval);
            late.Add(Stopwatch.GetElapsedTime(began) - Interval);
        }
    }

    private static double Late(IReadOnlyCollection<TimeSpan> late)
    {
        double[] inOrder = [.. late.Select(each => each.TotalMilliseconds).Order()];
        return inOrder.Length == 0 ? 0 : inOrder[Math.Min(inOrder.Length - 1, inOrder.Length * 99 / 100)];
    }
}
