using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tyer.Time;

/// <summary>
/// The machine's clock since boot, suspend included: <c>CLOCK_BOOTTIME</c> on Linux; elsewhere the platform's
/// high-resolution counter, which counts suspend on Windows and does not on macOS (see <see cref="CountsSuspend"/>).
/// </summary>
public sealed partial class BootClock : IClock
{
    private const int ClockBootTime = 7;
    private const long NanosecondsPerTick = 100;

    private static readonly bool UsesBootTime = OperatingSystem.IsLinux() && GetTime(ClockBootTime, out _) == 0;

    private BootClock()
    {
    }

    /// <summary>The clock; it has no state of its own.</summary>
    public static BootClock Instance { get; } = new();

    /// <summary>
    /// Whether time spent suspended is counted. Where it is not, a machine that wakes up believes in leases that have run
    /// out, so a node says so in its status.
    /// </summary>
    public static bool CountsSuspend => UsesBootTime || OperatingSystem.IsWindows();

    /// <inheritdoc/>
    public TimeSpan Now
    {
        get
        {
            if (!UsesBootTime) return Stopwatch.GetElapsedTime(0);

            // Cannot fail: the clock answered once and the address is good.
            _ = GetTime(ClockBootTime, out TimeSpecification time);
            return new TimeSpan(time.Seconds * TimeSpan.TicksPerSecond + time.Nanoseconds / NanosecondsPerTick);
        }
    }

    // No transition of the garbage collector: the call stays in user space and returns within nanoseconds.
    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    private static partial int GetTime(int clock, out TimeSpecification time);

    /// <summary>struct timespec: both fields are as wide as a pointer on the platforms that .NET runs on.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpecification
    {
        private readonly nint _seconds;
        private readonly nint _nanoseconds;

        public long Seconds => _seconds;

        public long Nanoseconds => _nanoseconds;
    }
}
