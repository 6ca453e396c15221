namespace Tyer.Engine.Recovery;

/// <summary>What a node says to all members, once in a view: a fact about all of its shards, which holds whatever else is on its way.</summary>
public enum RecoveryMarker : byte
{
    /// <summary>Every resource mastered here is recorded at its directory node of this view.</summary>
    DirectoryDone = 1,

    /// <summary>Every lock owned here is known to a living master.</summary>
    LocksDone = 2,
}
