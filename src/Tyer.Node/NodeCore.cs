using Tyer.Engine;
using Tyer.Node.Lockspaces;
using Tyer.Node.Queries;
using Tyer.Node.Sessions;
using Tyer.Node.Shards;
using Tyer.Sessions;
using Tyer.Time;

namespace Tyer.Node;

/// <summary>
/// One running node: shards, sessions, lockspaces, and what connects them with the other nodes and the cluster stack. The only place
/// where engine, comms and stack meet.
/// </summary>
internal sealed class NodeCore : IPeerOutbox, IAsyncDisposable
{
    private readonly TyerNodeOptions _options;
    private readonly TimerThread _timer;

    internal NodeCore(TyerNodeOptions options, string name, uint id)
    {
        _options = options;
        Name = name;
        Id = id;
        var clock = options.Clock ?? BootClock.Instance;
        Shards = new ShardSet(id, options.Shards ?? Environment.ProcessorCount, 1, (ulong)Random.Shared.NextInt64(), this, clock);
        Sessions = new SessionRegistry(this);
        Lockspaces = new LockspaceRegistry(Shards, OpenOwn);
        Queries = new QueryService(this);
        _timer = new TimerThread(Shards, _ => { });
        Lockspaces.Start();
    }

    internal string Name { get; }

    internal uint Id { get; }

    internal ShardSet Shards { get; }

    internal SessionRegistry Sessions { get; }

    internal LockspaceRegistry Lockspaces { get; }

    internal QueryService Queries { get; }

    internal string NameOf(uint id) => id == Id ? Name : $"node {id}";

    /// <summary>For how long what is held here is safe, from now: no stack with a lease is there yet.</summary>
    internal TimeSpan SafeFor { get; } = Timeout.InfiniteTimeSpan;

    internal void Install(EngineView view) => Shards.Install(view);

    internal async ValueTask<ILockspace> OpenLockspaceAsync(
        string name, LockspaceOptions? options, LockOwner owner, CancellationToken cancellationToken)
    {
        var opened = await Lockspaces.OpenAsync(name, options, cancellationToken).ConfigureAwait(false);
        return new SessionLockspace(new NodeLockspace(this, opened, Sessions.Open(owner), _options.InlineCompletions));
    }

    internal ValueTask<int> PurgeAsync(uint node, int processId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var purged = 0;
        for (var index = 0; index < Shards.Count; index++)
        {
            using (Shards[index].Enter())
                purged += Shards[index].Engine.Purge(processId);
        }

        return new ValueTask<int>(purged);
    }

    public ValueTask DisposeAsync()
    {
        Sessions.CloseAll(LossReason.NodeStopped);
        _timer.Dispose();
        Lockspaces.Dispose();
        return ValueTask.CompletedTask;
    }

    void IPeerOutbox.Append(uint node, ulong view, ReadOnlySpan<byte> message) => throw new InvalidOperationException("a single node has no peers");

    void IPeerOutbox.Flush(ulong nodes)
    {
    }

    private SessionLockspace OpenOwn(OpenedLockspace opened) =>
        new(new NodeLockspace(this, opened, Sessions.Open(ProcessIdentity.OfThisProcess(Name)), inlineCompletions: false));
}
