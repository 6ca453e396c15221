namespace Tyer.Sessions.Administration;

/// <summary>
/// What operators ask of a cluster, through any of its nodes: from a program of the same machine by <c>TyerClient.Administration</c>, or in
/// the node's own process. Asking never stops the locking.
/// </summary>
/// <remarks>
/// Over a socket, <see cref="RevokeAsync"/>, <see cref="PurgeOrphansAsync"/>, <see cref="SetViewAsync"/>, <see cref="RenewViewAsync"/>, <see cref="FenceAsync"/>, <see cref="TestFencingAsync"/>, <see cref="OrderPeerAsync"/>, <see cref="ProbeAsync"/> and a change by <see cref="SetPeerOptionsAsync"/> are for root and for the user that the node runs as; over TCP nobody may. Every member throws
/// <see cref="LockUnavailableException"/> when the node that was asked does not answer.
/// </remarks>
public interface ITyerAdministration
{
    /// <summary>The cluster as the node that is asked sees it.</summary>
    /// <param name="cancellationToken">Ends the waiting for the answer.</param>
    ValueTask<ClusterStatus> StatusAsync(CancellationToken cancellationToken = default);

    /// <summary>Every node, each with what it says of itself where it answered within two seconds.</summary>
    /// <param name="cancellationToken">Ends the waiting for the answer.</param>
    ValueTask<IReadOnlyList<NodeInfo>> NodesAsync(CancellationToken cancellationToken = default);

    /// <summary>The sessions of all nodes, by node and number.</summary>
    /// <param name="cancellationToken">Ends the waiting for the answers.</param>
    /// <exception cref="LockUnavailableException">
    /// With <see cref="UnavailableReason.Incomplete"/>, after the last session that could be had: the members that it names did not answer.
    /// </exception>
    IAsyncEnumerable<SessionInfo> SessionsAsync(CancellationToken cancellationToken = default);

    /// <summary>Takes a lock away from whoever holds it or waits for it. The holder is told before anybody else can have it (S6).</summary>
    /// <param name="id">The lock, wherever in the cluster it is.</param>
    /// <param name="reason">Why, for the logs of both sides; at most 128 bytes (UTF-8).</param>
    /// <param name="cancellationToken">Ends the waiting for the answer, not the revocation.</param>
    /// <exception cref="LockRefusedException">The user may not.</exception>
    ValueTask<RevokeResult> RevokeAsync(LockId id, string reason, CancellationToken cancellationToken = default);

    /// <summary>
    /// Ends locks that dead processes left behind, whichever nodes those were on, also nodes that are gone. Nobody repairs what they guarded: who waits is
    /// granted, and a value that they may have been writing is marked invalid. Locks that are no orphans, or not any more, are left alone.
    /// </summary>
    /// <param name="orphans">The locks, at most <see cref="OrphanPurgeResult.OrphansMax"/>; a <see cref="QueryAsync"/> with <see cref="ResourceQuery.OrphansOnly"/> finds them.</param>
    /// <param name="cancellationToken">Ends the waiting for the answer, not the purge.</param>
    /// <exception cref="LockRefusedException">The user may not.</exception>
    ValueTask<OrphanPurgeResult> PurgeOrphansAsync(IReadOnlyList<LockId> orphans, CancellationToken cancellationToken = default);

    /// <summary>Who holds and who waits, in one lockspace or in all that are open.</summary>
    /// <param name="lockspace">The lockspace; null: all, by name.</param>
    /// <param name="query">Which resources, and how many at most.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="LockUnavailableException">
    /// With <see cref="UnavailableReason.Incomplete"/>, after the last resource that could be had: the members that it names did not answer.
    /// </exception>
    IAsyncEnumerable<LockspaceResource> QueryAsync(string? lockspace, ResourceQuery query, CancellationToken cancellationToken = default);

    /// <summary>Tells the node that is asked its next view, where its stack is <c>external</c>; it is installed when this returns.</summary>
    /// <param name="view">The view.</param>
    /// <param name="cancellationToken">Ends the waiting for the answer, not the installing.</param>
    /// <exception cref="LockRefusedException">It cannot be the node's next view, or the stack is another, or the user may not; the message says why.</exception>
    ValueTask<MembershipResult> SetViewAsync(ViewOrder view, CancellationToken cancellationToken = default);

