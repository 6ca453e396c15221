using System.Globalization;
using Tyer.Cli.Running;
using Tyer.Cli.Trials;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Demo;

/// <summary>The workers of a demo, and what is done to them and their nodes on the way.</summary>
internal sealed class DemoRun(SelfCommand self, TrialCluster cluster) : IAsyncDisposable
{
    public const int WorkersAtFirst = 8;

    private const int Observer = 1;
    private const int VictimWorker = 3;
    private const int VictimNode = 2;

    private readonly List<TrialProcess> _workers = [];
    private readonly List<int> _nodes = [];
    private readonly HashSet<int> _killed = [];
    private readonly List<string> _events = [];
    private string _departed = "";
    private int _step;

    /// <summary>Whether everything that dies has died, and come back.</summary>
    public bool HasShownAll => _step == 3;

    private string CounterFile => Path.Combine(cluster.Directory, "counter");

    /// <summary>Starts the workers.</summary>
    public void Start()
    {
        CountingWorker.Write(CounterFile, 0);
        for (int worker = 1; worker <= WorkersAtFirst; worker++) StartWorker(TrialCluster.NodeOf(worker));
    }

    /// <summary>Does what is due after a part of the time: a worker dies, a machine dies, the machine is back.</summary>
    public async Task StepAsync(double part, CancellationToken cancellationToken)
    {
        switch (_step)
        {
            case 0 when part >= 0.2:
                _step++;
                _workers[VictimWorker - 1].Kill();
                _killed.Add(VictimWorker);
                _events.Add($"killed worker {VictimWorker} (pid {_workers[VictimWorker - 1].Id}) with SIGKILL: its node frees what it held, the others go on.");
                break;
            case 1 when part >= 0.45:
                _step++;
                await KillNodeAsync(cancellationToken).ConfigureAwait(false);
                break;
            case 2 when part >= 0.65:
                _step++;
                ulong view = await cluster.RestartAsync(VictimNode, _departed, cancellationToken).ConfigureAwait(false);
                int[] again = [.. _nodes.Where(node => node == VictimNode).Select(StartWorker)];
                _events.Add($"started n{VictimNode} again, a new incarnation; told all view {view} with it, and started workers {Names(again)} there.");
                break;
        }
    }

    /// <summary>How it looks at this moment.</summary>
    public async Task<DemoMoment> LookAsync(TimeSpan elapsed, CancellationToken cancellationToken)
    {
        var holders = new List<string?>();
        var queue = new List<string?>();
        try
        {
            var query = new ResourceQuery { Resource = CountingWorker.Resource };
            await foreach (LockspaceResource found in cluster.AdministrationOf(Observer).QueryAsync(null, query, cancellationToken).ConfigureAwait(false))
            {
                holders.AddRange(found.Snapshot.Granted.Select(entry => entry.Owner.Label));
                queue.AddRange(found.Snapshot.Waiting.Select(entry => entry.Owner.Label));
            }
        }
        catch (LockUnavailableException incomplete) when (incomplete.Reason == UnavailableReason.Incomplete)
        {
            // A node that has just come is not connected yet; the next look sees more.
        }

        var rows = new List<DemoRow>();
        for (int worker = 1; worker <= _workers.Count; worker++)
        {
            string label = CountingWorker.LabelOf(worker);
            DemoState state = _killed.Contains(worker) ? DemoState.Killed
                : holders.Contains(label) ? DemoState.Holds
                : queue.Contains(label) ? DemoState.Waits
                : DemoState.Between;
            rows.Add(new DemoRow(
                worker, _nodes[worker - 1], _workers[worker - 1].Id, state, state == DemoState.Waits ? queue.IndexOf(label) + 1 : 0,
                Tally.ReadJournal(JournalOf(worker)).Count));
        }

        long count = long.Parse(await File.ReadAllTextAsync(CounterFile, cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
        return new DemoMoment(elapsed, count, rows, [.. _events]);
    }

    /// <summary>What the survivors remember of the death and of the return.</summary>
    public async Task<IReadOnlyList<(string Node, RecoveryInfo Recovery)>> RecoveriesAsync(CancellationToken cancellationToken)
    {
        var all = new List<(string Node, RecoveryInfo Recovery)>();
        foreach (int node in Enumerable.Range(1, TrialCluster.Nodes).Where(node => node != VictimNode))
        {
            foreach (RecoveryInfo recovery in await cluster.AdministrationOf(node).RecoveriesAsync(cancellationToken).ConfigureAwait(false))
                all.Add(($"n{node}", recovery));
        }

        return [.. all.Where(each => each.Recovery.View > 1).OrderBy(each => each.Recovery.View)];
    }

    /// <summary>Ends the workers that live, each after its increment.</summary>
    public async Task EndAsync()
    {
        for (int worker = 1; worker <= _workers.Count; worker++)
        {
            if (!_killed.Contains(worker)) await _workers[worker - 1].EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Compares the file with the journals.</summary>
    public Tally Judge() => Tally.Of(
        long.Parse(File.ReadAllText(CounterFile), CultureInfo.InvariantCulture),
        [.. Enumerable.Range(1, _workers.Count).Select(worker => Tally.ReadJournal(JournalOf(worker)))],
        [.. _killed.Select(worker => worker - 1)]);

    public async ValueTask DisposeAsync()
    {
        foreach (TrialProcess worker in _workers) await worker.DisposeAsync().ConfigureAwait(false);
    }

    private async Task KillNodeAsync(CancellationToken cancellationToken)
    {
        int[] beside = [.. Enumerable.Range(1, _workers.Count).Where(worker => _nodes[worker - 1] == VictimNode && !_killed.Contains(worker))];
        int process = cluster.ProcessOf(VictimNode);
        _departed = await cluster.KillAsync(VictimNode, beside.Select(worker => _workers[worker - 1])).ConfigureAwait(false);
        _killed.UnionWith(beside);
        ulong view = await cluster.TellDeathAsync(_departed, cancellationToken).ConfigureAwait(false);
        _events.Add(
            $"killed n{VictimNode} (pid {process}) and its workers {Names(beside)} with SIGKILL, as when a machine dies, which is its own proof: told the others view {view} without it, and that {_departed} acts no more.");
    }

    private int StartWorker(int node)
    {
        int worker = _workers.Count + 1;
        _nodes.Add(node);
        _workers.Add(TrialProcess.Start(
            self, CountingWorker.Arguments(cluster.SocketOf(node), CounterFile, JournalOf(worker), worker), Path.Combine(cluster.Directory, $"worker{worker}")));
        return worker;
    }

    private string JournalOf(int worker) => Path.Combine(cluster.Directory, $"journal{worker}");

    private static string Names(IEnumerable<int> workers) => string.Join(", ", workers);
}
