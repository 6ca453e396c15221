namespace Tyer.Cluster.Corosync.Agreement;

/// <summary>What an agreement has done for it, in this order, before anything else happens.</summary>
internal interface IAgreementPort
{
    /// <summary>Says it to the group, this process included.</summary>
    void Multicast(GroupMessage message);

    /// <summary>Puts the id on disk before it returns.</summary>
    void Promise(ulong view);

    /// <summary>The node is in this view.</summary>
    void OnView(ClusterView view, string why);

    void OnProven(Proof proof);

    void OnContactLost(string why);

    void OnContact();

    /// <summary>What it waits for, before its first view.</summary>
    void OnWaiting(string why);

    /// <summary>This life is out.</summary>
    /// <param name="why">The reason.</param>
    /// <param name="isFinal">Another life would fare no better.</param>
    void OnRemoved(string why, bool isFinal);

    /// <summary>This life has gone, and all know it.</summary>
    void OnLeft();
}
