using Tyer.Comms.Links;

namespace Tyer.Comms.Paths;

/// <summary>What came of pinging one path now, one ping after the other, beside those of its heartbeats.</summary>
/// <param name="Path">Which, from 0.</param>
/// <param name="State">Where it stood after that.</param>
/// <param name="Sent">Pings sent; fewer than asked for when the path went down, none when it was.</param>
/// <param name="RoundTrips">How long each took that was answered in time, the shortest first.</param>
/// <param name="End">Where it stands not: why.</param>
public sealed record PathProbe(int Path, PathState State, int Sent, IReadOnlyList<TimeSpan> RoundTrips, LinkEnd End)
{
    /// <summary>Pings that were not answered within <see cref="CommsLimits.ProbeTimeout"/>.</summary>
    public int Lost => Sent - RoundTrips.Count;

    /// <summary>The round trip that half of those answered did not exceed; null when none was.</summary>
    public TimeSpan? Median => RoundTrips.Count == 0 ? null : RoundTrips[(RoundTrips.Count - 1) / 2];
}
