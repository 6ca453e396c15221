using Tyer.Cli.Running;

namespace Tyer.Cli.Bench.Comms;

/// <summary>What messages between two nodes cost, beside what the same bytes cost on bare sockets.</summary>
internal static class CommsBench
{
    private const string Where = "two nodes";

    /// <summary>Starts what it needs, measures, and ends what it started.</summary>
    /// <param name="self">How to start this program again.</param>
    /// <param name="isQuick">Short slices: rough figures in a few seconds.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public static async Task<BenchReport> RunAsync(SelfCommand self, bool isQuick, CancellationToken cancellationToken)
    {
        ChildProcess echo = await ChildProcess.StartAsync(self, BenchChild.Echo(), ChildProcess.StartTime, cancellationToken).ConfigureAwait(false);
        await using var echoEnd = echo.ConfigureAwait(false);
        using var link = new RawLink(echo.FirstLine);
        (string near, string far) = (FreeAddress.Next(), FreeAddress.Next());
        ChildProcess node = await ChildProcess.StartAsync(self, BenchChild.CommsEcho(far, near), ChildProcess.StartTime, cancellationToken).ConfigureAwait(false);
        await using var nodeEnd = node.ConfigureAwait(false);
        using var end = new CommsEnd(isEcho: false, near, far);
        await end.Connected.WaitAsync(ChildProcess.StartTime, cancellationToken).ConfigureAwait(false);

        Probe roundTrip = link.RoundTrip();
        Probe batches = link.Batches();
        return await BenchRun.MeasureAsync(roundTrip, [roundTrip, .. ProbesOf(end, roundTrip, batches)], isQuick, cancellationToken).ConfigureAwait(false);
    }

    private static IEnumerable<Probe> ProbesOf(CommsEnd end, Probe roundTrip, Probe batches) =>
    [
        new() { Where = Where, What = "request and reply", Completions = "inline", Against = roundTrip, Goal = 1.8, Run = count => end.Exchange(count, 1), Allocated = AllocatedByAll },
        new() { Where = Where, What = "request and reply, awaited by a thread", Against = roundTrip, Run = end.Call, Allocated = AllocatedByAll },
        batches,
        new()
        {
            Where = Where,
            What = $"batches of {RawLink.MessagesPerBatch} messages, echoed",
            Completions = "inline",
            Kind = FigureKind.Rate,
            Against = batches,
            Goal = 0.1,
            Run = count => end.Exchange(count, RawLink.MessagesPerBatch),
            Allocated = AllocatedByAll,
        },
    ];

    // Messages are sent and received on several threads.
    private static long AllocatedByAll() => GC.GetTotalAllocatedBytes(precise: true);
}
