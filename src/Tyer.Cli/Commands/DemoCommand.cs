using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Demo;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer demo</c>: three nodes, eight workers, one file, and a kill on the way; loses no increment, or says how many.</summary>
internal static class DemoCommand
{
    private const int Workers = 8;
    private const int Victim = 3;

    private static readonly TimeSpan Length = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KillAfter = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(60);


    public static Command Build(CommandRunner runner)
    {
        var command = new Command("demo", "Watch three nodes and eight workers take turns for ten seconds. Starts what it needs and ends it; touches no daemon.");
        runner.Attach(command, RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ConsoleCancelEventHandler onInterrupt = (_, pressed) =>
        {
            pressed.Cancel = true;
            interrupted.Cancel();
        };
        Console.CancelKeyPress += onInterrupt;
        try
        {
            return await ShowAsync(invocation, interrupted.Token).ConfigureAwait(false);
        }
        finally
        {
            Console.CancelKeyPress -= onInterrupt;
        }
    }

    private static async Task<int> ShowAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        invocation.Say($"starting {DemoCluster.Nodes} nodes (n1, n2, n3) on loopback...");
        DemoCluster cluster = DemoCluster.Start(invocation.Surroundings.Self);
        await using var clusterEnd = cluster.ConfigureAwait(false);
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        starting.CancelAfter(StartMax);
        TyerClient observer = await cluster.ConnectAsync(1, starting.Token).ConfigureAwait(false);
        await using var observerEnd = observer.ConfigureAwait(false);
        for (int node = 2; node <= DemoCluster.Nodes; node++)
        {
            TyerClient other = await cluster.ConnectAsync(node, starting.Token).ConfigureAwait(false);
            await using var otherEnd = other.ConfigureAwait(false);
            await (await other.OpenLockspaceAsync("default", cancellationToken: starting.Token).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }

        string file = Path.Combine(cluster.Directory, "counter");
        DemoWorker.Write(file, 0);
        var workers = new List<DemoProcess>();
        try
        {
            for (int worker = 0; worker < Workers; worker++)
            {
                int node = (worker % DemoCluster.Nodes) + 1;
                workers.Add(DemoProcess.Start(
                    invocation.Surroundings.Self,
                    DemoWorker.Arguments(cluster.SocketOf(node), file, JournalOf(cluster, worker), worker + 1),
                    Path.Combine(cluster.Directory, $"worker{worker + 1}")));
            }

            invocation.Say($"{Workers} worker processes on three nodes add one to a number in a file: read, add, write, guarded by the lock '{DemoWorker.Resource}' alone.");
            await WatchAsync(invocation, observer.Administration, file, workers, cancellationToken).ConfigureAwait(false);
            foreach (DemoProcess worker in workers.Where((_, number) => number != Victim - 1)) await worker.EndAsync().ConfigureAwait(false);
        }
        finally
        {
            foreach (DemoProcess worker in workers) await worker.DisposeAsync().ConfigureAwait(false);
        }

        return Judge(invocation, cluster, file, workers.Count);
    }

    /// <summary>A line a second: the count, who holds, who waits; and the kill on the way.</summary>
    private static async Task WatchAsync(
        Invocation invocation, ITyerAdministration administration, string file, List<DemoProcess> workers, CancellationToken cancellationToken)
    {
        TimeSpan begun = invocation.Surroundings.Clock.Now;
        bool killed = false;
        var query = new ResourceQuery { Resource = DemoWorker.Resource };
        for (int second = 1; invocation.Surroundings.Clock.Now - begun < Length; second++)
        {
            await Task.Delay(Beat, cancellationToken).ConfigureAwait(false);
            if (!killed && invocation.Surroundings.Clock.Now - begun >= KillAfter)
            {
                killed = true;
                workers[Victim - 1].Kill();
                invocation.Say($"killed worker {Victim} (pid {workers[Victim - 1].Id}) with SIGKILL: its node frees what it held, the others go on.");
            }

            await foreach (LockspaceResource found in administration.QueryAsync(null, query, cancellationToken).ConfigureAwait(false))
            {
                string holds = string.Join(", ", found.Snapshot.Granted.Select(Who));
                string wait = string.Join(", ", found.Snapshot.Waiting.Select(Who));
                long count = long.Parse(await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
                invocation.Out.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{second,3} s  count {count,7}  holds: {(holds.Length == 0 ? "-" : holds)}  wait: {(wait.Length == 0 ? "-" : wait)}"));
            }
        }
    }

    private static int Judge(Invocation invocation, DemoCluster cluster, string file, int workers)
    {
        long count = long.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
        DemoTally tally = DemoTally.Of(count, [.. Enumerable.Range(0, workers).Select(worker => DemoTally.ReadJournal(JournalOf(cluster, worker)))], Victim - 1);
        long lost = tally.Lost + tally.Missing + Math.Abs(tally.File - tally.Noted);
        invocation.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"The file says {tally.File}, the workers' journals say {tally.Noted}: {lost} lost."));
        return tally.IsGood ? ExitCodes.Ok : ExitCodes.Error;
    }

    private static string JournalOf(DemoCluster cluster, int worker) => Path.Combine(cluster.Directory, $"journal{worker + 1}");

    private static string Who(LockEntry entry) => $"{entry.Owner.Label ?? entry.Owner.ProcessName}@{entry.Owner.Node}";
}
