using Tyer.Time;

namespace Tyer.Cluster.Tests;

/// <summary>A clock that a test moves.</summary>
internal sealed class ManualClock : IClock
{
    private long _ticks = TimeSpan.TicksPerDay;

    public TimeSpan Now => new(Interlocked.Read(ref _ticks));

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}
