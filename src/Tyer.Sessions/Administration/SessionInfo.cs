namespace Tyer.Sessions.Administration;

/// <summary>A program that has a session with a node.</summary>
public sealed record SessionInfo
{
    /// <summary>The node that it is with.</summary>
    public required string Node { get; init; }

    /// <summary>Its number there, unique in that node's life.</summary>
    public required uint Number { get; init; }

    /// <summary>Who it is: host, process, user, label, and whether the operating system vouches for them.</summary>
    public required LockOwner Owner { get; init; }

    /// <summary>The way it came: <c>in process</c>, <c>unix</c> or <c>tcp</c>.</summary>
    public required string Transport { get; init; }

    /// <summary>How long it has been open.</summary>
    public required TimeSpan OpenFor { get; init; }

    /// <summary>The lockspaces that it has open.</summary>
    public IReadOnlyList<string> Lockspaces { get; init; } = [];

    /// <summary>Locks that it holds, in all lockspaces.</summary>
    public required int LocksHeld { get; init; }

    /// <summary>Requests and conversions of it that wait.</summary>
    public required int LocksWaiting { get; init; }

    /// <summary>Time since its last keep-alive; null for a session in the node's own process, which needs none.</summary>
    public TimeSpan? KeepAliveAge { get; init; }

    /// <summary>How long it lives without one; null likewise.</summary>
    public TimeSpan? Timeout { get; init; }
}
