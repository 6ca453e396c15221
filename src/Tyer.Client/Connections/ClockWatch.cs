using System.Diagnostics;
using Tyer.Time;

namespace Tyer.Client.Connections;

/// <summary>
/// Notices when the boot-time clock and the one that stands still in suspend move apart: the machine slept, or the clock is not to be
/// relied on. What a lease promised before is not to be relied on then either.
/// </summary>
internal sealed class ClockWatch
{
    private readonly IClock _clock;
    private readonly IClock _steady;
    private TimeSpan _apart;

    internal ClockWatch(IClock clock, IClock steady)
    {
        _clock = clock;
        _steady = steady;
        _apart = clock.Now - steady.Now;
    }

    /// <summary>By how much the clock has jumped since the last time that this was asked.</summary>
    internal TimeSpan Jump()
    {
        var apart = _clock.Now - _steady.Now;
        var jump = (apart - _apart).Duration();
        _apart = apart;
        return jump;
    }
}

/// <summary>The clock that stands still while the machine is suspended.</summary>
internal sealed class SteadyClock : IClock
{
    private SteadyClock()
    {
    }

    internal static SteadyClock Instance { get; } = new();

    public TimeSpan Now => Stopwatch.GetElapsedTime(0);
}
