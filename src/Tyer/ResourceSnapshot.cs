namespace Tyer;

/// <summary>
/// One resource as its master saw it at one moment: who holds it, who waits. The moments of two resources may differ.
/// </summary>
public sealed record ResourceSnapshot
{
    /// <summary>Its name.</summary>
    public required ResourceName Resource { get; init; }

    /// <summary>The node that keeps its queues.</summary>
    public required string Master { get; init; }

    /// <summary>The node that knows who the master is.</summary>
    public required string Directory { get; init; }

    /// <summary>Whether its value can be believed.</summary>
    public LockValueState ValueState { get; init; }

    /// <summary>How often a value was committed, as far as is known.</summary>
    public ulong ValueVersion { get; init; }

    /// <summary>The locks that are granted and do not convert.</summary>
    public IReadOnlyList<LockEntry> Granted { get; init; } = [];

    /// <summary>The locks that are granted in one mode and wait for another, in the order of their queue.</summary>
    public IReadOnlyList<LockEntry> Converting { get; init; } = [];

    /// <summary>The new requests, in the order of their queue.</summary>
    public IReadOnlyList<LockEntry> Waiting { get; init; } = [];

    /// <summary>What the resource as a whole waits for, such as a recovery; null normally (L6).</summary>
    public string? HeldUpBy { get; init; }

    /// <summary>Whether anybody waits.</summary>
    public bool IsContended => Converting.Count + Waiting.Count > 0;

    /// <summary>All locks: granted, converting, waiting.</summary>
    public IEnumerable<LockEntry> Locks => Granted.Concat(Converting).Concat(Waiting);
}
