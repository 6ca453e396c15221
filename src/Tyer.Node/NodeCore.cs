using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tyer.Cluster;
using Tyer.Cluster.State;
using Tyer.Engine;
using Tyer.Node.Administration;
using Tyer.Node.Clients;
using Tyer.Node.Lockspaces;
using Tyer.Node.Metrics;
using Tyer.Node.Peers;
using Tyer.Node.Queries;
using Tyer.Node.Sessions;
using Tyer.Node.Shards;
using Tyer.Node.Waits;
using Tyer.Sessions;
using Tyer.Time;

namespace Tyer.Node;

/// <summary>
/// One running node: the wiring of its parts, and what has threads, files and sockets around it: timer, state directory, clients, the
/// agreement on lockspaces, questions of operators.
/// </summary>
internal sealed partial class NodeCore : ILockspaceServices, IAsyncDisposable
{
    private readonly StateDirectory _state;
    private readonly ILogger _log;
    private readonly PeerMesh? _mesh;
    private readonly TimerThread _timer;
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LockIdRange _lockNumbers;
    private readonly NodeMetrics _metrics;
    private int _stopping;

    /// <param name="settings">What it is to be.</param>
    /// <param name="state">What it keeps from life to life; disposed with the node.</param>
    /// <param name="mesh">Its way to the others, disposed with the node; null: it is alone.</param>
    internal NodeCore(NodeSettings settings, StateDirectory state, PeerMesh? mesh)
    {
        Settings = settings;
        _state = state;
        _mesh = mesh;
        var loggers = settings.Options.LoggerFactory ?? NullLoggerFactory.Instance;
        _log = loggers.CreateLogger("Tyer.Node");
        _lockNumbers = state.ReserveLockIds();
        var clock = settings.Options.Clock ?? BootClock.Instance;
        StartedAt = clock.Now;
        var engine = new EngineOptions
        {
            Node = settings.Id.Value,
            FirstLockNumber = _lockNumbers.First,
            TableSeed = (ulong)Random.Shared.NextInt64(),
        };
        Wiring = new NodeWiring(new WiringSettings(settings.Name, engine, settings.Shards, settings.Peers), mesh, clock, _log)
        {
            Answer = (topic, question) => Answers!.Answer(topic, question),
            TellLongWait = new LongWaits(this).Add,
            Fail = Fail,
            Ended = reason => Clients!.EndAll(reason, reason is LossReason.QuorumLost or LossReason.NodeExpelled ? settings.Options.OnExpulsion : ExpulsionPolicy.Notify),
        };
        Orphans = new OrphanService(this);
        Lockspaces = new LockspaceRegistry(Shards, OpenOwn);
        Queries = new QueryService(this);
        Answers = new LocalAnswers(this);
        Administration = new NodeAdministration(this);
        Clients = new ClientService(this);
        _metrics = new NodeMetrics(this, mesh?.Transport);
        _timer = new TimerThread(Shards, AfterTick);
        Lockspaces.Start();
    }

    internal NodeSettings Settings { get; }

    /// <summary>How it knows its peers; by default not at all.</summary>
    internal NodeSecurity Security { get; init; } = NodeSecurity.None;

    /// <summary>Connections of nodes that were refused, ever, by reason.</summary>
    internal IReadOnlyDictionary<string, long> Refusals => _mesh?.Refusals ?? new Dictionary<string, long>();

    internal string Name => Settings.Name;

    internal uint Id => Settings.Id.Value;

    internal ILogger Log => _log;

    internal TimeSpan StartedAt { get; }

    internal StateDirectory State => _state;

    /// <summary>The part of the node that has no thread, file or socket.</summary>
    internal NodeWiring Wiring { get; }

    internal ShardSet Shards => Wiring.Shards;

    internal SessionRegistry Sessions => Wiring.Sessions;

    internal OrphanService Orphans { get; }

    internal LockspaceRegistry Lockspaces { get; }

    internal QueryService Queries { get; }

    internal Membership Membership => Wiring.Membership;

    /// <summary>Completes, with its exception, if the node finds that it cannot go on.</summary>
    internal Task Failed => _failed.Task;

    /// <summary>For how long what is held here is safe, from now: until the stack's word runs out.</summary>
    internal TimeSpan SafeFor => Wiring.SafeFor;

    internal LocalAnswers Answers { get; }

    internal NodeAdministration Administration { get; }

    /// <summary>The comms layer; null for a node that is alone, or has another way to its peers.</summary>
    internal CommsTransport? Comms => _mesh?.Transport.Comms;

