using Tyer.Time;

namespace Tyer.Tests.Shared;

/// <summary>A clock that goes on when a test says so.</summary>
internal sealed class ManualClock : IClock
{
    private long _ticks = TimeSpan.TicksPerHour;

    public TimeSpan Now => new(Volatile.Read(ref _ticks));

    internal void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}
