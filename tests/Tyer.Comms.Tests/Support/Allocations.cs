namespace Tyer.Comms.Tests.Support;

/// <summary>
/// Counts what a thread allocates in steady state. The runtime allocates once here and there, for a lock that was first contended or code
/// that was compiled again; what an operation itself allocates shows in every round, so the least of several is the answer.
/// </summary>
internal static class Allocations
{
    public const int Rounds = 5;

    /// <summary>Bytes in the least of several rounds of so many operations.</summary>
    public static long PerRound(int operations, Action operation)
    {
        long least = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < operations; i++) operation();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
