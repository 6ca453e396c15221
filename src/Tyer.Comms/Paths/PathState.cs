namespace Tyer.Comms.Paths;

/// <summary>Where one way to a peer stands.</summary>
public enum PathState
{
    /// <summary>Nothing, until the next attempt or the peer's.</summary>
    Down = 0,

    /// <summary>Being dialled.</summary>
    Dialing = 1,

    /// <summary>The two nodes are agreeing on its two links.</summary>
    Handshaking = 2,

    /// <summary>Both links stand; pongs are being counted.</summary>
    Proving = 3,

    /// <summary>Good: it carries messages, or stands by to do so.</summary>
    Up = 4,

    /// <summary>Still good, and to be removed: what it carries moves to another first.</summary>
    Draining = 5,

    /// <summary>Its links are ending, and it is forgotten when they have.</summary>
    Removing = 6,
}
