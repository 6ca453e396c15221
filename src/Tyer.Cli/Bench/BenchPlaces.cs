using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tyer.Cli.Running;

namespace Tyer.Cli.Bench;

/// <summary>
/// Where locks are measured: each place starts what it needs and says what is to be measured there. Goals are those that the documentation states.
/// </summary>
internal sealed class BenchPlaces(SelfCommand self) : IAsyncDisposable
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
        foreach (bool isInline in (bool[])[false, true])
        {
            ILockspace locks = await EmbedAsync(isInline, cancellationToken).ConfigureAwait(false);
            if (!isInline)
            {
                var semaphores = new ConcurrentDictionary<string, SemaphoreSlim>();
                const string Name = "bench/one";
                ResourceName made = Name;
                Add(Where, "SemaphoreSlim in a dictionary", null, Yardstick.None, null, count => SemaphoreLoop.RunAsync(semaphores, Name, count));
                Add(Where, "lock, dispose", null, Yardstick.Semaphore, 3, count => LockLoops.PostedByTextAsync(locks, Name, count));
                Add(Where, "lock, dispose; name made once", null, Yardstick.Semaphore, 3, count => LockLoops.PostedAsync(locks, made, count));
                // Not inline: there the tasks would run within each other's releases, on one thread, and hand nothing over.
                AddCompetitions(Where, locks, isInline, goal: null);
            }
            else
            {
                var classic = new ClassicLoop(locks.Raw);
                Add(Where, "classic interface: lock, unlock", Inline, Yardstick.Semaphore, null, count =>
                {
                    classic.Run(count);
                    return Task.CompletedTask;
                });
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
            (string listen, string peer) = (FreeAddress(), FreeAddress());
            // Neither is there before the other is: a cluster of two is formed by both.
            Task<ChildProcess> starting = ChildProcess.StartAsync(
                self, BenchChild.Master(peer, listen, Resources(isInline)), ChildProcess.StartTime, cancellationToken);
            TyerNodeOptions options = BenchChild.ClusterOf(1, listen, peer);
            options.InlineCompletions = isInline;
            TyerNode node = Keep(await TyerNode.StartAsync(options, cancellationToken).ConfigureAwait(false));
            ILockspace locks = Keep(await node.OpenLockspaceAsync(BenchChild.Lockspace, cancellationToken: cancellationToken).ConfigureAwait(false));
            _started.Push(await starting.ConfigureAwait(false));
            AddPairs(Where, locks, isInline, postedGoal: 3, awaitedGoal: 4);
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
        Add(where, "lock awaited, release posted", completions, Yardstick.RawRoundTrip, postedGoal, count => LockLoops.PostedAsync(locks, name, count));
        Add(where, "lock and release awaited", completions, Yardstick.RawRoundTrip, awaitedGoal, count => LockLoops.AwaitedAsync(locks, name, count));
        Probes.Add(new Probe
        {
            Where = where,
            What = $"pairs of {Tasks} tasks",
            Completions = completions,
            Kind = FigureKind.Rate,
            Goal = 4,
            Run = count => LockLoops.PipelinedAsync(locks, names, count),
        });
    }

    private void AddCompetitions(string where, ILockspace locks, bool isInline, double? goal)
    {
        foreach (int competitors in Competitors)
        {
            var competition = new Competition(locks, Contended(competitors, isInline), competitors);
            Probes.Add(new Probe
            {
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

    private void Add(string where, string what, string? completions, Yardstick against, double? goal, Func<int, Task> run) =>
        Probes.Add(new Probe { Where = where, What = what, Completions = completions, Against = against, Goal = goal, Run = run, CountsBytes = against != Yardstick.RawRoundTrip });

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

    /// <summary>A port of the loopback interface that was free just now.</summary>
    private static string FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"tcp://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
    }

    private T Keep<T>(T started)
        where T : IAsyncDisposable
    {
        _started.Push(started);
        return started;
    }
}
