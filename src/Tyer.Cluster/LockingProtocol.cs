namespace Tyer.Cluster;

/// <summary>What a user of a cluster stack brings along: whom to tell, and which versions of the protocol between nodes it speaks.</summary>
public sealed class LockingProtocol
{
    /// <summary>Describes a user.</summary>
    /// <param name="callbacks">Told of everything that concerns the group.</param>
    /// <param name="versions">What it speaks; null: <see cref="ProtocolRange.Offered"/>, what the lock manager of this build does.</param>
    public LockingProtocol(IGroupObserver callbacks, ProtocolRange? versions = null)
    {
        ArgumentNullException.ThrowIfNull(callbacks);
        Callbacks = callbacks;
        Versions = versions ?? ProtocolRange.Offered;
    }

    /// <summary>Told of everything that concerns the group.</summary>
    public IGroupObserver Callbacks { get; }

    /// <summary>The versions that it speaks. Which of them the group runs, its view says (<see cref="ClusterView.Running"/>).</summary>
    public ProtocolRange Versions { get; }
}