    /// <summary>
    /// Tells the node that is asked, where its stack is <c>external</c>, that an incarnation and all its clients act no more: what it held is
    /// free. May come before the view without it, and again.
    /// </summary>
    /// <param name="who">The incarnation, such as <c>3.1765</c> or <c>n3.1765</c>.</param>
    /// <param name="cancellationToken">Ends the waiting for the answer, not what was said.</param>
    /// <exception cref="LockRefusedException">It cannot be right, or the stack is another, or the user may not; the message says why.</exception>
    ValueTask<MembershipResult> FenceAsync(string who, CancellationToken cancellationToken = default);

    /// <summary>Has the node that is asked run all fence agents of a node, not to stop it but to find out whether they could.</summary>
    /// <param name="who">The node that they would stop, by name or id.</param>
    /// <param name="action">What they are to do: <c>status</c> or <c>monitor</c>.</param>
    /// <param name="cancellationToken">Ends the waiting for the answer, and the agent that runs.</param>
    /// <exception cref="LockRefusedException">There is no such node, or it has no agent, or the user may not; the message says why.</exception>
    ValueTask<FenceTestResult> TestFencingAsync(string who, string action, CancellationToken cancellationToken = default);

    /// <summary>Gives the node that is asked more time on its view, where its stack is <c>external</c> and the view was limited.</summary>
    /// <param name="view">The id of the view that it is in.</param>
    /// <param name="safeFor">For how long it may act, 1 s to 10 min; see <see cref="ViewOrder"/>.</param>
    /// <param name="cancellationToken">Ends the waiting for the answer, not what was said.</param>
    /// <exception cref="LockRefusedException">It is in another view or out, or the stack is another, or the user may not; the message says why.</exception>
    ValueTask<MembershipResult> RenewViewAsync(ulong view, TimeSpan safeFor, CancellationToken cancellationToken = default);

    /// <summary>The recoveries that the node that is asked remembers, the newest first.</summary>
    /// <param name="cancellationToken">Ends the waiting for the answer.</param>
    ValueTask<IReadOnlyList<RecoveryInfo>> RecoveriesAsync(CancellationToken cancellationToken = default);

    /// <summary>The connections of the node that is asked to its peers.</summary>
    /// <param name="cancellationToken">Ends the waiting for the answer.</param>
    ValueTask<IReadOnlyList<PeerInfo>> PeersAsync(CancellationToken cancellationToken = default);

    /// <summary>Changes how the node that is asked is connected to a peer, until it is started again.</summary>
    /// <param name="order">What is to be done.</param>
    /// <param name="cancellationToken">Ends the waiting for the answer, not what was ordered.</param>
    /// <returns>The connections as they are after that.</returns>
    /// <exception cref="LockRefusedException">It cannot be done, or the user may not; the message says why.</exception>
    ValueTask<IReadOnlyList<PeerInfo>> OrderPeerAsync(PeerOrder order, CancellationToken cancellationToken = default);

    /// <summary>Changes the options of the connections to all peers of the node that is asked, until it is started again.</summary>
    /// <param name="options">What to change; nothing: only tell.</param>
    /// <param name="cancellationToken">Ends the waiting for the answer, not what was ordered.</param>
    /// <returns>The options that hold after that.</returns>
    /// <exception cref="LockRefusedException">One is out of its range or contradicts another, or the user may not; nothing is changed.</exception>
    ValueTask<PeerOptions> SetPeerOptionsAsync(PeerOptions options, CancellationToken cancellationToken = default);

    /// <summary>Pings the ways from the node that is asked to a peer, now; also those that stand by.</summary>
    /// <param name="order">Which, and how often.</param>
    /// <param name="cancellationToken">Ends the waiting for the answer.</param>
    /// <returns>What came of it, by way; one that is down says why.</returns>
    /// <exception cref="LockRefusedException">There is no such peer or way, or the user may not; the message says why.</exception>
    ValueTask<IReadOnlyList<ProbeInfo>> ProbeAsync(ProbeOrder order, CancellationToken cancellationToken = default);

    /// <summary>What is there, as the node that is asked sees it: nodes, connections, the view; then what changes of it.</summary>
    /// <param name="follow">Whether to go on after what is there, for as long as the enumeration lasts.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    IAsyncEnumerable<ClusterEvent> EventsAsync(bool follow, CancellationToken cancellationToken = default);
}

/// <summary>A resource, and the lockspace that it is in.</summary>
/// <param name="Lockspace">The lockspace's name.</param>
/// <param name="Snapshot">The resource at this moment.</param>
public sealed record LockspaceResource(string Lockspace, ResourceSnapshot Snapshot);
