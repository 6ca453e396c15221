using Tyer.Engine.Locks;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Orphans;

/// <summary>What a master does with a persistent lock when its keeper has acknowledged what it was told last.</summary>
internal enum AfterKept : byte
{
    /// <summary>Nothing: nobody waits for that.</summary>
    Nothing,

    /// <summary>The owner is told of the grant.</summary>
    TellGrant,

    /// <summary>The lock ends, as its owner asked.</summary>
    End,

    /// <summary>The orphan ends, as an operator asked.</summary>
    Purge,
}

/// <summary>A persistent lock, at its master, of which no other node but a keeper knows.</summary>
internal sealed class KeptLock(Lock held)
{
    internal Lock Lock => held;

    /// <summary>Its id: the lock object may have ended.</summary>
    internal LockId Id { get; } = held.Id;

    internal Resource Resource { get; } = held.Resource;

    /// <summary>The keeper; 0: there is no other member that could be.</summary>
    internal uint Keeper { get; set; }

    /// <summary>How often a keeper was told something: the number of the last time is what it acknowledges.</summary>
    internal uint Told { get; set; }

    /// <summary>What waits for that.</summary>
    internal AfterKept Then { get; set; }

    /// <summary>Whether the grant that is to be told has read the value.</summary>
    internal bool ValueRead { get; set; }
}
