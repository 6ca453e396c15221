namespace Tyer.Cluster.Glue;

/// <summary>
/// What an outside engine that operators trust (corosync, etcd) supplies: the agreement on who is a member. Everything that is the same
/// whichever engine it is, <see cref="LeasedStack"/> does once for all: the lease, when a dead member's locks may be given away, and when a node
/// itself has to stop. The division is that of OCFS2's stack glue.
/// </summary>
/// <remarks>
/// <para>An engine agrees on one sequence of <em>views</em> and of <em>proofs</em>, the same for all: an id names one view everywhere, ids only
/// grow, over full restarts too (each joiner says the highest that it has known), each view is quorate by the engine's own count, a
/// member is told every view that it is in and of no other, and a life that has departed is never in a view again.</para>
/// <para>A view lists as <em>unproven</em> who was in the view before it, or unproven there, is not in this one, and has no proof so far. Where
/// nobody of the new view was in an earlier one, and the engine remembers none, <see cref="FirstView"/> says who is.</para>
/// <para>An engine takes in only who has the same <see cref="Joiner.Digest"/>: nodes that count other voters, or other times, prove nothing to each
/// other.</para>
/// <para>It takes in only who speaks the version of the lock protocol that runs (<see cref="VersionAgreement"/>), and tells others that they are refused
/// (<see cref="IMembershipEvents.OnRefused"/>). What each offers is in <see cref="Joiner.Self"/>, and has to be in the views.</para>
/// <para>What an engine need not know: leases, fencing, when a departed member has stopped. A member that it has removed may be alive.</para>
/// </remarks>
public interface IMembershipEngine : IAsyncDisposable
{
    /// <summary>The name by which the configuration selects it, such as <c>etcd</c>.</summary>
    string Name { get; }

    /// <summary>The longest that it takes to notice that a member is gone; null where it is not known (yet).</summary>
    TimeSpan? Detection => null;

    /// <summary>
    /// Begins to join, once. Returns as soon as it has begun; the engine may be away for now, which is told by
    /// <see cref="IMembershipEvents.OnWaiting"/>, and tried again.
    /// </summary>
    /// <param name="joiner">Who joins.</param>
    /// <param name="events">Told of everything from here on, possibly before this call has returned.</param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <exception cref="IOException">It can never join as configured, such as where a library or program is missing; the message says what to do.</exception>
    ValueTask JoinAsync(Joiner joiner, IMembershipEvents events, CancellationToken cancellationToken);

    /// <summary>
    /// Asks that all take this as proven; <see cref="IMembershipEvents.OnProven"/> tells when they do. Never waits. It may be asked by several at once, and
    /// is asked again until it is told.
    /// </summary>
    /// <param name="departed">Who acts no more.</param>
    /// <param name="proof">What proves it.</param>
    void Prove(NodeIncarnation departed, FenceProof proof);

    /// <summary>
    /// Asks that a member, which may still be alive, is put out: a view without it follows. Never waits. Nothing is proven by it. Who has been put out
    /// itself is not heard any more: where two ask for each other, as when just the connection between them is broken, one of them stays.
    /// </summary>
    /// <param name="member">Which life of whom.</param>
    /// <param name="why">For those who read logs, and for the one that is put out.</param>
    void Evict(NodeIncarnation member, string why);

    /// <summary>
    /// This node, which holds nothing any more, goes: all are told that this life is proven (<see cref="FenceProof.CleanLeave"/>), and a view without it follows.
    /// Completes when that is agreed.
    /// </summary>
    /// <param name="cancellationToken">Goes without having been agreed on: the node has departed without a proof.</param>
    Task LeaveAsync(CancellationToken cancellationToken);
}
