namespace Tyer.Comms.Peers;

/// <summary>
/// Where the connection to a peer stands. From <see cref="Timeout"/> to <see cref="TearDown"/> it is a reason: why the last connection, or
/// the last attempt, is over. The first reason stays until everything of that connection is cleaned up.
/// </summary>
public enum ConnectionState
{
    /// <summary>Not trying: not started yet, disconnected by an operator, stopped, or given up after a broken handler.</summary>
    StandAlone = 0,

    /// <summary>No path, and waiting for the next attempt or for the peer's.</summary>
    Unconnected = 1,

    /// <summary>At least one path is being dialled, agreed on or proven.</summary>
    Connecting = 2,

    /// <summary>Messages flow: at least one path is up.</summary>
    Connected = 3,

    /// <summary>The other side has been silent for too long.</summary>
    Timeout = 4,

    /// <summary>The other side closed the last path, or its process ended.</summary>
    BrokenPipe = 5,

    /// <summary>The system reported an error, or nobody could be reached.</summary>
    NetworkFailure = 6,

    /// <summary>The other side sent what it must not, or speaks for another cluster, node or version.</summary>
    ProtocolError = 7,

    /// <summary>The other side could not prove who it is, or this side could not.</summary>
    AuthFailure = 8,

    /// <summary>The other side has said goodbye: nothing is lost, and nothing is suspected.</summary>
    TearDown = 9,

    /// <summary>Saying goodbye, or closing what is left.</summary>
    Disconnecting = 10,

    /// <summary>Membership has cut off the only incarnation that is known.</summary>
    Fenced = 11,
}
