namespace Tyer.Engine.Recovery;

/// <summary>What an engine has had to do for changes of the view, since it was made.</summary>
public readonly record struct RecoveryCounts
{
    /// <summary>Resources that it became master of while not all of their locks were known.</summary>
    public long ResourcesRebuilt { get; init; }

    /// <summary>Locks of its own node that it told a new master, or took over as one.</summary>
    public long LocksRebuilt { get; init; }

    /// <summary>Locks of departed nodes that it took away after the proof; orphans stay.</summary>
    public long LocksPurged { get; init; }

    /// <summary>Resources that it had a new directory node record.</summary>
    public long RecordsSent { get; init; }

    /// <summary>Requests granted as the departed were out of the way.</summary>
    public long Regrants { get; init; }

    /// <summary>
    /// Messages about locks for resources that are mastered here, of nodes that stay, that had to wait for a view all the same: behind others of
    /// the same node and resource that are bound to it.
    /// </summary>
    public long Held { get; init; }

    /// <summary>Resources that it handed to another master, who took them.</summary>
    public long ResourcesMoved { get; init; }

    /// <summary>Both together.</summary>
    public static RecoveryCounts operator +(RecoveryCounts one, RecoveryCounts other) => new()
    {
        ResourcesRebuilt = one.ResourcesRebuilt + other.ResourcesRebuilt,
        LocksRebuilt = one.LocksRebuilt + other.LocksRebuilt,
        LocksPurged = one.LocksPurged + other.LocksPurged,
        RecordsSent = one.RecordsSent + other.RecordsSent,
        Regrants = one.Regrants + other.Regrants,
        Held = one.Held + other.Held,
        ResourcesMoved = one.ResourcesMoved + other.ResourcesMoved,
    };

    /// <summary>What came since.</summary>
    public static RecoveryCounts operator -(RecoveryCounts later, RecoveryCounts earlier) => new()
    {
        ResourcesRebuilt = later.ResourcesRebuilt - earlier.ResourcesRebuilt,
        LocksRebuilt = later.LocksRebuilt - earlier.LocksRebuilt,
        LocksPurged = later.LocksPurged - earlier.LocksPurged,
        RecordsSent = later.RecordsSent - earlier.RecordsSent,
        Regrants = later.Regrants - earlier.Regrants,
        Held = later.Held - earlier.Held,
        ResourcesMoved = later.ResourcesMoved - earlier.ResourcesMoved,
    };
}
