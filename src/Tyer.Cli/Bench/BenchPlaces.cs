using System.Collections.Concurrent;
using Tyer.Cli.Running;

namespace Tyer.Cli.Bench;

/// <summary>
/// Where locks are measured: each place starts what it needs and says what is to be measured there. What needs another process is compared with
/// the raw round trip to one. Goals are those that the documentation states.
/// </summary>
internal sealed class BenchPlaces(SelfCommand self, Probe raw) : IAsyncDisposable
{
    private const int Tasks = 64;
    private const string Default = "default";
    private const string Inline = "inline";

    private static readonly int[] Competitors = [8, 32];

    private readonly Stack<IAsyncDisposable> _started = new();
    private string? _directory;

    public List<Probe> Probes { get; } = [];

    /// <summary>A node in this process.</summary>
    public async Task AddInProcessAsync(CancellationToken cancellationToken)
    {
        const string Where = "in process";
        Probe? semaphore = null;
        foreach (bool isInline in (bool[])[false, true])
        {
            ILockspace locks = await EmbedAsync(isInline, cancellationToken).ConfigureAwait(false);
            if (!isInline)
            {
                var semaphores = new ConcurrentDictionary<string, SemaphoreSlim>();
                const string Name = "bench/one";
                ResourceName made = Name;
                semaphore = Here(Where, "SemaphoreSlim in a dictionary", null, null, null, count => SemaphoreLoop.RunAsync(semaphores, Name, count));
                Probes.Add(semaphore);
                Probes.Add(Here(Where, "lock, dispose", null, semaphore, 3, count => LockLoops.PostedByTextAsync(locks, Name, count)));
                Probes.Add(Here(Where, "lock, dispose; name made once", null, semaphore, 3, count => LockLoops.PostedAsync(locks, made, count)));
                // Not inline: there the tasks would run within each other's releases, on one thread, and hand nothing over.
                AddCompetitions(Where, locks, isInline, goal: null);
            }
            else
            {
                var classic = new ClassicLoop(locks.Raw);
                Probes.Add(Here(Where, "classic interface: lock, unlock", Inline, semaphore, null, count =>
                {
                    classic.Run(count);
                    return Task.CompletedTask;
                }));
            }
        }
    }

    /// <summary>This process as a client of a daemon in another one, over a Unix socket.</summary>
    public async Task AddDaemonAsync(CancellationToken cancellationToken)
    {
        const string Where = "through a daemon";
        _directory = Directory.CreateTempSubdirectory("tyer-bench-").FullName;
        string socket = Path.Combine(_directory, "tyerd.sock");
        _started.Push(await ChildProcess.StartAsync(self, BenchChild.Daemon(socket), ChildProcess.StartTime, cancellationToken).ConfigureAwait(false));
        foreach (bool isInline in (bool[])[false, true])
        {
            var options = new TyerClientOptions { Endpoint = $"unix:{socket}", InlineCompletions = isInline };
            TyerClient client = Keep(await TyerClient.ConnectAsync(options, cancellationToken).ConfigureAwait(false));
            ILockspace locks = Keep(await client.OpenLockspaceAsync(BenchChild.Lockspace, cancellationToken: cancellationToken).ConfigureAwait(false));
            AddPairs(Where, locks, isInline, postedGoal: 2.5, awaitedGoal: null);
            AddCompetitions(Where, locks, isInline, goal: 0.3);
        }
    }

