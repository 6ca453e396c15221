namespace Tyer.Sessions.Administration;

/// <summary>The connection of the node that answers to another node: a line of <c>tyer peers</c>.</summary>
public sealed record PeerInfo
{
    /// <summary>The other node's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its id, 1 to 1023.</summary>
    public required uint Id { get; init; }

    /// <summary>Where the connection stands, such as <c>Connected</c>, or <c>StandAlone</c> where an operator has disconnected it.</summary>
    public required string Connection { get; init; }

    /// <summary>How the last link ended, or the last attempt at one; null before the first, and where it is connected.</summary>
    public string? LastEnd { get; init; }

    /// <summary>The life that messages go to; null before any is known.</summary>
    public ulong? Incarnation { get; init; }

    /// <summary>The ways to it: those that are configured, and those by which it came.</summary>
    public required IReadOnlyList<PathInfo> Paths { get; init; }

    /// <summary>Which path carries: <c>passive</c>, the first that is up, or <c>least-queued</c>, one with little waiting on it.</summary>
    public string? PathPolicy { get; init; }

    /// <summary>Links that carried messages, ever: how often messages went another way, or the same way again.</summary>
    public required long Connections { get; init; }

    /// <summary>Sessions that ended because the other node started anew, ever.</summary>
    public required long Resets { get; init; }

    /// <summary>Messages that came again and were dropped, ever.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Bytes that were sent again, ever.</summary>
    public required long ResentBytes { get; init; }

    /// <summary>Bytes that were sent, ever.</summary>
    public required long SentBytes { get; init; }

    /// <summary>Messages sent or queued and not acknowledged, now.</summary>
    public required int UnacknowledgedMessages { get; init; }

    /// <summary>Bytes of them.</summary>
    public required long UnacknowledgedBytes { get; init; }
}

/// <summary>One way between two nodes: a line of <c>tyer paths</c>.</summary>
public sealed record PathInfo
{
    /// <summary>Its place in the list of addresses, 0 to 7.</summary>
    public required int Path { get; init; }

    /// <summary>Where it leads to; null: this node only answers there.</summary>
    public string? Address { get; init; }

    /// <summary>Where it stands, such as <c>Up</c>.</summary>
    public required string State { get; init; }

    /// <summary>The smoothed round trip of pings; null before the first.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>By what the other node has proved itself on it, such as <c>key 00c0ffee</c>; null where it does not stand, or nothing is proved.</summary>
    public string? ProvenBy { get; init; }

    /// <summary>Bytes that wait on it to be sent, or that the other node has not got yet; null where that is not known.</summary>
    public long? QueuedBytes { get; init; }

    /// <summary>Why it stands not; null where it does.</summary>
    public string? WhyDown { get; init; }

    /// <summary>Whether messages go this way now; the others stand by.</summary>
    public required bool IsCarrying { get; init; }
}

/// <summary>What is to be done about the connection to a peer.</summary>
public enum PeerAction
{
    /// <summary>Try to reach it again.</summary>
    Connect,

    /// <summary>Stay away from it; what is sent is queued.</summary>
    Disconnect,

    /// <summary>Use a further way to it.</summary>
    NewPath,

    /// <summary>Use a way no more; what it carries moves to another first.</summary>
    DelPath,

    /// <summary>Take in a node that is not configured.</summary>
    NewPeer,

    /// <summary>Forget a node that is disconnected.</summary>
    DelPeer,
}

/// <summary>An order about the connection to a peer: <see cref="ITyerAdministration.OrderPeerAsync"/> on its way to the node.</summary>
/// <param name="Action">What is to be done.</param>
/// <param name="Peer">The peer's name, or its id.</param>
/// <param name="Path">Which path, 0 to 7; with those actions that need one.</param>
/// <param name="Address">Where the path leads, or several, by commas; with those actions that need one.</param>
public sealed record PeerOrder(PeerAction Action, string Peer, int? Path = null, string? Address = null);

/// <summary>What may be changed of the connections to all peers while they stand; as an order, what is null stays as it is.</summary>
public sealed record PeerOptions
{
    /// <summary>How often each path is pinged: 20 ms to 5 s.</summary>
    public TimeSpan? HeartbeatInterval { get; init; }

    /// <summary>The silence after which a path is down: 60 ms to 30 s, and at least three times the interval.</summary>
    public TimeSpan? HeartbeatTimeout { get; init; }

    /// <summary>Pongs in a row that prove a path: 1 to 100.</summary>
    public int? PongCount { get; init; }

    /// <summary>For how long a peer may answer pings and take no message before it is told of as stalled: 0.1 s to 600 s.</summary>
    public TimeSpan? StallTimeout { get; init; }

    /// <summary>The longest delay before the next attempt to reach a peer: 0.1 s to 120 s.</summary>
    public TimeSpan? ConnectInterval { get; init; }

    /// <summary>For how long a better path must have been up before messages go back to it: 0 to 600 s.</summary>
    public TimeSpan? FailbackDelay { get; init; }

    /// <summary>Which path carries: <c>passive</c>, the first that is up, or <c>least-queued</c>, one with little waiting on it.</summary>
    public string? PathPolicy { get; init; }

    /// <summary>In an order, the one peer that <see cref="PathPolicy"/> is for, by name or id, and nothing else is changed; null: all.</summary>
    public string? Peer { get; init; }
}
