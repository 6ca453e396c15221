namespace Tyer.Sessions.Administration;

/// <summary>Deadlines as they are configured, and what follows from them (rules S2, L1 and L2).</summary>
/// <remarks>A holder's deadline comes before its node's, and that before anybody else may be granted its locks.</remarks>
public sealed record TimingStatus
{
    /// <summary>How long a session lives without a keep-alive, where its client asks for nothing else.</summary>
    public required TimeSpan SessionTimeout { get; init; }

    /// <summary>By how much a client's deadline comes before what its node told.</summary>
    public required TimeSpan ClientMargin { get; init; }

    /// <summary>How long a node lives without its renewal; null where no lease can run out.</summary>
    public TimeSpan? NodeLease { get; init; }

    /// <summary>How often it is renewed.</summary>
    public TimeSpan? NodeLeaseRenewal { get; init; }

    /// <summary>What is added before the others act.</summary>
    public TimeSpan? NodeLeaseMargin { get; init; }

    /// <summary>By how much two machines' clocks may differ in rate: 0.01 = one percent.</summary>
    public double ClockRateError { get; init; }

    /// <summary>How long this node's own sessions are safe from now; null where no lease can run out.</summary>
    public TimeSpan? SafeFor { get; init; }

    /// <summary>
    /// The longest from a node's death until its locks are free: detection, fencing and recovery (L2); null where nothing frees them but
    /// an operator's word.
    /// </summary>
    public TimeSpan? NodeDeathBound { get; init; }
}