    /// <summary>A node in this process, whose resources are mastered by one in another.</summary>
    public async Task AddRemoteAsync(CancellationToken cancellationToken)
    {
        const string Where = "remote master";
        foreach (bool isInline in (bool[])[false, true])
        {
            (string listen, string peer) = (FreeAddress.Next(), FreeAddress.Next());
            // Neither is there before the other is: a cluster of two is formed by both.
            Task<ChildProcess> starting = ChildProcess.StartAsync(
                self, BenchChild.Master(peer, listen, Resources(isInline)), ChildProcess.StartTime, cancellationToken);
            TyerNodeOptions options = BenchChild.ClusterOf(1, listen, peer);
            options.InlineCompletions = isInline;
            TyerNode node = Keep(await TyerNode.StartAsync(options, cancellationToken).ConfigureAwait(false));
            ILockspace locks = Keep(await node.OpenLockspaceAsync(BenchChild.Lockspace, cancellationToken: cancellationToken).ConfigureAwait(false));
            _started.Push(await starting.ConfigureAwait(false));
            AddPairs(Where, locks, isInline, postedGoal: isInline ? 2 : 3, awaitedGoal: 4);
            AddCompetitions(Where, locks, isInline, goal: 0.3);
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (_started.TryPop(out IAsyncDisposable? started)) await started.DisposeAsync().ConfigureAwait(false);
        if (_directory is not null) Directory.Delete(_directory, recursive: true);
    }

    private async Task<ILockspace> EmbedAsync(bool isInline, CancellationToken cancellationToken)
    {
        var options = new TyerNodeOptions { Name = "bench1", Volatile = true, InlineCompletions = isInline };
        TyerNode node = Keep(await TyerNode.StartAsync(options, cancellationToken).ConfigureAwait(false));
        return Keep(await node.OpenLockspaceAsync(BenchChild.Lockspace, cancellationToken: cancellationToken).ConfigureAwait(false));
    }

    private void AddPairs(string where, ILockspace locks, bool isInline, double? postedGoal, double? awaitedGoal)
    {
        ResourceName name = Single(isInline);
        ResourceName[] names = [.. Enumerable.Range(0, Tasks).Select(number => (ResourceName)Parallel(number, isInline))];
        string completions = isInline ? Inline : Default;
        AddPair("lock awaited, release posted", postedGoal, count => LockLoops.PostedAsync(locks, name, count));
        AddPair("lock and release awaited", awaitedGoal, count => LockLoops.AwaitedAsync(locks, name, count));
        Probes.Add(new Probe
        {
            Against = raw,
            Where = where,
            What = $"pairs of {Tasks} tasks",
            Completions = completions,
            Kind = FigureKind.Rate,
            Goal = 4,
            Run = count => LockLoops.PipelinedAsync(locks, names, count),
        });

        void AddPair(string what, double? goal, Func<int, Task> run) =>
            Probes.Add(new Probe { Where = where, What = what, Completions = completions, Against = raw, Goal = goal, Run = run });
    }

    private void AddCompetitions(string where, ILockspace locks, bool isInline, double? goal)
    {
        foreach (int competitors in Competitors)
        {
            var competition = new Competition(locks, Contended(competitors, isInline), competitors);
            Probes.Add(new Probe
            {
                Against = raw,
                Where = where,
                What = $"hand-offs among {competitors}",
                Completions = isInline ? Inline : Default,
                Kind = FigureKind.Rate,
                Goal = goal,
                Run = competition.RunAsync,
                Fairness = () => competition.Fairness,
            });
        }
    }

    /// <summary>One that stays on the calling thread, so that what it takes from the heap can be counted.</summary>
    private static Probe Here(string where, string what, string? completions, Probe? against, double? goal, Func<int, Task> run) =>
        new() { Where = where, What = what, Completions = completions, Against = against, Goal = goal, Run = run, Allocated = GC.GetAllocatedBytesForCurrentThread };

    // Two runs in one lockspace, with default and with inline completions, use resources of their own.
    private static string Single(bool isInline) => $"bench/one/{isInline}";

    private static string Parallel(int number, bool isInline) => $"bench/{number}/{isInline}";

    private static string Contended(int competitors, bool isInline) => $"bench/contended/{competitors}/{isInline}";

    private static IEnumerable<string> Resources(bool isInline) =>
    [
        Single(isInline),
        .. Enumerable.Range(0, Tasks).Select(number => Parallel(number, isInline)),
        .. Competitors.Select(competitors => Contended(competitors, isInline)),
    ];

    private T Keep<T>(T started)
        where T : IAsyncDisposable
    {
        _started.Push(started);
        return started;
    }
}
