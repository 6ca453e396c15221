using System.Diagnostics;

namespace Tyer.Comms;

/// <summary>
/// Time for the threads of this floor; what decides anything takes the time as an argument. Monotonic; budgets and delays are short and
/// need not count suspend.
/// </summary>
internal static class CommsClock
{
    /// <summary>Time since some moment before this process began.</summary>
    public static TimeSpan Now => Stopwatch.GetElapsedTime(0);
}
