using Tyer.Cli.Running;

namespace Tyer.Cli.Bench;

/// <summary>What locks cost: in process, through a daemon, and with the master on another node.</summary>
internal static class LockBench
{
    /// <summary>Starts what it needs, measures, and ends what it started.</summary>
    /// <param name="self">How to start this program again.</param>
    /// <param name="isQuick">Short slices: rough figures in a few seconds.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public static async Task<BenchReport> RunAsync(SelfCommand self, bool isQuick, CancellationToken cancellationToken)
    {
        ChildProcess echo = await ChildProcess.StartAsync(self, BenchChild.Echo(), ChildProcess.StartTime, cancellationToken).ConfigureAwait(false);
        await using var echoEnd = echo.ConfigureAwait(false);
        using var link = new RawLink(echo.FirstLine);
        Probe raw = link.RoundTrip();
        var places = new BenchPlaces(self, raw);
        await using var placesEnd = places.ConfigureAwait(false);
        await places.AddInProcessAsync(cancellationToken).ConfigureAwait(false);
        await places.AddDaemonAsync(cancellationToken).ConfigureAwait(false);
        await places.AddRemoteAsync(cancellationToken).ConfigureAwait(false);
        return await BenchRun.MeasureAsync(raw, places.Probes, isQuick, cancellationToken).ConfigureAwait(false);
    }
}
