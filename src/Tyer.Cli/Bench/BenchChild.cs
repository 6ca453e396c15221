using Tyer.Cli.Bench.Comms;
using Tyer.Cli.Output;
using Tyer.Cli.Running;

namespace Tyer.Cli.Bench;

/// <summary>
/// The other processes of a benchmark: this program, started again in a mode that no help mentions. A child ends when its standard input does, so
/// it never outlives the benchmark.
/// </summary>
internal static class BenchChild
{
    public const string Verb = "--bench-child";
    public const string EchoRole = "echo";
    public const string DaemonRole = "daemon";
    public const string MeasureRole = "measure";
    public const string MeasureCommsRole = "measure-comms";
    public const string MasterRole = "master";
    public const string CommsEchoRole = "comms-echo";
    public const string Lockspace = "bench";

    /// <summary>What a child says when others may connect.</summary>
    public const string Ready = "ready";

    private const int Misused = 2;

    public static IReadOnlyList<string> Echo() => [Verb, EchoRole];

    public static IReadOnlyList<string> Daemon(string socket) => [Verb, DaemonRole, socket];

    /// <summary>
    /// The other node of a cluster of two. It makes itself the master of these resources by using them first, and keeps a lock on each that excludes
    /// nothing.
    /// </summary>
    public static IReadOnlyList<string> Master(string listen, string peer, IEnumerable<string> resources) => [Verb, MasterRole, listen, peer, .. resources];

    /// <summary>How a node of the cluster of two is set up; both say the same of each other.</summary>
    public static TyerNodeOptions ClusterOf(int id, string listen, string peer) => new()
    {
        Name = $"bench{id}",
        Stack = "static",
        Listen = listen,
        Peers = { [$"bench{3 - id}"] = peer },
        Volatile = true,
    };

    /// <summary>The one that measures: an application with a node of its own and connections to the others. It prints the report as one line.</summary>
    public static IReadOnlyList<string> Measure(bool isQuick) => [Verb, MeasureRole, isQuick.ToString()];

    /// <summary>The same for messages between nodes.</summary>
    public static IReadOnlyList<string> MeasureComms(bool isQuick) => [Verb, MeasureCommsRole, isQuick.ToString()];

    /// <summary>A node that sends back what it gets, sealed if there is a key file.</summary>
    public static IReadOnlyList<string> CommsEcho(string near, string far, string keyFile) => [Verb, CommsEchoRole, near, far, keyFile];

    public static async Task<int> RunAsync(string[] args)
    {
        switch (args)
        {
            case [Verb, EchoRole]:
                RawLink.Echo(Console.Out);
                return ExitCodes.Ok;
            case [Verb, MeasureRole, string isQuick]:
                await MeasureAsync(stopped => LockBench.RunAsync(SelfCommand.Current, bool.Parse(isQuick), stopped)).ConfigureAwait(false);
                return ExitCodes.Ok;
            case [Verb, MeasureCommsRole, string isQuick]:
                await MeasureAsync(stopped => CommsBench.RunAsync(SelfCommand.Current, bool.Parse(isQuick), stopped)).ConfigureAwait(false);
                return ExitCodes.Ok;
            case [Verb, CommsEchoRole, string near, string far, string keyFile]:
                using (new CommsEnd(isEcho: true, near, far, keyFile)) await UntilInputEndsAsync().ConfigureAwait(false);
                return ExitCodes.Ok;
            case [Verb, DaemonRole, string socket]:
                var options = new TyerNodeOptions { Name = "bench1", Volatile = true, ClientEndpoints = { $"unix:{socket}" } };
                await using (await TyerNode.StartAsync(options).ConfigureAwait(false))
                    await UntilInputEndsAsync().ConfigureAwait(false);
                return ExitCodes.Ok;
            case [Verb, MasterRole, string listen, string peer, .. string[] resources]:
                await MasterAsync(ClusterOf(2, listen, peer), resources).ConfigureAwait(false);
                return ExitCodes.Ok;
            default:
                return Misused;
        }
    }

    private static async Task MeasureAsync(Func<CancellationToken, Task<BenchReport>> run)
    {
        using var stopped = new CancellationTokenSource();
        _ = Task.Run(async () =>
        {
            await InputEndsAsync().ConfigureAwait(false);
            await stopped.CancelAsync().ConfigureAwait(false);
        });
        JsonPrinter.Print(Console.Out, await run(stopped.Token).ConfigureAwait(false), onOneLine: true);
    }

    private static async Task MasterAsync(TyerNodeOptions options, string[] resources)
    {
        TyerNode node = await TyerNode.StartAsync(options).ConfigureAwait(false);
        await using var nodeEnd = node.ConfigureAwait(false);
        ILockspace locks = await node.OpenLockspaceAsync(Lockspace).ConfigureAwait(false);
        foreach (string resource in resources) await locks.LockAsync(resource, LockMode.Null).ConfigureAwait(false);
        await UntilInputEndsAsync().ConfigureAwait(false);
    }

    private static async Task UntilInputEndsAsync()
    {
        await Console.Out.WriteLineAsync(Ready).ConfigureAwait(false);
        await Console.Out.FlushAsync().ConfigureAwait(false);
        await InputEndsAsync().ConfigureAwait(false);
    }

    private static async Task InputEndsAsync()
    {
        while (await Console.In.ReadLineAsync().ConfigureAwait(false) is not null)
        {
        }
    }
}
