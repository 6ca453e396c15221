using Tyer.Cli.Running;
using Tyer.Comms.Security;

namespace Tyer.Cli.Bench.Comms;

/// <summary>What messages between two nodes cost, beside what the same bytes cost on bare sockets.</summary>
internal static class CommsBench
{
    private const string InTheClear = "two nodes";
    private const string Sealed = "two nodes, psk+seal";

    /// <summary>Starts what it needs, measures, and ends what it started.</summary>
    /// <param name="self">How to start this program again.</param>
    /// <param name="isQuick">Short slices: rough figures in a few seconds.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public static async Task<BenchReport> RunAsync(SelfCommand self, bool isQuick, CancellationToken cancellationToken)
    {
        ChildProcess echo = await ChildProcess.StartAsync(self, BenchChild.Echo(), ChildProcess.StartTime, cancellationToken).ConfigureAwait(false);
        await using var echoEnd = echo.ConfigureAwait(false);
        using var link = new RawLink(echo.FirstLine);
        DirectoryInfo directory = Directory.CreateTempSubdirectory("tyer-bench-");
        try
        {
            string keyFile = Path.Combine(directory.FullName, "key");
            KeyFile.Create(keyFile);
            CommsPair clear = await CommsPair.StartAsync(self, "", cancellationToken).ConfigureAwait(false);
            await using var clearEnd = clear.ConfigureAwait(false);
            CommsPair sealing = await CommsPair.StartAsync(self, keyFile, cancellationToken).ConfigureAwait(false);
            await using var sealingEnd = sealing.ConfigureAwait(false);

            Probe roundTrip = link.RoundTrip();
            Probe batches = link.Batches();
            Probe answer = RequestAndReply(InTheClear, clear.Near, roundTrip, 1.8);
            Probe[] probes =
            [
                roundTrip,
                answer,
                new() { Where = InTheClear, What = "request and reply, awaited by a thread", Against = roundTrip, Run = clear.Near.Call, Allocated = AllocatedByAll },
                RequestAndReply(Sealed, sealing.Near, answer, 1.5),
                batches,
                Batches(InTheClear, clear.Near, batches, 0.1),
                Batches(Sealed, sealing.Near, batches, null),
            ];
            BenchReport report = await BenchRun.MeasureAsync(roundTrip, probes, isQuick, cancellationToken).ConfigureAwait(false);
            return report with { Heartbeat = HeartbeatLoad.Measure(clear.Near, isQuick) };
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static Probe RequestAndReply(string where, CommsEnd end, Probe against, double goal) => new()
    {
        Where = where,
        What = "request and reply",
        Completions = "inline",
        Against = against,
        Goal = goal,
        Run = count => end.Exchange(count, 1),
        Allocated = AllocatedByAll,
    };

    private static Probe Batches(string where, CommsEnd end, Probe against, double? goal) => new()
    {
        Where = where,
        What = $"batches of {RawLink.MessagesPerBatch} messages, echoed",
        Completions = "inline",
        Kind = FigureKind.Rate,
        Against = against,
        Goal = goal,
        Run = count => end.Exchange(count, RawLink.MessagesPerBatch),
        Allocated = AllocatedByAll,
    };

    // Messages are sent and received on several threads.
    private static long AllocatedByAll() => GC.GetTotalAllocatedBytes(precise: true);
}
