using Tyer.Engine.Locks;

namespace Tyer.Engine;

/// <summary>
/// Somebody who owns locks: a client process of this node, or, at a master, one of another node as introduced by it. When it ends, its
/// locks end with it, but for persistent ones.
/// </summary>
public sealed class Session
{
    // One bit for each node id: to whom this session has been introduced.
    private readonly ulong[] _introduced = new ulong[1024 / 64];

    internal Session(uint node, uint number, byte[] identity, int processId, ILockObserver? observer)
    {
        Node = node;
        Number = number;
        Identity = identity;
        ProcessId = processId;
        Observer = observer;
    }

    /// <summary>The node where the process is.</summary>
    public uint Node { get; }

    /// <summary>The session's number, given by that node.</summary>
    public uint Number { get; }

    /// <summary>Who it is, as the node layer encodes it.</summary>
    public ReadOnlyMemory<byte> Identity { get; }

    /// <summary>The process id, by which orphans are purged; 0 where there is none.</summary>
    public int ProcessId { get; }

    /// <summary>How many locks it has or waits for here.</summary>
    public int LockCount { get; private set; }

    /// <summary>Whom its events are told; nobody once it has ended, and at a master of another node's session.</summary>
    internal ILockObserver? Observer { get; private set; }

    /// <summary>Whether it has ended. What it leaves behind (orphans, unlocks on their way) still refers to it.</summary>
    internal bool HasLeft { get; set; }

    internal Lock? FirstLock { get; private set; }

    /// <summary>From here on nobody is told anything.</summary>
    internal void End()
    {
        HasLeft = true;
        Observer = null;
    }

    internal void Add(Lock added)
    {
        if (FirstLock is { } first)
        {
            added.NextOfSession = first;
            first.PreviousOfSession = added;
        }

        FirstLock = added;
        LockCount++;
    }

    internal void Remove(Lock removed)
    {
        // Nothing to unlink where it is the only one, as often.
        if (LockCount == 1)
        {
            Invariant.Check(FirstLock == removed, "a lock is in its session's list");
            FirstLock = null;
        }
        else
        {
            Unlink(removed);
        }

        LockCount--;
    }

    private void Unlink(Lock removed)
    {
        if (removed.PreviousOfSession is null)
            FirstLock = removed.NextOfSession;
        else
            removed.PreviousOfSession.NextOfSession = removed.NextOfSession;
        if (removed.NextOfSession is not null)
            removed.NextOfSession.PreviousOfSession = removed.PreviousOfSession;
        removed.PreviousOfSession = null;
        removed.NextOfSession = null;
    }

    /// <summary>Its locks, newest first; not to be changed meanwhile.</summary>
    public IEnumerable<Lock> Locks()
    {
        for (var each = FirstLock; each is not null; each = each.NextOfSession)
            yield return each;
    }

    /// <summary>At a master: whether the node that it was on has departed. Nobody is there to be told anything.</summary>
    internal bool HasDeparted { get; set; }

    /// <summary>Of a session that departed, or of which this node keeps locks: the life of its node; 0 where only orphans are left of it, and it does not matter.</summary>
    internal ulong Incarnation { get; set; }

    /// <summary>A node departed, and whoever comes back under its id knows nothing; or it was told that the session is over.</summary>
    internal void ForgetIntroductionTo(uint node) => _introduced[node >> 6] &= ~(1UL << (int)(node & 63));

    /// <summary>True the first time it is asked for a node.</summary>
    internal bool MustIntroduceTo(uint node)
    {
        ref var word = ref _introduced[node >> 6];
        var bit = 1UL << (int)(node & 63);
        if ((word & bit) != 0)
            return false;
        word |= bit;
        return true;
    }

    internal bool IsIntroducedTo(uint node) => (_introduced[node >> 6] & (1UL << (int)(node & 63))) != 0;
}
