using System.Runtime.CompilerServices;
using Tyer.Cli.Connections;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Tests.Fakes;

/// <summary>A daemon that answers as a test tells it to.</summary>
internal sealed class FakeDaemon : IConnector, IConnection, ITyerAdministration, ILockspace
{
    public List<LockspaceResource> Resources { get; } = [];

    public List<ConnectRequest> Connects { get; } = [];

    public List<(ResourceName Resource, LockMode Mode, LockOptions Options)> Requests { get; } = [];

    public List<(LockId Id, string Reason)> Revocations { get; } = [];

    public List<ResourceQuery> Queries { get; } = [];

    /// <summary>What a request for a lock ends with.</summary>
    public Func<ResourceName, LockMode, CancellationToken, Task<LockHandle>> OnLock { get; set; } =
        (resource, mode, _) => Task.FromResult<LockHandle>(new FakeLockHandle(resource, mode));

    /// <summary>What a connection fails with; null: it succeeds.</summary>
    public Exception? OnConnect { get; set; }

    /// <summary>Whom the answers lack; null: nobody.</summary>
    public string? Missing { get; set; }

    public ClusterStatus? Status { get; set; }

    public IReadOnlyList<NodeInfo> Nodes { get; set; } = [];

    public List<SessionInfo> Sessions { get; } = [];

    public RevokeOutcome RevokeOutcome { get; set; }

    public string Endpoint => "unix:/run/tyer/tyerd.sock";

    public string Name { get; private set; } = "";

    public ITyerAdministration Administration => this;

    public IRawLockspace Raw => throw new NotSupportedException();

