using System.Diagnostics;
using System.Globalization;
using Tyer.Cli.Running;
using Tyer.Cli.Trials;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Bench.Recovery;

/// <summary>
/// Kills one node of three with all its programs, again and again, under load: what it held others wait for, and they are granted at masters
/// that take its place; counters go on in a file; and two programs take and release locks that it has nothing to do with, whose times are
/// compared with those of quiet moments.
/// </summary>
internal sealed class RecoveryBench(SelfCommand self, int locks, Action<string> say) : IAsyncDisposable
{
    private const int Victim = 2;
    private const int CalmNames = 64;
    private const string Calm = "calm/";

    /// <summary>How long each window is, one with a kill in it and one without.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(500);

    private static readonly int[] Survivors = [1, 3];

    private readonly TrialCluster _cluster = TrialCluster.Start(self);
    private readonly Dictionary<int, TrialServant> _loads = [];
    private readonly List<TrialProcess> _counting = [];
    private readonly HashSet<int> _killed = [];
    private readonly List<(long From, long End, bool Kills)> _windows = [];
    private TrialProcess? _countingBeside;

    private string CounterFile => Path.Combine(_cluster.Directory, "counter");

    private int PerNode => locks / TrialCluster.Nodes;

    public async Task<RecoveryBenchReport> RunAsync(int kills, CancellationToken cancellationToken)
    {
        await _cluster.FormAsync(cancellationToken).ConfigureAwait(false);
        CountingWorker.Write(CounterFile, 0);
        foreach (int node in Survivors)
        {
            StartLoad(node);
            StartCounting(node);
        }

        await PrepareAsync(cancellationToken).ConfigureAwait(false);
        var rounds = new List<RecoveryRound>();
        for (int round = 1; round <= kills; round++)
        {
            rounds.Add(await RunOneAsync(round, cancellationToken).ConfigureAwait(false));
            say(rounds[^1].ToString());
        }

        return await FinishAsync(rounds, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TrialServant load in _loads.Values) await load.DisposeAsync().ConfigureAwait(false);
        foreach (TrialProcess counting in _counting) await counting.DisposeAsync().ConfigureAwait(false);
        await _cluster.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>The survivors hold their share, and both know the names of the calm load, which node 1 is master of.</summary>
    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        foreach (int node in Survivors)
        {
            await _loads[node].AskAsync(LoadWorker.Know(Calm, CalmNames), cancellationToken).ConfigureAwait(false);
            await _loads[node].AskAsync(LoadWorker.Hold($"own{node}/", PerNode), cancellationToken).ConfigureAwait(false);
        }

        foreach (int node in Survivors)
            await _loads[node].AskAsync(LoadWorker.Load(Calm, CalmNames), cancellationToken).ConfigureAwait(false);
    }

