namespace Tyer.Cluster.Glue;

/// <summary>
/// What an engine tells the node that it has joined for: one call at a time, from any thread, in the order in which it was agreed. No call waits,
/// but <see cref="TryPromise"/> for the disk.
/// </summary>
public interface IMembershipEvents
{
    /// <summary>
    /// Notes on this node's disk that a view of this id is about to be: it will never be used for another. For engines that number views by asking
    /// the members; one that keeps the number safe by itself need not ask. On disk when it returns.
    /// </summary>
    /// <param name="view">The id.</param>
    /// <param name="highest">The highest that is on disk now.</param>
    /// <returns>False: an id as high as that may have been used; propose a higher one.</returns>
    bool TryPromise(ulong view, out ulong highest);

    /// <summary>
    /// A view has been agreed on, and this life is in it. Its id is greater than those of all that came before; it is in force at once.
    /// A second call with a higher id is the next view; nothing is to be awaited in between.
    /// </summary>
    /// <param name="view">Whether it has quorum is not the engine's to say: <see cref="LeasedStack"/> counts the voters.</param>
    /// <param name="why">What has changed, for operators: who came, who went and why.</param>
    void OnView(ClusterView view, string why);

    /// <summary>
    /// All take it as proven. May come again, and before the view that the proven one is not in any more. A newcomer is told after its first view of
    /// those whom that view still lists as unproven, and who have been proven since.
    /// </summary>
    void OnProven(NodeIncarnation departed, FenceProof proof);

    /// <summary>
    /// The engine does not answer any more, or has no quorum: who is a member is not known now. The node grants nothing new; what is held is good
    /// until its lease has run out.
    /// </summary>
    /// <param name="why">As a clause: "etcd does not answer at …".</param>
    void OnContactLost(string why);

    /// <summary>The engine is there again, this life is still a member, and all views since have been told.</summary>
    void OnContact();

    /// <summary>
    /// The others have agreed on a view without this life, or the engine can never go on: it is out, and comes back as another life only. The last call.
    /// </summary>
    void OnRemoved(string why);

    /// <summary>
    /// This node is in no view yet, and the others cannot take it in as it is, in this life or another: see <see cref="VersionAgreement.ObjectionTo"/>. The last call.
    /// </summary>
    /// <param name="why">Says what to change.</param>
    void OnRefused(string why);

    /// <summary>Not in a view yet: what for, for operators.</summary>
    void OnWaiting(string why);
}
