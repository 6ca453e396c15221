namespace Tyer.Simulation;

/// <summary>
/// Mistakes that a recovery could plausibly be made with. A simulated node makes one of them when asked to, between its engine and the
/// world, so that it can be seen whether the simulator would find it out.
/// </summary>
internal enum SimMistake
{
    None,

    /// <summary>Grants on rebuilt resources before all members have sent their locks.</summary>
    SettlesEarly,

    /// <summary>Names new masters before all members have recorded what they master.</summary>
    OpensDirectoryEarly,

    /// <summary>Purges the locks of the departed with the view, and not with the proof.</summary>
    PurgesBeforeProof,

    /// <summary>Does not know of those who departed before it came in.</summary>
    ForgetsUnproven,

    /// <summary>Begins to count tokens anew as master, whatever the master before had counted to.</summary>
    ForgetsClock,

    /// <summary>Takes the value of any copy, also of one that somebody may have written after.</summary>
    TrustsAnyCopy,

    /// <summary>Leaves one lock out of those that it sends to the new master.</summary>
    LeavesOutALock,

    /// <summary>Does not tell the new master what a lock waits for.</summary>
    LeavesOutWhatWaits,

    /// <summary>Knows peers by their node id, whatever their life.</summary>
    MistakesIncarnations,

    /// <summary>Takes what was said in another view as said in its own.</summary>
    IgnoresStamps,

    /// <summary>Does not tell the new directory node what it masters.</summary>
    LeavesOutRecords,

    /// <summary>Begins to grant as soon as it is named master, though others may have locks there.</summary>
    SkipsRebuild,

    /// <summary>Grants though its view has no quorum.</summary>
    IgnoresQuorum,

    /// <summary>Acts on when its lease has run out, and lets its clients do so.</summary>
    ActsBeyondItsLease,

    /// <summary>Takes a lease for run out when one survivor says so.</summary>
    BelievesOneSurvivor,

    /// <summary>Loses one message in a thousand, as if connections were to be trusted.</summary>
    LosesMessages,

    /// <summary>Tells the holders of a session that was ended only when others may have their locks.</summary>
    TellsLossLate,

    /// <summary>As new master of a resource that moves, begins to serve before the old one has handed it over.</summary>
    ServesBeforeMove,

    /// <summary>As old master of a resource that moved, goes on granting when it has handed it over.</summary>
    GrantsAfterMove,

    /// <summary>As old master of a resource that moves, hands it over before the owners have said that nothing more comes from them.</summary>
    MovesBeforeOwners,

    /// <summary>Tells the owner of a persistent lock of its grant before the keeper knows it.</summary>
    TellsBeforeKeeper,

    /// <summary>Names no other keeper where one departed.</summary>
    ReplacesNoKeeper,

    /// <summary>Does not tell the keeper that a lock has ended.</summary>
    LeavesCopiesBehind,

    /// <summary>As keeper, does not send to a new master what it kept.</summary>
    LeavesOutCopies,

    /// <summary>Says that all it masters is recorded, though what it handed over has not been taken yet.</summary>
    SaysDirectoryDoneEarly,
}
