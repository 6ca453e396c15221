using Tyer.Engine.Locks;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Orphans;

/// <summary>What a master does when a keeper has acknowledged what it was told last.</summary>
internal enum AfterKept : byte
{
    /// <summary>Nothing: nobody waits for that.</summary>
    Nothing,

    /// <summary>The owner is told of the grant (K2).</summary>
    TellGrant,

    /// <summary>The lock ends, as its owner asked (K3).</summary>
    End,

    /// <summary>The orphan ends, as an operator asked (K3).</summary>
    Purge,

    /// <summary>Nobody keeps it any more, and nobody has to.</summary>
    Forget,
}

/// <summary>A persistent lock, at its master, that a keeper has a copy of, or is to have as soon as there is one; and a copy whose lock has gone already.</summary>
internal sealed class KeptLock(Lock held)
{
    /// <summary>The lock; null: it was adopted, or has ended without waiting for its keeper.</summary>
    internal Lock? Lock { get; set; } = held;

    internal LockId Id { get; } = held.Id;

    internal Resource Resource { get; } = held.Resource;

    /// <summary>The keeper; 0: there is no other member that could be.</summary>
    internal uint Keeper { get; set; }

    /// <summary>How often the keeper was told something: the number of the last time is what it acknowledges.</summary>
    internal uint Told { get; set; }

    /// <summary>What waits for that.</summary>
    internal AfterKept Then { get; set; }

    /// <summary>Whether the grant that is to be told has read the value.</summary>
    internal bool ValueRead { get; set; }

    /// <summary>Who adopted it, and has not said yet that he knows (K4); else default.</summary>
    internal LockId Adopter { get; set; }
}
