namespace Tyer.Engine.Locks;

/// <summary>Where a lock is.</summary>
internal enum QueueKind : byte
{
    None,

    /// <summary>At an owner whose master is elsewhere, or not known yet: in no order.</summary>
    Owned,
    Granted,
    Converting,
    Waiting,
}

/// <summary>
/// The three queues of a mastered resource. They count the modes that are held and those that new requests wait for, so that the grant
/// rules ask "does anybody exclude this?" and "what is still wanted?" without walking. Modes change only through here.
/// </summary>
internal sealed class LockQueues
{
    private LockList granted;
    private LockList converting;
    private LockList waiting;
    private ModeCounts held;
    private ModeCounts wanted;
    private int waitingUnordered;

    /// <summary>Locks that hold a mode, in the order in which they came here: oldest grant first. The order is for readers only.</summary>
    internal ref readonly LockList Granted => ref granted;

    /// <summary>Locks that hold one mode and wait for another.</summary>
    internal ref readonly LockList Converting => ref converting;

    /// <summary>New requests.</summary>
    internal ref readonly LockList Waiting => ref waiting;

    /// <summary>The modes that new requests wait for.</summary>
    internal ref readonly ModeCounts Wanted => ref wanted;

    /// <summary>Whether a new request waits that may be granted out of order (NOORDER).</summary>
    internal bool HasUnorderedWaiting => waitingUnordered > 0;

    internal bool AreEmpty => granted.IsEmpty && converting.IsEmpty && waiting.IsEmpty;

    internal int Count => granted.Count + converting.Count + waiting.Count;

    /// <summary>Whether a mode held by somebody else (converting locks still hold theirs) excludes <paramref name="mode"/>.</summary>
    internal bool AnotherExcludes(LockMode mode, Lock asker) =>
        !(granted.IsEmpty && converting.IsEmpty) && held.Exclude(mode, asker.Queue is QueueKind.Granted or QueueKind.Converting ? asker.Granted : null);

    internal void Place(Lock placed, QueueKind queue, bool atHead = false)
    {
        Invariant.Check(placed.Queue == QueueKind.None, "a lock is on one queue");
        placed.Queue = queue;
        ref var list = ref ListOf(queue);
        if (atHead)
            list.AddFirst(placed);
        else
            list.AddLast(placed);
        Tally(placed, queue, enters: true);
    }

    internal void Remove(Lock removed)
    {
        Tally(removed, removed.Queue, enters: false);
        ListOf(removed.Queue).Remove(removed);
        removed.Queue = QueueKind.None;
    }

    /// <summary>Lowers the mode that a converting (or about to convert) lock holds to NL: how CONVDEADLK resolves a deadlock.</summary>
    internal void Demote(Lock demoted)
    {
        if (demoted.Queue is QueueKind.Granted or QueueKind.Converting)
        {
            held.Remove(demoted.Granted);
            held.Add(LockMode.Null);
        }

        demoted.Granted = LockMode.Null;
        demoted.StatusFlags |= StatusFlags.Demoted;
    }

    private ref LockList ListOf(QueueKind queue)
    {
        switch (queue)
        {
            case QueueKind.Granted:
                return ref granted;
            case QueueKind.Converting:
                return ref converting;
            case QueueKind.Waiting:
                return ref waiting;
            default:
                throw new InvariantBrokenException("a mastered lock is granted, converting or waiting");
        }
    }

    private void Tally(Lock counted, QueueKind queue, bool enters)
    {
        if (queue == QueueKind.Waiting)
        {
            if (enters)
                wanted.Add(counted.Requested);
            else
                wanted.Remove(counted.Requested);
            if (counted.Has(RawFlags.NoOrder))
                waitingUnordered += enters ? 1 : -1;
        }
        else if (enters)
        {
            held.Add(counted.Granted);
        }
        else
        {
            held.Remove(counted.Granted);
        }
    }
}
