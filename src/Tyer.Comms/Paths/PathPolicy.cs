namespace Tyer.Comms.Paths;

/// <summary>Which of the paths that are up carries what is sent to a peer. Each side chooses for what it sends.</summary>
public enum PathPolicy
{
    /// <summary>The first one; the others stand by.</summary>
    Passive = 0,

    /// <summary>
    /// The one with the least waiting to be sent: the one that carries is left when much has been waiting on it for a while and less waits
    /// elsewhere, and what was left is not come back to before the failback delay.
    /// </summary>
    LeastQueued = 1,
}
