using Tyer.Engine.Locks;
using Tyer.Engine.Orphans;

namespace Tyer.Engine.Moving;

/// <summary>How far the move of a master is, as one of those who have to do with it knows.</summary>
internal enum MovePhase : byte
{
    /// <summary>At the old master, which goes on: the new one has been asked whether it would be.</summary>
    Asked,

    /// <summary>At the old master: the queues stand still, and the owners are told (M1).</summary>
    Telling,

    /// <summary>At the old master: everything was handed over, and the new one has not answered (M2).</summary>
    HandedOver,

    /// <summary>At who was the old master: whoever still asks here is told of the new one, until the directory node knows of it.</summary>
    Forwarding,

    /// <summary>At the new master to be (M1).</summary>
    Expecting,

    /// <summary>At the new master, which it is from here on: the directory node does not know yet.</summary>
    Recording,

    /// <summary>At an owner: it has been told, and says nothing before the new master has spoken.</summary>
    Told,
}

/// <summary>The move of a resource's master from one node to another. Each node that has to do with it has one of its own.</summary>
internal sealed class Move(uint from, uint to, MovePhase phase)
{
    internal uint From => from;

    internal uint To => to;

    internal MovePhase Phase { get; set; } = phase;

    /// <summary>At the old master: the owners' nodes that it has told.</summary>
    internal List<uint> Told { get; } = [];

    /// <summary>At the old master: those of them that have not answered.</summary>
    internal List<uint> Unanswered { get; } = [];

    /// <summary>At the old master: what came since the queues stand still, in its order.</summary>
    internal List<ParkedMessage> Arrived { get; } = [];

    /// <summary>At the old master: what it keeps for the new one when that has it (K7).</summary>
    internal List<KeptCopy> Left { get; } = [];

    /// <summary>At the new master to be: sessions, locks and messages, as the old one has sent them so far.</summary>
    internal List<byte[]> Parts { get; } = [];

    /// <summary>At the new master to be: that it has been told as an owner, too.</summary>
    internal bool IsTold { get; set; }

    /// <summary>What the sessions of this node have called for since they are to say nothing.</summary>
    internal List<DeferredCall> Deferred { get; } = [];

    /// <summary>Whether what the sessions of this node call for on its locks is to wait.</summary>
    internal bool DefersCalls => IsTold || Phase is MovePhase.Telling or MovePhase.HandedOver or MovePhase.Told;
}
