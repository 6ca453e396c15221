namespace Tyer.Cluster.Leases;

/// <summary>
/// What all members of a cluster agree on about leases, and the arithmetic that follows. A member acts until its lease has run out by its own
/// clock; the others act when it has surely run out by theirs. Between the two lie the error of both clocks and a margin.
/// </summary>
/// <remarks>
/// With a member that last renewed at <c>t</c>, and clocks whose rates differ from true time by <see cref="ClockRateError"/> (r) at most: it
/// stops by its clock at <c>t + L (1 - r) - m</c>, so in true time no later than <c>t + L - m</c>. Who answered it did so at <c>t</c> or later,
/// waits <c>L (1 + r)</c> by its own clock, and so acts in true time no earlier than <c>t + L</c>.
/// </remarks>
public sealed record LeaseTerms
{
    /// <summary>Makes the terms.</summary>
    /// <param name="length">See <see cref="Length"/>; at least 1 s.</param>
    /// <param name="margin">See <see cref="Margin"/>; at most half of what the length leaves.</param>
    /// <param name="clockRateError">See <see cref="ClockRateError"/>; 0 to 0.2.</param>
    /// <exception cref="ArgumentOutOfRangeException">The message names the value, and what it takes.</exception>
    public LeaseTerms(TimeSpan length, TimeSpan margin, double clockRateError = ClusterLimits.ClockRateError)
    {
        if (length < ClusterLimits.LeaseMin || length > ClusterLimits.LeaseMax)
            throw new ArgumentOutOfRangeException(nameof(length), length, $"A lease lasts {ClusterLimits.LeaseMin} to {ClusterLimits.LeaseMax}.");
        if (!(clockRateError is >= 0 and <= ClusterLimits.ClockRateErrorMax))
            throw new ArgumentOutOfRangeException(nameof(clockRateError), clockRateError, $"Clocks may differ by 0 to {ClusterLimits.ClockRateErrorMax}.");
        if (margin < TimeSpan.Zero || margin > length / 2)
            throw new ArgumentOutOfRangeException(nameof(margin), margin, $"The margin of a lease of {length} is 0 to {length / 2}.");
        Length = length;
        Margin = margin;
        ClockRateError = clockRateError;
    }

    /// <summary>10 s, with a margin of 500 ms.</summary>
    public static LeaseTerms Default { get; } = new(ClusterLimits.LeaseDefault, ClusterLimits.LeaseMarginDefault);

    /// <summary>How long a renewal is good for (L).</summary>
    public TimeSpan Length { get; }

    /// <summary>By how much a member stops early (m): a thread that is to notice the end may be woken late.</summary>
    public TimeSpan Margin { get; }

    /// <summary>By how much a clock may be faster or slower than true time (r): 0.01 is one percent.</summary>
    public double ClockRateError { get; }

    /// <summary>How often to renew: four in a row may get lost.</summary>
    public TimeSpan RenewEvery => Length / 5;

    /// <summary>How long a member may rely on a renewal, by its own clock, counted from when it sent it.</summary>
    public TimeSpan SafeFor => (Length * (1 - ClockRateError)) - Margin;

    /// <summary>How long the others wait by their clocks, counted from their last answer.</summary>
    public TimeSpan RunsOutAfter => Length * (1 + ClockRateError);
}
