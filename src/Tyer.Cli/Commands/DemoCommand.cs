using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Demo;
using Tyer.Cli.Running;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer demo</c>: three nodes, eight workers, one file, and a kill on the way; loses no increment, or says how many.</summary>
internal sealed class DemoCommand
{
    private const int Workers = 8;
    private const int Victim = 3;

    /// <summary>The part of the time after which a worker is killed.</summary>
    private const double KillAt = 0.4;

    private static readonly TimeSpan UsualDuration = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(60);

    private readonly Option<TimeSpan?> _duration = new("--duration")
    {
        Description = "How long to watch, such as 30s. Default: 10s.",
        HelpName = "SPAN",
        CustomParser = Values.OptionalSpan,
    };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("demo", "Watch three nodes and eight workers take turns for ten seconds. Starts what it needs and ends it; touches no daemon.") { _duration };
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = new SignalForwarding(withTerminal: false, signal =>
        {
            if (signal is not (Signals.User1 or Signals.User2)) interrupted.Cancel();
        });
        return await ShowAsync(invocation, invocation.Get(_duration) ?? UsualDuration, interrupted.Token).ConfigureAwait(false);
    }

    private static async Task<int> ShowAsync(Invocation invocation, TimeSpan duration, CancellationToken cancellationToken)
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
                int node = DemoCluster.NodeOf(worker + 1);
                workers.Add(DemoProcess.Start(
                    invocation.Surroundings.Self,
                    DemoWorker.Arguments(cluster.SocketOf(node), file, JournalOf(cluster, worker), worker + 1),
                    Path.Combine(cluster.Directory, $"worker{worker + 1}")));
            }

            invocation.Say($"{Workers} worker processes on three nodes add one to a number in a file: read, add, write, guarded by the lock '{DemoWorker.Resource}' alone.");
            DemoView view = DemoView.For(invocation);
            await view.RunAsync(show => WatchAsync(invocation, observer.Administration, cluster, file, workers, duration, view.Beat, show, cancellationToken)).ConfigureAwait(false);
            foreach (DemoProcess worker in workers.Where((_, number) => number != Victim - 1)) await worker.EndAsync().ConfigureAwait(false);
        }
        finally
        {
            foreach (DemoProcess worker in workers) await worker.DisposeAsync().ConfigureAwait(false);
        }

        return Judge(invocation, cluster, file, workers.Count);
    }

    /// <summary>Looks every beat until the time is over; kills a worker on the way.</summary>
    private static async Task WatchAsync(
        Invocation invocation, ITyerAdministration administration, DemoCluster cluster, string file, List<DemoProcess> workers,
        TimeSpan duration, TimeSpan beat, Action<DemoMoment> show, CancellationToken cancellationToken)
    {
        TimeSpan begun = invocation.Surroundings.Clock.Now;
        int? killed = null;
        while (invocation.Surroundings.Clock.Now - begun is var elapsed && elapsed < duration)
        {
            await Task.Delay(beat < duration - elapsed ? beat : duration - elapsed, cancellationToken).ConfigureAwait(false);
            elapsed = invocation.Surroundings.Clock.Now - begun;
            if (killed is null && elapsed >= duration * KillAt)
            {
                killed = Victim;
                workers[Victim - 1].Kill();
            }

            show(await LookAsync(administration, cluster, file, workers, elapsed, killed, cancellationToken).ConfigureAwait(false));
        }
    }

    private static async Task<DemoMoment> LookAsync(
        ITyerAdministration administration, DemoCluster cluster, string file, List<DemoProcess> workers, TimeSpan elapsed, int? killed,
        CancellationToken cancellationToken)
    {
        var query = new ResourceQuery { Resource = DemoWorker.Resource };
        var holders = new List<string?>();
        var queue = new List<string?>();
        await foreach (LockspaceResource found in administration.QueryAsync(null, query, cancellationToken).ConfigureAwait(false))
        {
            holders.AddRange(found.Snapshot.Granted.Select(entry => entry.Owner.Label));
            queue.AddRange(found.Snapshot.Waiting.Select(entry => entry.Owner.Label));
        }

        var rows = new List<DemoRow>();
        for (int worker = 1; worker <= workers.Count; worker++)
        {
            string label = DemoWorker.LabelOf(worker);
            DemoState state = worker == killed ? DemoState.Killed
                : holders.Contains(label) ? DemoState.Holds
                : queue.Contains(label) ? DemoState.Waits
                : DemoState.Between;
            rows.Add(new DemoRow(
                worker, DemoCluster.NodeOf(worker), workers[worker - 1].Id, state, state == DemoState.Waits ? queue.IndexOf(label) + 1 : 0,
                DemoTally.ReadJournal(JournalOf(cluster, worker - 1)).Count));
        }

        long count = long.Parse(await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
        return new DemoMoment(elapsed, count, rows);
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
}
