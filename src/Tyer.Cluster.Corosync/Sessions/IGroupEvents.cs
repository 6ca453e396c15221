namespace Tyer.Cluster.Corosync.Sessions;

/// <summary>
/// What a <see cref="GroupSession"/> hears, on its own thread. What comes of the group is in one order, the same for all its members; what is told of the
/// quorum comes by another way, and may be early or late against that.
/// </summary>
internal interface IGroupEvents
{
    /// <summary>The daemon is there. Nothing of the group comes before.</summary>
    /// <param name="facts">As it is configured.</param>
    /// <returns>Why the group cannot be joined so; null to join.</returns>
    string? OnConnected(DaemonFacts facts);

    /// <summary>The daemon is not there, or does not let this process in; it is tried again.</summary>
    void OnAway(string why);

    /// <summary>Who is in the group from here on.</summary>
    void OnMembers(ReadOnlySpan<GroupProcess> members, ReadOnlySpan<(GroupProcess Who, DepartureCause Cause)> left);

    /// <summary>The daemons' ring from here on, as the group has it.</summary>
    void OnRing(RingId ring);

    /// <summary>The daemons' ring, and whether it has quorum, as the quorum service has it.</summary>
    void OnQuorum(bool isQuorate, RingId ring);

    /// <summary>A member of the group says something; this process's own words come back so, too.</summary>
    void OnMessage(GroupProcess from, ReadOnlySpan<byte> message);

    /// <summary>The daemon is gone, and with it the place in the group. It is tried again.</summary>
    void OnHungUp(string why);

    /// <summary>Some time has passed.</summary>
    void OnTick();

    /// <summary>A fault; the session is over.</summary>
    void OnFault(Exception fault);
}
