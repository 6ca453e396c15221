namespace Tyer.Comms.Peers;

/// <summary>Where the connection to a peer stands.</summary>
public enum ConnectionState
{
    /// <summary>Not trying: not started yet, stopped, or given up after a broken handler.</summary>
    StandAlone = 0,

    /// <summary>No link, and waiting for the next attempt or for the peer's.</summary>
    Unconnected = 1,

    /// <summary>A link is being dialled or agreed on.</summary>
    Connecting = 2,

    /// <summary>Messages flow.</summary>
    Connected = 3,

    /// <summary>Saying goodbye.</summary>
    Disconnecting = 4,

    /// <summary>Membership has cut off the only incarnation that is known.</summary>
    Fenced = 5,
}
