namespace Tyer.Engine.Locks;

/// <summary>
/// One lock, at its owner, at its master, or at both where these are one node: the fields of both sides are in one object, so that a
/// lock mastered where it is used has one. Objects are pooled: a reference is good as long as <see cref="Id"/> is the id expected.
/// </summary>
public sealed class Lock
{
    private ModeOrNone _granted;
    private ModeOrNone _requested;
    private ModeOrNone _toldMode;
    private ModeOrNone _toldBlocking;

    internal Lock()
    {
    }

    /// <summary>The lock's id, by its owner; default when this object is in the pool.</summary>
    public LockId Id { get; internal set; }

    /// <summary>What the caller of <c>Lock</c> attached: the engine only carries it. Null for a lock of another node.</summary>
    public object? Tag { get; set; }

    /// <summary>The mode held, or null for a request that was never granted.</summary>
    public LockMode? Granted
    {
        get => _granted;
        internal set => _granted = value;
    }

    /// <summary>The mode asked for while a request or conversion is under way, else null.</summary>
    public LockMode? Requested
    {
        get => _requested;
        internal set => _requested = value;
    }

    /// <summary>The token of the latest grant by the master.</summary>
    public FencingToken Token { get; internal set; }

    /// <summary>The session that owns it.</summary>
    public Session Session { get; internal set; } = null!;

    /// <summary>Label and purpose, as the node layer encodes them; null if none.</summary>
    public byte[]? Note { get; internal set; }

    /// <summary>The last value that the lock read or wrote; valid until its next event.</summary>
    public ReadOnlySpan<byte> Value => Copy is null ? [] : Copy.Bytes;

    /// <summary>The state of <see cref="Value"/>.</summary>
    public LockValueState ValueState => Copy?.State ?? LockValueState.NeverWritten;

    /// <summary>The version of <see cref="Value"/>: how often the resource's value had been written.</summary>
    public ulong ValueVersion => Copy?.Version ?? 0;

    /// <summary>Since when (ticks of the engine's time) it has held the mode of <see cref="Granted"/>; means nothing before the first grant.</summary>
    public long Since { get; internal set; }

    /// <summary>Since when it has waited for the mode of <see cref="Requested"/>; means nothing while it waits for none. A converting lock has both.</summary>
    public long WaitingSince { get; internal set; }

    /// <summary>Since when it has been an orphan: one waits for nothing.</summary>
    internal long LeftSince
    {
        get => WaitingSince;
        set => WaitingSince = value;
    }

    internal Resource Resource = null!;

    // Where it is in the table.
    internal int Slot;

    // Where it is: one list of its resource, and its session's list.
    internal QueueKind Queue;
    internal Lock? Previous;
    internal Lock? Next;
    internal Lock? PreviousOfSession;
    internal Lock? NextOfSession;

    // Both sides.
    internal RawFlags Flags;
    internal StatusFlags StatusFlags;
    internal Guid? Transaction;
    internal ValueBuffer? Copy;

    // The owner's side: which operation is out, and what is to become of it.
    internal uint Operation;
    internal OperationKind Pending;
    internal bool Sent;
    internal uint SentTo; // whoever was taken for master when the request went out
    internal bool Confirmed;
    internal bool Ending;
    internal bool EndSent;
    internal bool IsCopyCurrent;
    internal bool CancelAsked;
    internal RequestStatus? Undoing;
    internal int OrphanOf;
    internal long Deadline;
    internal int DeadlineIndex = -1;
    internal bool IsOverdue;
    internal bool IsWatched; // the deadline ends nothing: then it has waited for long
    internal bool IsSilent;

    // At a master: it is among those that Orphans.Keepers looks after.
    internal bool HasKeeper;

    // What the owner was told last: blocking notices that add nothing are not told again (see BlockingRules).
    internal LockMode? ToldMode
    {
        get => _toldMode;
        set => _toldMode = value;
    }

    internal LockMode? ToldBlocking
    {
        get => _toldBlocking;
        set => _toldBlocking = value;
    }

    // The master's side.
    internal uint Applied;
    internal RequestStatus Refused; // why the operation applied last was, if it was: for an owner that asks again
    internal long Sequence;
    internal LockMode Notified;
    internal ValueBuffer? Given;

    // While rebuilding: the departed master may have granted what the lock waits for, and the answer was lost.
    internal bool IsInDoubt;

    // At a master that stayed, while its owner sends its locks again: it has this one (R3).
    internal bool IsNamed;

    internal bool Has(RawFlags flag) => (Flags & flag) != 0;

    /// <summary>At an owner whose master is elsewhere: whether that has it in a queue.</summary>
    internal bool IsTakenIn => Granted is not null || Confirmed;

    /// <summary>Whether the request or conversion under way is a conversion.</summary>
    internal bool IsConversion => Granted is not null;

    /// <summary>
    /// The mode that others must reckon with while a conversion is out whose answer is not here: every mode that the master may have left
    /// it in covers it (R6).
    /// </summary>
    internal LockMode EffectiveMode
    {
        get
        {
            var held = Granted!.Value;
            if (Requested is not { } wanted)
                return held;
            if (Has(RawFlags.ConvDeadlk))
                return LockMode.Null;
            var least = Lower(held, wanted);
            if (Has(RawFlags.AltPr))
                least = Lower(least, LockMode.ProtectedRead);
            if (Has(RawFlags.AltCw))
                least = Lower(least, LockMode.ConcurrentWrite);
            return least;
        }
    }

    /// <summary>The copy of the value is good for as long as the lock keeps writers away: never again once its mode did not.</summary>
    internal void NoteCopy(bool isRead) => IsCopyCurrent = (IsCopyCurrent || isRead) && EffectiveMode is not (LockMode.Null or LockMode.ConcurrentRead);

    private static LockMode Lower(LockMode one, LockMode other) =>
        LockModes.Covers(one, other) ? other : LockModes.Covers(other, one) ? one : LockMode.ConcurrentRead;

    internal void Clear()
    {
        // Session and resource are overwritten by the next use: clearing them would cost as much as setting them. Fields of one size lie side by
        // side, in the order in which they are declared: cleared in that order, several go with one instruction.
        Tag = null;
        if (Note is not null)
            Note = null;
        Copy?.Clear();
        Given?.Clear();
        Deadline = 0;
        Sequence = 0;
        Flags = RawFlags.None;
        StatusFlags = StatusFlags.None;
        Operation = 0;
        OrphanOf = 0;
        Applied = 0;
        Pending = OperationKind.None;
        Sent = false;
        Confirmed = false;
        Ending = false;
        EndSent = false;
        IsCopyCurrent = false;
        IsInDoubt = false;
        IsNamed = false;
        CancelAsked = false;
        IsOverdue = false;
        IsWatched = false;
        IsSilent = false;
        HasKeeper = false;
        Refused = RequestStatus.Granted;
        Notified = LockMode.Null;
        IsInDoubt = false;
        _granted = default;
        _requested = default;
        _toldMode = default;
        _toldBlocking = default;
        Id = default;
        Token = default;
        Undoing = null;
        if (Transaction is not null)
            Transaction = null;
    }
}

/// <summary>What an owner asked for and has no answer to.</summary>
public enum OperationKind : byte
{
    /// <summary>Nothing is out.</summary>
    None,

    /// <summary>A new lock.</summary>
    Lock,

    /// <summary>A conversion.</summary>
    Convert,

    /// <summary>The end of the lock.</summary>
    Unlock,
}
