using Tyer.Cluster.Fencing;

namespace Tyer.Cluster;

/// <summary>
/// Is told what the cluster has agreed on: one call at a time, the same views in the same order at every member. A call must not
/// block, and must not throw: a connection whose observer throws closes with that as the reason.
/// </summary>
public interface IGroupObserver
{
    /// <summary>
    /// The node is in this view from now on. Every view it is in comes, in order, none skipped. No client of an earlier life of
    /// a member can still believe that it holds a lock, unless that life is listed as unproven: so the view may be granted in
    /// at once.
    /// </summary>
    void OnView(ClusterView view);

    /// <summary>
    /// The node may do more or less than before, or the reason has changed. <see cref="StackState.Operating"/> follows the view that
    /// allows it.
    /// </summary>
    /// <param name="state">What it may do.</param>
    /// <param name="why">For the log and for `status`: names the nodes concerned and, where there is one, the remedy.</param>
    void OnState(StackState state, string why);

    /// <summary>
    /// Until when the node may act, from now on: <see cref="IGroupConnection.SafeUntil"/> as it moves. Not said by a stack that puts nobody
    /// out. What is said after that time has passed does not undo it.
    /// </summary>
    /// <remarks>The one call that may come beside another: whoever keeps the lease waits for nobody. The times only grow.</remarks>
    void OnSafeUntil(TimeSpan until);

    /// <summary>A departed incarnation is proved to act no more; once for each, possibly before the view that removes it.</summary>
    void OnFenced(NodeIncarnation who, FenceProof proof);

    /// <summary>
    /// A member of the view does not answer or has restarted, and the stack does not agree on a view without it: what it holds and
    /// masters stays as it is. Said again when more is known: who did not answer has restarted. Only a stack without
    /// <see cref="StackCapabilities.FailureDetection"/> says this.
    /// </summary>
    /// <param name="peer">The member as the view lists it.</param>
    /// <param name="why">What was noticed, and the remedy.</param>
    void OnPeerLost(Member peer, string why);

    /// <summary>
    /// A member stops in order: it hands over what it masters, and then has left. That is its proof (<see cref="OnFenced"/>), but a view without
    /// it is still to come.
    /// </summary>
    /// <param name="peer">The member as the view lists it.</param>
    /// <param name="hasLeft">False: it has begun to.</param>
    void OnPeerLeaving(Member peer, bool hasLeft);

    /// <summary>A member reported by <see cref="OnPeerLost"/> answers again, in the same life.</summary>
    void OnPeerBack(Member peer);

    /// <summary>This node does something to make sure that a departed one has stopped. That it has, <see cref="OnFenced"/> tells.</summary>
    void OnFencing(FenceProgress progress);
}
