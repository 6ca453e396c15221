namespace Tyer.Sessions.Administration;

/// <summary>Sentences for <see cref="ClusterStatus.Limitations"/>: what an operator might take for granted, and must not.</summary>
public static class KnownLimitations
{
    /// <summary>The search for deadlocks covers conversions on one resource only.</summary>
    public const string ConversionDeadlocksOnly =
        "Only deadlocks between conversions on one resource are found. Locks on several resources taken in different orders wait for each other until a timeout ends it.";

    /// <summary>The clock stands still while the machine is suspended.</summary>
    public const string ClockStopsInSuspend =
        "This machine's clock does not count the time it is suspended: after a wake-up, leases that have run out look good.";
}
