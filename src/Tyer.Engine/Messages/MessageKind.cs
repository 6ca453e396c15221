namespace Tyer.Engine.Messages;

/// <summary>What engines say to each other. The number is the wire's; see <see cref="MessageLayout"/> for what each carries.</summary>
public enum MessageKind : byte
{
    /// <summary>Not a message.</summary>
    None = 0,

    // To the directory node of a name, and back.

    /// <summary>Who is master? Carries the first request, so that a directory node that is the master itself can act on it at once.</summary>
    Lookup = 1,

    /// <summary>The answer to <see cref="Lookup"/>: this node is (or you are now) the master.</summary>
    Master = 2,

    /// <summary>An idle master lets its resource go.</summary>
    Remove = 3,

    /// <summary>The answer to <see cref="Remove"/>: the record is gone.</summary>
    Removed = 4,

    /// <summary>Who is master? Asked again in a new view, or by one whose master departed; carries no request.</summary>
    Locate = 5,

    /// <summary>A master whose directory node changed says that it is one.</summary>
    Record = 6,

    /// <summary>The answer to <see cref="Record"/>: noted.</summary>
    Recorded = 7,

    // From an owner to the master.

    /// <summary>A new lock.</summary>
    Request = 16,

    /// <summary>A conversion. A down-conversion has no answer.</summary>
    Convert = 17,

    /// <summary>The lock ends.</summary>
    Unlock = 18,

    /// <summary>The operation named is to be undone if it still waits.</summary>
    Cancel = 19,

    /// <summary>The lock's owner died, and the lock is to stay.</summary>
    Orphan = 20,

    /// <summary>A lock that the owner had with a master that departed; one for each, before <see cref="RebuildEnd"/>.</summary>
    Rebuild = 21,

    /// <summary>Those were all of this owner's locks on the resource.</summary>
    RebuildEnd = 22,

    /// <summary>To a new master, from a keeper: the copy of a lock whose owner departed, too; among its own, before <see cref="RebuildEnd"/>.</summary>
    RebuildKept = 23,

    /// <summary>The answer to <see cref="Keep"/> and <see cref="Discard"/>; and to the <see cref="Granted"/> of an adoption.</summary>
    Kept = 24,

    // From the master to an owner.

    /// <summary>The operation waits, at this place in the order of the queue.</summary>
    Queued = 32,

    /// <summary>The operation is granted.</summary>
    Granted = 33,

    /// <summary>The operation ends without a grant; the status says why.</summary>
    Denied = 34,

    /// <summary>The unlock is done.</summary>
    Unlocked = 35,

    /// <summary>Somebody wants a mode that this lock excludes.</summary>
    Blocking = 36,

    /// <summary>This node is not the master: ask the directory again.</summary>
    NotMaster = 37,

    /// <summary>An orphan of yours went to a new owner.</summary>
    Adopted = 38,

    /// <summary>The answer to <see cref="RebuildEnd"/>: the locks are taken in, or this node is not the master.</summary>
    Rebuilt = 39,

    // From the master to a keeper.

    /// <summary>A persistent lock of which no other node knows: keep this copy of it.</summary>
    Keep = 40,

    /// <summary>The lock has ended, or needs no keeper any more: forget it.</summary>
    Discard = 41,

    // Of a master that moves: from the old one to the new one, and back; to the owners, and back.

    /// <summary>The old master means to hand a resource over: keep what comes for it.</summary>
    Expect = 50,

    /// <summary>The answer to <see cref="Expect"/>: so be it, or not now.</summary>
    Expected = 51,

    /// <summary>To an owner: the master moves. Say nothing on the resource until the new one has spoken.</summary>
    Moved = 52,

    /// <summary>The answer to <see cref="Moved"/>: nothing more comes from here.</summary>
    MovedNoted = 53,

    /// <summary>A part of what is handed over: who a session is; before its first lock.</summary>
    MovedSession = 54,

    /// <summary>A part of what is handed over: a lock, in the order of its queue.</summary>
    MovedLock = 55,

    /// <summary>A part of what is handed over: a message that came when the queues stood still.</summary>
    MovedMessage = 56,

    /// <summary>The last part: with this the receiver is the master.</summary>
    Move = 57,

    /// <summary>The answer to <see cref="Move"/>: taken, or refused because the view is another by now. Comes again when the directory knows.</summary>
    Taken = 58,

    /// <summary>To an owner, from the new master: it has the locks.</summary>
    NewMaster = 59,

    /// <summary>To an owner, or to who was to be the new master, from the old one: it does not move after all.</summary>
    MoveCalledOff = 60,

    // About sessions. They are about no name, and go to all shards of the receiver: which of them the locks of one shard of the sender fall to
    // depends on how many shards the two nodes have. Each shard of the sender speaks for itself.

    /// <summary>The identity behind a session number, said by each shard before its first use towards a peer.</summary>
    Introduce = 48,

    /// <summary>
    /// A session that was introduced is over in one shard of its node. Where locks of it are left (another shard ends its own in a moment; orphans)
    /// it stays known until the last has gone.
    /// </summary>
    Farewell = 49,
}
