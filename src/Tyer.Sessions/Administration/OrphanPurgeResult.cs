namespace Tyer.Sessions.Administration;

/// <summary>What became of orphans that were to end.</summary>
public sealed record OrphanPurgeResult
{
    /// <summary>Orphans that one call can name.</summary>
    public const int OrphansMax = 500;

    /// <summary>
    /// Those that ended. What was named and is not here was adopted or ended meanwhile, or its resource is without a master that decides, as during a recovery.
    /// </summary>
    public required IReadOnlyList<LockId> Purged { get; init; }

    /// <summary>The members that did not answer in time: what they master may be as it was. To ask again is harmless.</summary>
    public IReadOnlyList<string> Silent { get; init; } = [];
}
