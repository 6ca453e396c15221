using Tyer.Time;

namespace Tyer.Simulation;

/// <summary>A machine's clock: it runs a little fast or slow, and forward in leaps when the machine was suspended; never back.</summary>
/// <param name="world">Whose time it follows.</param>
/// <param name="rate">By how many thousandths it is fast.</param>
internal sealed class SimClock(SimWorld world, int rate) : IClock
{
    /// <summary>The clock-rate error that the contract reckons with, in thousandths.</summary>
    internal const int RateErrorMax = 10;

    private long _leaps;

    public TimeSpan Now => TimeSpan.FromTicks(world.Now + (world.Now / 1000 * rate) + _leaps + TimeSpan.TicksPerHour);

    /// <summary>The machine has slept: its clock, which counts that, goes on from later.</summary>
    internal void Leap(long ticks) => _leaps += ticks;
}
