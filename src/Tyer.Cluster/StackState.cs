namespace Tyer.Cluster;

/// <summary>What a node may do, as far as membership is concerned.</summary>
/// <remarks>
/// <code>
/// Joining   -> Operating | Suspended | Expelled | Refused | Closed
/// Operating -> Suspended | Expelled | Closed
/// Suspended -> Operating | Expelled | Closed
/// Expelled  -> Closed
/// Refused   -> Closed
/// </code>
/// </remarks>
public enum StackState
{
    /// <summary>Not in a view yet. Nothing is granted.</summary>
    Joining,

    /// <summary>In a view with quorum. Locks are granted.</summary>
    Operating,

    /// <summary>
    /// No quorum, or no contact with those who would know. Nothing new is granted; what is held is good until
    /// <see cref="IGroupConnection.SafeUntil"/>.
    /// </summary>
    Suspended,

    /// <summary>Out, for good: every lock is lost. The node comes back only as a new incarnation.</summary>
    Expelled,

    /// <summary>
    /// Not taken in, and never will be as it is: the reason says what to change. To come back as a new incarnation does not help.
    /// </summary>
    Refused,

    /// <summary>The connection has ended, by its owner or by a fault that the reason names. Nothing more is reported.</summary>
    Closed,
}
