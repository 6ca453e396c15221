namespace Tyer.Sessions.Administration;

/// <summary>The ways to a peer are to be pinged now: <see cref="ITyerAdministration.ProbeAsync"/> on its way to the node.</summary>
/// <param name="Peer">The peer's name, or its id.</param>
/// <param name="Path">Which way, 0 to 7; null: all that are configured or in use.</param>
/// <param name="Count">How many pings on each, 1 to 100, one after the other.</param>
public sealed record ProbeOrder(string Peer, int? Path = null, int Count = 10);

/// <summary>What came of pinging one way to a peer: a line of <c>tyer paths probe</c>.</summary>
public sealed record ProbeInfo
{
    /// <summary>Its place in the list of addresses, 0 to 7.</summary>
    public required int Path { get; init; }

    /// <summary>Where it stood after that, such as <c>Up</c>.</summary>
    public required string State { get; init; }

    /// <summary>Pings sent; fewer than asked for where it went down, none where it was.</summary>
    public required int Sent { get; init; }

    /// <summary>Pings that were not answered within a second.</summary>
    public required int Lost { get; init; }

    /// <summary>The shortest round trip; null when nothing was answered.</summary>
    public TimeSpan? RoundTripMin { get; init; }

    /// <summary>The round trip that half of those answered did not exceed.</summary>
    public TimeSpan? RoundTripMedian { get; init; }

    /// <summary>The longest round trip.</summary>
    public TimeSpan? RoundTripMax { get; init; }

    /// <summary>Why it stands not; null where it does.</summary>
    public string? WhyDown { get; init; }
}
