using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tyer.Cluster;
using Tyer.Cluster.State;
using Tyer.Node.Administration;
using Tyer.Node.Clients;
using Tyer.Node.Lockspaces;
using Tyer.Node.Peers;
using Tyer.Node.Queries;
using Tyer.Node.Sessions;
using Tyer.Node.Shards;
using Tyer.Node.Waits;
using Tyer.Sessions;
using Tyer.Time;

namespace Tyer.Node;

/// <summary>
/// One running node: shards, sessions, lockspaces, and what connects them with the other nodes and the cluster stack. The only place
/// where engine, comms and stack meet.
/// </summary>
internal sealed partial class NodeCore : IAsyncDisposable
{
    private readonly StateDirectory _state;
    private readonly ILogger _log;
    private readonly IPeerOutbox _outbox;
    private readonly TimerThread _timer;
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LockIdRange _lockNumbers;
    private int _stopping;

    internal NodeCore(NodeSettings settings, StateDirectory state, IPeerOutbox outbox)
    {
        Settings = settings;
        _state = state;
        _outbox = outbox;
        var loggers = settings.Options.LoggerFactory ?? NullLoggerFactory.Instance;
        _log = loggers.CreateLogger("Tyer.Node");
        _lockNumbers = state.ReserveLockIds();
        var clock = settings.Options.Clock ?? BootClock.Instance;
        StartedAt = clock.Now;
        Shards = new ShardSet(settings.Id.Value, settings.Shards, _lockNumbers.First, (ulong)Random.Shared.NextInt64(), outbox, clock);
        LongWaits = new LongWaits(this);
        Orphans = new OrphanService(this);
        Sessions = new SessionRegistry(this);
        Lockspaces = new LockspaceRegistry(Shards, OpenOwn);
        Queries = new QueryService(this);
        Membership = new Membership(this);
        Answers = new LocalAnswers(this);
        Administration = new NodeAdministration(this);
        Clients = new ClientService(this);
        _timer = new TimerThread(Shards, AfterTick);
        Lockspaces.Start();
    }

    internal NodeSettings Settings { get; }

    internal string Name => Settings.Name;

    internal uint Id => Settings.Id.Value;

    internal ILogger Log => _log;

    internal TimeSpan StartedAt { get; }

    internal StateDirectory State => _state;

    internal ShardSet Shards { get; }

    internal SessionRegistry Sessions { get; }

    internal LongWaits LongWaits { get; }

    internal OrphanService Orphans { get; }

    internal LockspaceRegistry Lockspaces { get; }

    internal QueryService Queries { get; }

    internal Membership Membership { get; }

    /// <summary>Completes, with its exception, if the node finds that it cannot go on.</summary>
    internal Task Failed => _failed.Task;

    /// <summary>For how long what is held here is safe, from now: until the stack's word runs out.</summary>
    internal TimeSpan SafeFor
    {
        get
        {
            var until = Membership.SafeUntil;
            return until == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : until - Shards.Clock.Now;
        }
    }

    internal LocalAnswers Answers { get; }

    internal NodeAdministration Administration { get; }

    /// <summary>The other members, to be asked; null for a node that is alone.</summary>
    internal IPeerQuestions? Peers => _outbox as IPeerQuestions;

    internal bool IsStopping => Volatile.Read(ref _stopping) != 0;

    /// <summary>The sessions of other processes.</summary>
    internal ClientService Clients { get; }

    internal string NameOf(uint id) => Membership.NameOf(id);

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
        var opened = await Lockspaces.OpenAsync(name, options, cancellationToken).ConfigureAwait(false);
        var session = Sessions.Open(owner, name, transport, renewals);
        return (new NodeLockspace(this, opened, session, Settings.Options.InlineCompletions), session);
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
        await Membership.DisposeAsync().ConfigureAwait(false);
        if (_outbox is IAsyncDisposable peers)
            await peers.DisposeAsync().ConfigureAwait(false);
        // A client that has not heard that the node stops may believe in its locks until its session's time is over.
        if (isClean)
            _state.MarkClean();
        _state.Dispose();
        LogStopped(Name);
    }

    /// <summary>A view is about to be installed: connections to who is not in it end.</summary>
    internal void CutDeparted(ClusterView? before, ClusterView view) => (_outbox as PeerMesh)?.CutDeparted(before, view);

    /// <summary>The shards have the view: what other nodes' engines sent early can be taken in.</summary>
    internal void ViewInstalled() => (_outbox as PeerMesh)?.Inbox.Open();

    /// <summary>A broken invariant, or a state directory that cannot be written: the node stops rather than grant.</summary>
    internal void Fail(Exception cause)
    {
        LogFailed(cause, Name);
        _failed.TrySetException(cause);
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
        new(new NodeLockspace(this, opened, Sessions.Open(ProcessIdentity.OfThisProcess(Name), lockspace: ""), inlineCompletions: false));

    [LoggerMessage(EventId = 1001, Level = LogLevel.Information, Message = "Node {Name} has stopped")]
    private partial void LogStopped(string name);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Critical, Message = "Node {Name} cannot go on and stops granting")]
    private partial void LogFailed(Exception cause, string name);
}
