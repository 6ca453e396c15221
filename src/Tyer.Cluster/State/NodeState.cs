namespace Tyer.Cluster.State;

/// <summary>What a node must still know after it has been stopped. Every number only grows.</summary>
/// <param name="Owner">Whose it is.</param>
/// <param name="View">The highest view id that the node has agreed to, installed or not.</param>
/// <param name="Incarnation">The latest start.</param>
/// <param name="LockIdMark">Counters of lock ids below this one may have been used.</param>
/// <param name="Clean">Whether the latest run has stopped, with no session left.</param>
/// <param name="LongestSession">The longest that any session may outlive the node, as told to one since the last clean stop.</param>
internal sealed record NodeState(
    StateOwner Owner, ulong View, Incarnation Incarnation, ulong LockIdMark, bool Clean, TimeSpan LongestSession)
{
    /// <summary>A node that never ran.</summary>
    public static NodeState Fresh(StateOwner owner) =>
        new(owner, View: 0, default, LockIdMark: 0, Clean: true, LongestSession: TimeSpan.Zero);

    /// <summary>The state with which the next run begins.</summary>
    public NodeState Started(DateTimeOffset wallClock) => this with
    {
        Incarnation = Incarnation.Next(Incarnation, wallClock),
        Clean = false,
        LongestSession = Clean ? TimeSpan.Zero : LongestSession,
    };

    /// <summary>
    /// The state of an adopted copy: as if as much had happened since the copy was made as ever plausibly does. How the
    /// run after it ended is not known, hence not clean.
    /// </summary>
    /// <exception cref="OverflowException">A number has no room left.</exception>
    public NodeState Adopted() => this with
    {
        View = checked(View + ClusterLimits.AdoptionStep),
        Incarnation = new Incarnation(checked(Incarnation.Value + ClusterLimits.AdoptionStep)),
        LockIdMark = Reserved(ClusterLimits.AdoptionReservations).LockIdMark,
        Clean = false,
        LongestSession = LongestSession > ClusterLimits.SessionAssumed ? LongestSession : ClusterLimits.SessionAssumed,
    };

    /// <summary>The state with more lock ids set aside.</summary>
    /// <exception cref="OverflowException">A lock's counter has not that many bits.</exception>
    public NodeState Reserved(ulong reservations)
    {
        ulong mark = checked(LockIdMark + reservations * ClusterLimits.LockIdsReserved);
        if (mark > LockId.CounterMax) throw new OverflowException($"The lock ids are used up: {LockIdMark} of {LockId.CounterMax}.");
        return this with { LockIdMark = mark };
    }
}