    /// <summary>The other members, to be asked; null for a node that is alone.</summary>
    internal IPeerQuestions? Peers => Wiring.Peers;

    internal bool IsStopping => Volatile.Read(ref _stopping) != 0;

    /// <summary>The sessions of other processes.</summary>
    internal ClientService Clients { get; }

    internal string NameOf(uint id) => Wiring.NameOf(id);

    internal async ValueTask<ILockspace> OpenLockspaceAsync(
        string name, LockspaceOptions? options, LockOwner owner, CancellationToken cancellationToken)
    {
        var (port, _) = await OpenPortAsync(name, options, owner, SessionRegistry.InProcess, null, cancellationToken).ConfigureAwait(false);
        return new SessionLockspace(port);
    }

    /// <summary>Opens a lockspace for a session of its own.</summary>
    internal async ValueTask<(NodeLockspace Port, NodeSession Session)> OpenPortAsync(
        string name,
        LockspaceOptions? options,
        LockOwner owner,
        string transport,
        ISessionRenewals? renewals,
        CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _stopping) != 0, typeof(TyerNode));
        if (Wiring.HasEnded)
            throw new LockUnavailableException(UnavailableReason.Stopping, $"Opening lockspace '{name}'", WhyEnded);
        var opened = await Lockspaces.OpenAsync(name, options, cancellationToken).ConfigureAwait(false);
        var session = Sessions.Open(owner, name, transport, renewals);
        return (new NodeLockspace(Wiring, this, opened, session, Settings.Options.InlineCompletions), session);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _stopping, 1) != 0)
            return;
        var departure = new Departure(this);
        await departure.BeginAsync().ConfigureAwait(false);
        var isClean = await Clients.StopAsync().ConfigureAwait(false);
        Sessions.CloseAll(LossReason.NodeStopped);
        await departure.HandOverAsync().ConfigureAwait(false);
        if (isClean)
            await departure.EndAsync().ConfigureAwait(false);
        _timer.Dispose();
        _metrics.Dispose();
        await Membership.DisposeAsync().ConfigureAwait(false);
        if (_mesh is not null)
            await _mesh.DisposeAsync().ConfigureAwait(false);
        // A client that has not heard that the node stops may believe in its locks until its session's time is over.
        if (isClean)
            _state.MarkClean();
        _state.Dispose();
        LogStopped(Name);
    }

    ValueTask<int> ILockspaceServices.PurgeAsync(OpenedLockspace space, uint member, int processId, CancellationToken cancellationToken) =>
        Orphans.PurgeAsync(space, member, processId, cancellationToken);

    IAsyncEnumerable<ResourceSnapshot> ILockspaceServices.QueryAsync(uint space, ResourceQuery query, CancellationToken cancellationToken) =>
        Queries.QueryAsync(space, query, cancellationToken);

    ValueTask ILockspaceServices.CloseAsync(OpenedLockspace space) => Lockspaces.CloseAsync(space);

    /// <summary>Why it is out of its cluster for good; with <see cref="NodeWiring.HasEnded"/>.</summary>
    internal string WhyEnded => Failed.Exception is { } fault
        ? $"node {Name} cannot go on ({fault.InnerException!.Message}) and has to be started anew"
        : $"node {Name} is out of its cluster ({Membership.StateReason}) and has to be started anew";

    /// <summary>A broken invariant, a state directory that cannot be written, or a cluster that does not take it in: the node stops rather than grant.</summary>
    internal void Fail(Exception cause)
    {
        // What the membership says of itself is in the log already.
        if (Membership.State != StackState.Refused)
            LogFailed(cause, Name);
        if (_failed.TrySetException(cause))
            Wiring.End(LossReason.NodeStopped);
    }

    private void AfterTick(TimeSpan now)
    {
        Clients.Tick(now);
        try
        {
            if (Shards.HighestLockNumber + NodeLimits.LockNumbersLow >= _lockNumbers.End)
                _lockNumbers = new LockIdRange(_lockNumbers.First, _state.ReserveLockIds().End);
        }
        catch (StateDirectoryException fault)
        {
            Fail(fault);
        }
    }

    private SessionLockspace OpenOwn(OpenedLockspace opened) =>
        new(new NodeLockspace(Wiring, this, opened, Sessions.Open(ProcessIdentity.OfThisProcess(Name), lockspace: ""), inlineCompletions: false));

    [LoggerMessage(EventId = 1001, Level = LogLevel.Information, Message = "Node {Name} has stopped")]
    private partial void LogStopped(string name);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Critical, Message = "Node {Name} cannot go on and stops granting")]
    private partial void LogFailed(Exception cause, string name);
}
