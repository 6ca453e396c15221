namespace Tyer.Sessions.Administration;

/// <summary>
/// What one change of the view meant to one node: why, its phases, what there was to do. Phases are spans of time after
/// <see cref="View"/> came; null: not yet.
/// </summary>
public sealed record RecoveryInfo
{
    /// <summary>The id of the view that it is about.</summary>
    public required ulong View { get; init; }

    /// <summary>How long ago the view came.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Who was in the view before and is not in this: <c>n3 (3.1765)</c>. All members are new in a node's first view.</summary>
    public IReadOnlyList<string> Left { get; init; } = [];

    /// <summary>Who is in this view and was not in the one before.</summary>
    public IReadOnlyList<string> Joined { get; init; } = [];

    /// <summary>When all shards of this node had installed it.</summary>
    public TimeSpan? Installed { get; init; }

    /// <summary>When this node had all that it masters recorded (<c>DirectoryDone</c>).</summary>
    public TimeSpan? DirectoryDone { get; init; }

    /// <summary>When every lock of this node was known to a living master (<c>LocksDone</c>).</summary>
    public TimeSpan? LocksDone { get; init; }

    /// <summary>When every member had said <c>DirectoryDone</c>: names that a departed node was asked for find a master again.</summary>
    public TimeSpan? DirectoryComplete { get; init; }

    /// <summary>When every member had said <c>LocksDone</c> and nobody was unproven: nothing is in doubt any more.</summary>
    public TimeSpan? Settled { get; init; }

    /// <summary>When this node, as master, had granted the last request that the departed held up; null also when there was none.</summary>
    public TimeSpan? LastRegrant { get; init; }

    /// <summary>Resources of departed masters that this node is master of now.</summary>
    public long ResourcesRebuilt { get; init; }

    /// <summary>Locks of this node that a new master was told of.</summary>
    public long LocksRebuilt { get; init; }

    /// <summary>Locks of the departed that this node, as master, took away after the proof.</summary>
    public long LocksPurged { get; init; }

    /// <summary>Resources of this node that a new directory node was told of.</summary>
    public long RecordsSent { get; init; }

    /// <summary>Requests that the departed held up and that this node, as master, granted.</summary>
    public long Regrants { get; init; }

    /// <summary>Messages about locks whose master stayed that this node kept waiting all the same.</summary>
    public long Held { get; init; }

    /// <summary>The view that came before this one was settled; null: none.</summary>
    public ulong? SupersededBy { get; init; }

    /// <summary>What it waits for at this moment, as phrases; empty when it is settled or superseded.</summary>
    public IReadOnlyList<string> WaitsFor { get; init; } = [];
}
