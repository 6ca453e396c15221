using Tyer.Cli.Running;

namespace Tyer.Cli.Bench.Comms;

/// <summary>Two nodes that talk: one here, and one in a process of its own.</summary>
internal sealed class CommsPair : IAsyncDisposable
{
    private readonly ChildProcess _far;

    private CommsPair(CommsEnd near, ChildProcess far)
    {
        Near = near;
        _far = far;
    }

    /// <summary>The one here.</summary>
    public CommsEnd Near { get; }

    /// <summary>Starts both, and waits until they are connected.</summary>
    public static async Task<CommsPair> StartAsync(SelfCommand self, string keyFile, CancellationToken cancellationToken)
    {
        (string near, string far) = (FreeAddress.Next(), FreeAddress.Next());
        ChildProcess child = await ChildProcess.StartAsync(self, BenchChild.CommsEcho(far, near, keyFile), ChildProcess.StartTime, cancellationToken).ConfigureAwait(false);
        var pair = new CommsPair(new CommsEnd(isEcho: false, near, far, keyFile), child);
        await pair.Near.Connected.WaitAsync(ChildProcess.StartTime, cancellationToken).ConfigureAwait(false);
        return pair;
    }

    public async ValueTask DisposeAsync()
    {
        Near.Dispose();
        await _far.DisposeAsync().ConfigureAwait(false);
    }
}