    private async Task<RecoveryRound> RunOneAsync(int round, CancellationToken cancellationToken)
    {
        string prefix = string.Create(CultureInfo.InvariantCulture, $"victim{round}/");
        StartLoad(Victim);
        StartCounting(Victim);
        await _loads[Victim].AskAsync(LoadWorker.Hold(prefix, PerNode), cancellationToken).ConfigureAwait(false);
        await _loads[1].AskAsync(LoadWorker.Wait(prefix, 0, PerNode / 2), cancellationToken).ConfigureAwait(false);
        await _loads[3].AskAsync(LoadWorker.Wait(prefix, PerNode / 2, PerNode), cancellationToken).ConfigureAwait(false);
        await UntilWaitingAsync(prefix, cancellationToken).ConfigureAwait(false);

        await WindowAsync(kills: false, () => Task.CompletedTask, cancellationToken).ConfigureAwait(false);
        string departed = "";
        ulong view = 0;
        await WindowAsync(kills: true, async () => (departed, view) = await KillAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

        int granted = 0;
        foreach (int node in Survivors)
            granted += int.Parse(await _loads[node].AskAsync(LoadWorker.Outcome, cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
        RecoveryInfo[] recoveries = await RecoveriesAsync(view, cancellationToken).ConfigureAwait(false);
        await _cluster.RestartAsync(Victim, departed, cancellationToken).ConfigureAwait(false);
        return new RecoveryRound(
            round, view, PerNode, granted, recoveries.Max(each => each.Settled), recoveries.Max(each => each.LastRegrant),
            recoveries.Sum(each => each.ResourcesRebuilt), recoveries.Sum(each => each.LocksPurged), recoveries.Sum(each => each.Regrants),
            recoveries.Sum(each => each.Held));
    }

    private async Task<(string Departed, ulong View)> KillAsync(CancellationToken cancellationToken)
    {
        Task load = _loads[Victim].KillAsync();
        string departed = await _cluster.KillAsync(Victim, [_countingBeside!]).ConfigureAwait(false);
        await load.ConfigureAwait(false);
        await _loads[Victim].DisposeAsync().ConfigureAwait(false);
        _loads.Remove(Victim);
        return (departed, await _cluster.TellDeathAsync(departed, cancellationToken).ConfigureAwait(false));
    }

    private async Task WindowAsync(bool kills, Func<Task> act, CancellationToken cancellationToken)
    {
        long from = Stopwatch.GetTimestamp();
        await act().ConfigureAwait(false);
        TimeSpan left = Window - Stopwatch.GetElapsedTime(from);
        if (left > TimeSpan.Zero) await Task.Delay(left, cancellationToken).ConfigureAwait(false);
        _windows.Add((from, Stopwatch.GetTimestamp(), kills));
    }

    private async Task UntilWaitingAsync(string prefix, CancellationToken cancellationToken)
    {
        var last = new ResourceQuery { Resource = prefix + (PerNode - 1).ToString(CultureInfo.InvariantCulture), ContendedOnly = true };
        while (true)
        {
            await foreach (LockspaceResource _ in _cluster.AdministrationOf(1).QueryAsync("default", last, cancellationToken).ConfigureAwait(false)) return;
            await Task.Delay(10, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What the survivors remember of a view, when it is settled.</summary>
    private async Task<RecoveryInfo[]> RecoveriesAsync(ulong view, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = new List<RecoveryInfo>();
            foreach (int node in Survivors)
                found.AddRange((await _cluster.AdministrationOf(node).RecoveriesAsync(cancellationToken).ConfigureAwait(false)).Where(each => each.View == view));
            if (found.All(each => each.Settled is not null)) return [.. found];
            await Task.Delay(10, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<RecoveryBenchReport> FinishAsync(List<RecoveryRound> rounds, CancellationToken cancellationToken)
    {
        var timings = new List<Timing>();
        foreach (int node in Survivors)
        {
            string file = Path.Combine(_cluster.Directory, $"timings{node}");
            await _loads[node].AskAsync(LoadWorker.Stop(file), cancellationToken).ConfigureAwait(false);
            timings.AddRange(Timing.Read(file));
        }

        for (int worker = 0; worker < _counting.Count; worker++)
        {
            if (!_killed.Contains(worker)) await _counting[worker].EndAsync().ConfigureAwait(false);
        }

        Tally tally = Tally.Of(
            long.Parse(await File.ReadAllTextAsync(CounterFile, cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture),
            [.. _counting.Select((_, worker) => Tally.ReadJournal(JournalOf(worker)))],
            [.. _killed]);
        return RecoveryBenchReport.Of(locks, rounds, tally, TimesIn(timings, kills: false), TimesIn(timings, kills: true));
    }

    private List<long> TimesIn(List<Timing> timings, bool kills) =>
        [.. timings.Where(each => _windows.Any(window => window.Kills == kills && each.Began >= window.From && each.Began < window.End)).Select(each => each.Took)];

    private void StartLoad(int node) => _loads[node] = TrialServant.Start(self, LoadWorker.Verb, _cluster.SocketOf(node));

    private void StartCounting(int node)
    {
        int worker = _counting.Count;
        _counting.Add(TrialProcess.Start(
            self, CountingWorker.Arguments(_cluster.SocketOf(node), CounterFile, JournalOf(worker), worker + 1), Path.Combine(_cluster.Directory, $"worker{worker}")));
        if (node != Victim) return;
        _countingBeside = _counting[worker];
        _killed.Add(worker);
    }

    private string JournalOf(int worker) => Path.Combine(_cluster.Directory, $"journal{worker}");
}
