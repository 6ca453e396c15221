using System.Runtime.CompilerServices;

namespace Tyer.Engine.Locks;

/// <summary>Where a lock is.</summary>
internal enum QueueKind : byte
{
    None,

    /// <summary>At an owner whose master is elsewhere, or not known yet: in no order.</summary>
    Owned,
    /// <summary>At a master that is rebuilding: taken in, and not placed yet.</summary>
    Staged,
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
    private LockList _granted;
    private LockList _converting;
    private LockList _waiting;
    private ModeCounts _held;
    private ModeCounts _wanted;
    private int _waitingUnordered;

    /// <summary>Locks that hold a mode, in the order in which they came here: oldest grant first. The order is for readers only.</summary>
    internal ref readonly LockList Granted => ref _granted;

    /// <summary>Locks that hold one mode and wait for another.</summary>
    internal ref readonly LockList Converting => ref _converting;

    /// <summary>New requests.</summary>
    internal ref readonly LockList Waiting => ref _waiting;

    /// <summary>The modes that new requests wait for.</summary>
    internal ref readonly ModeCounts Wanted => ref _wanted;

    /// <summary>Whether a new request waits that may be granted out of order (NOORDER).</summary>
    internal bool HasUnorderedWaiting => _waitingUnordered > 0;

    internal bool NobodyWaits => _converting.IsEmpty && _waiting.IsEmpty;

    internal bool AreEmpty => _granted.IsEmpty && _converting.IsEmpty && _waiting.IsEmpty;

    internal int Count => _granted.Count + _converting.Count + _waiting.Count;

    /// <summary>Whether a mode held by somebody else (converting locks still hold theirs) excludes <paramref name="mode"/>.</summary>
    internal bool AnotherExcludes(LockMode mode, Lock asker) =>
        !(_granted.IsEmpty && _converting.IsEmpty) && _held.Exclude(mode, asker.Queue is QueueKind.Granted or QueueKind.Converting ? asker.Granted : null);

    /// <summary>Whether there are locks of nodes that departed, but for orphans.</summary>
    internal bool HaveDeparted => IsDeparted(_granted) || IsDeparted(_converting) || IsDeparted(_waiting);

    /// <summary>How many of the locks are of a node.</summary>
    internal int CountOf(uint node)
    {
        return Count(_granted) + Count(_converting) + Count(_waiting);

        int Count(LockList list)
        {
            var count = 0;
            for (var each = list.First; each is not null; each = each.Next)
                count += each.Id.Node == node ? 1 : 0;
            return count;
        }
    }

    /// <summary>The nodes other than <paramref name="node"/> that have locks here in their present life, in the order of the queues.</summary>
    internal List<uint> OwnersBeside(uint node)
    {
        List<uint> owners = [];
        Add(_granted);
        Add(_converting);
        Add(_waiting);
        return owners;

        void Add(LockList list)
        {
            for (var each = list.First; each is not null; each = each.Next)
            {
                var owner = each.Id.Node;
                if (owner != node && !each.Session.HasDeparted && !owners.Contains(owner))
                    owners.Add(owner);
            }
        }
    }

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
            _held.Remove(demoted.Granted);
            _held.Add(LockMode.Null);
        }

        demoted.Granted = LockMode.Null;
        demoted.StatusFlags |= StatusFlags.Demoted;
    }

    // Inlined: nearly every call is for the granted, and known to be.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref LockList ListOf(QueueKind queue)
    {
        if (queue == QueueKind.Granted)
            return ref _granted;
        if (queue == QueueKind.Waiting)
            return ref _waiting;
        Invariant.Check(queue == QueueKind.Converting, "a mastered lock is granted, converting or waiting");
        return ref _converting;
    }

    private static bool IsDeparted(LockList list)
    {
        for (var each = list.First; each is not null; each = each.Next)
        {
            if (each is { Session.HasDeparted: true, OrphanOf: 0 })
                return true;
        }

        return false;
    }

    private void Tally(Lock counted, QueueKind queue, bool enters)
    {
        if (queue == QueueKind.Waiting)
        {
            if (enters)
                _wanted.Add(counted.Requested);
            else
                _wanted.Remove(counted.Requested);
            if (counted.Has(RawFlags.NoOrder))
                _waitingUnordered += enters ? 1 : -1;
        }
        else if (enters)
        {
            _held.Add(counted.Granted);
        }
        else
        {
            _held.Remove(counted.Granted);
        }
    }
}
