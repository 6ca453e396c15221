namespace Tyer.Sessions.Administration;

/// <summary>What became of a lock that was to be revoked.</summary>
public sealed record RevokeResult
{
    /// <summary>The lock.</summary>
    public required LockId Lock { get; init; }

    /// <summary>What happened.</summary>
    public required RevokeOutcome Outcome { get; init; }

    /// <summary>Whose it was; null if it was not found.</summary>
    public LockOwner? Owner { get; init; }

    /// <summary>On which resource, as text; null if it was not found.</summary>
    public string? Resource { get; init; }

    /// <summary>In which lockspace; null if it was not found.</summary>
    public string? Lockspace { get; init; }
}

/// <summary>What a revocation did.</summary>
public enum RevokeOutcome
{
    /// <summary>The holder was told that it lost the lock, and then the lock was released; a value it may have been writing is invalid.</summary>
    Revoked,

    /// <summary>No node has such a lock.</summary>
    NotFound,

    /// <summary>The node that the id names does not answer; nothing was revoked as far as is known.</summary>
    NodeUnreachable,
}