    public ValueTask<IConnection> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken)
    {
        Connects.Add(request);
        return OnConnect is { } failure ? throw failure : ValueTask.FromResult<IConnection>(this);
    }

    /// <summary>Whether lockspaces open; if not, nobody decides whether they do.</summary>
    public bool Opens { get; set; } = true;

    public async ValueTask<ILockspace> OpenLockspaceAsync(string name, CancellationToken cancellationToken)
    {
        Name = name;
        if (!Opens) await Task.Delay(Timeout.Infinite, cancellationToken);
        return this;
    }

    public ValueTask<LockHandle> LockAsync(ResourceName resource, LockMode mode = LockMode.Exclusive, CancellationToken cancellationToken = default) =>
        LockAsync(resource, mode, new LockOptions(), cancellationToken);

    public ValueTask<LockHandle> LockAsync(ResourceName resource, LockMode mode, LockOptions options, CancellationToken cancellationToken = default)
    {
        Requests.Add((resource, mode, options));
        return new ValueTask<LockHandle>(OnLock(resource, mode, cancellationToken));
    }

    public ValueTask<LockHandle?> TryLockAsync(ResourceName resource, LockMode mode, TimeSpan wait, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public ValueTask<LockHandle?> TryLockAsync(
        ResourceName resource, LockMode mode, TimeSpan wait, LockOptions options, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<ResourceSnapshot> QueryAsync(ResourceQuery query, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public async IAsyncEnumerable<LockspaceResource> QueryAsync(
        string? lockspace, ResourceQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        query.Validate();
        Queries.Add(query);
        foreach (LockspaceResource each in Resources.Where(each => (lockspace is null || each.Lockspace == lockspace) && query.Matches(each.Snapshot)).Take(query.Count))
            yield return each;
        if (Missing is not null) throw Incomplete();
    }

    public ValueTask<ClusterStatus> StatusAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(Status!);

    public ValueTask<IReadOnlyList<NodeInfo>> NodesAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(Nodes);

    public async IAsyncEnumerable<SessionInfo> SessionsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        foreach (SessionInfo each in Sessions) yield return each;
        if (Missing is not null) throw Incomplete();
    }

    public ValueTask<RevokeResult> RevokeAsync(LockId id, string reason, CancellationToken cancellationToken = default)
    {
        Revocations.Add((id, reason));
        return ValueTask.FromResult(new RevokeResult { Lock = id, Outcome = RevokeOutcome });
    }

    public List<IReadOnlyList<LockId>> Purges { get; } = [];

    /// <summary>What a purge ends with.</summary>
    public Func<IReadOnlyList<LockId>, OrphanPurgeResult> OnPurge { get; set; } = orphans => new OrphanPurgeResult { Purged = orphans };

    public ValueTask<OrphanPurgeResult> PurgeOrphansAsync(IReadOnlyList<LockId> orphans, CancellationToken cancellationToken = default)
    {
        Purges.Add(orphans);
        return ValueTask.FromResult(OnPurge(orphans));
    }

    public List<ViewOrder> Views { get; } = [];

    public List<string> Fences { get; } = [];

    public MembershipResult Membership { get; set; } = new() { Node = "n1", IsSettled = false };

    public IReadOnlyList<RecoveryInfo> Recoveries { get; set; } = [];

    public ValueTask<MembershipResult> SetViewAsync(ViewOrder view, CancellationToken cancellationToken = default)
    {
        Views.Add(view);
        return ValueTask.FromResult(Membership);
    }

    public List<RenewalOrder> Renewals { get; } = [];

    public ValueTask<MembershipResult> RenewViewAsync(ulong view, TimeSpan safeFor, CancellationToken cancellationToken = default)
    {
        Renewals.Add(new RenewalOrder(view, safeFor));
        return ValueTask.FromResult(Membership);
    }

    public ValueTask<MembershipResult> FenceAsync(string who, CancellationToken cancellationToken = default)
    {
        Fences.Add(who);
        return ValueTask.FromResult(Membership);
    }

    public List<(string Node, string Action)> FenceTests { get; } = [];

    public FenceTestResult FenceTest { get; set; } = new() { By = "n1", Node = "n3", Agents = [] };

    public ValueTask<FenceTestResult> TestFencingAsync(string who, string action, CancellationToken cancellationToken = default)
    {
        FenceTests.Add((who, action));
        return ValueTask.FromResult(FenceTest);
    }

    public ValueTask<IReadOnlyList<RecoveryInfo>> RecoveriesAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(Recoveries);

    public List<PeerInfo> Peers { get; } = [];

    public List<PeerOrder> PeerOrders { get; } = [];

    public PeerOptions PeerOptions { get; set; } = new();

    public ValueTask<IReadOnlyList<PeerInfo>> PeersAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<IReadOnlyList<PeerInfo>>(Peers);

    public ValueTask<IReadOnlyList<PeerInfo>> OrderPeerAsync(PeerOrder order, CancellationToken cancellationToken = default)
    {
        PeerOrders.Add(order);
        return PeersAsync(cancellationToken);
    }

    public ValueTask<PeerOptions> SetPeerOptionsAsync(PeerOptions options, CancellationToken cancellationToken = default)
    {
        PeerOptions = options;
        return ValueTask.FromResult(options);
    }

    public List<ProbeOrder> ProbeOrders { get; } = [];

    public List<ProbeInfo> Probes { get; } = [];

    public ValueTask<IReadOnlyList<ProbeInfo>> ProbeAsync(ProbeOrder order, CancellationToken cancellationToken = default)
    {
        ProbeOrders.Add(order);
        return ValueTask.FromResult<IReadOnlyList<ProbeInfo>>(Probes);
    }

    public List<ClusterEvent> Events { get; } = [];

    /// <summary>How often it was asked to go on.</summary>
    public int Followed { get; private set; }

    public async IAsyncEnumerable<ClusterEvent> EventsAsync(bool follow, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        if (follow) Followed++;
        foreach (ClusterEvent each in Events) yield return each;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private LockUnavailableException Incomplete() => new(UnavailableReason.Incomplete, "The question who holds what", $"no answer from {Missing}");
}
