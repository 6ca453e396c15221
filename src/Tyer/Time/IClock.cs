namespace Tyer.Time;

/// <summary>
/// The only source of time in Tyer. It never goes back, is never set, and counts the time that the machine spent suspended:
/// a lease that ran out while a laptop slept has run out (S2). The tests and the simulator bring their own.
/// </summary>
public interface IClock
{
    /// <summary>
    /// Time since a moment that is fixed for this machine until it boots again; in ticks of 100 ns. Comparable between the
    /// processes of one machine, never between machines.
    /// </summary>
    TimeSpan Now { get; }
}
