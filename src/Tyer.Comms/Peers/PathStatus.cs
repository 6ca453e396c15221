using Tyer.Comms.Endpoints;
using Tyer.Comms.Paths;

namespace Tyer.Comms.Peers;

/// <summary>How one way to a peer stands.</summary>
/// <param name="Path">Its place in the list of the peer's addresses, from 0.</param>
/// <param name="Endpoint">Where it is dialled; null where only the peer dials.</param>
/// <param name="State">Where it stands.</param>
/// <param name="RoundTrip">The smoothed round trip of pings; zero before the first.</param>
/// <param name="IsCarrying">Whether messages to the peer go this way.</param>
public readonly record struct PathStatus(int Path, CommsEndpoint? Endpoint, PathState State, TimeSpan RoundTrip, bool IsCarrying)
{
    /// <summary>By what the peer has proved itself on it, such as <c>key 00c0ffee</c>; null where it stands not, or nothing is proved.</summary>
    public string? ProvenBy { get; internal init; }

    /// <summary>How its last links ended.</summary>
    public Links.LinkEnd LastEnd { get; internal init; }

    /// <summary>Bytes that wait on it: those that the system has and the peer not, and, if it carries, those that the system does not take.</summary>
    public long QueuedBytes { get; internal init; }
}

/// <summary>A path has changed.</summary>
/// <param name="Path">Which, from 0.</param>
/// <param name="OldState">What it was.</param>
/// <param name="NewState">What it is.</param>
/// <param name="End">Where it went down: why.</param>
public readonly record struct PathChange(int Path, PathState OldState, PathState NewState, Links.LinkEnd End);
