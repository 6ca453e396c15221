using Tyer.Engine.Directory;
using Tyer.Engine.Moving;
using Tyer.Engine.Orphans;
using Tyer.Engine.Tables;

namespace Tyer.Engine.Locks;

/// <summary>What a node is to a resource, apart from being its directory node.</summary>
internal enum ResourceRole : byte
{
    /// <summary>Not master. <see cref="Resource.Master"/> is who is believed to be, 0 if nobody is known.</summary>
    Client,

    /// <summary>Not known who is master; a lookup is out.</summary>
    Asking,

    /// <summary>Master.</summary>
    Active,

    /// <summary>No longer master; the directory node has been told and has not answered yet.</summary>
    Releasing,

    /// <summary>Master after one that departed: takes in the locks that owners send again, and grants nothing before all have.</summary>
    Rebuilding,

    /// <summary>Master of queues that stand still: they are being handed to another node (M1, M2).</summary>
    Moving,

    /// <summary>Not master yet: keeps what comes until the old master has handed the queues over, or calls it off (M1).</summary>
    Expecting,
}

/// <summary>What keeps a resource in use besides its locks: in one byte, for it is asked at every release.</summary>
[Flags]
internal enum ResourceTies : byte
{
    None = 0,

    /// <summary>
    /// At the directory node: the record named a node that departed, or a master was made while locks might have been granted by such a
    /// one. Until the view is settled, and its directory complete, nobody becomes master here without a rebuild.
    /// </summary>
    Doubtful = 1,

    /// <summary>At the directory node: somebody asked and cannot be answered yet (D5).</summary>
    AskedFor = 2,

    /// <summary>At a master elsewhere than the directory node: the record there is not acknowledged.</summary>
    Unrecorded = 4,

    /// <summary>At an owner whose master departed: the new one has not acknowledged its locks.</summary>
    Homeless = 8,

    /// <summary>
    /// At one who was master and handed the resource to a node that departed: the directory node is to forget that this node ever was (M3).
    /// </summary>
    Dropped = 16,

    /// <summary>At a master: a keeper has, or may have, a copy of a lock. It is not let go, and does not move (K7).</summary>
    Kept = 32,

    /// <summary>At a keeper: copies of locks are here.</summary>
    Keeps = 64,
}

/// <summary>
/// A name that locks are taken on, as one node knows it: as master (queues and value), as owner (its locks whose master is elsewhere),
/// as directory node (the record of who is master), or several of these.
/// </summary>
internal sealed class Resource
{
    private readonly byte[] _name = new byte[Limits.ResourceNameBytesMax];
    private int _nameLength;
    private ResourceName _lastAsked;
    private LockList _owned;
    private LockList _staged;
    private ChainLink _bySlot;
    private ChainLink _byMaster;
    private ChainLink _byRecord;

    internal uint Space { get; private set; }

    internal ulong Hash { get; private set; }

    internal ushort Slot => Placement.SlotOf(Hash);

    internal ReadOnlySpan<byte> Name => _name.AsSpan(0, _nameLength);

    internal ResourceRole Role { get; set; }

    /// <summary>
    /// The node believed to be master, where that is another; 0 if unknown. Whoever takes in one of our locks is, even while a lookup is
    /// out: the answer to that may be older.
    /// </summary>
    /// <remarks>Set by <see cref="ResourceTable.SetMaster"/>.</remarks>
    internal uint Master { get; set; }

    /// <summary>While a lookup is out: the lock whose request it carries.</summary>
    internal LockId Asker { get; set; }

    /// <summary>At the directory node: the master on record; 0 if none.</summary>
    /// <remarks>Set by <see cref="ResourceTable.SetRecord"/>.</remarks>
    internal uint Record { get; set; }

    /// <summary>What keeps it here besides locks.</summary>
    internal ResourceTies Ties { get; set; }

    /// <summary>At the directory node: who asked and cannot be answered yet (D5).</summary>
    internal List<ParkedMessage>? Lookups { get; set; }

    /// <summary>While the master moves, at all who have to do with it: the old and the new one, and owners.</summary>
    internal Move? Move { get; set; }

    /// <summary>At an owner whose master departed: whether its locks are on their way to the new one.</summary>
    internal bool IsRebuildSent { get; set; }

    /// <summary>At an owner whose locks are not acknowledged by the new master: what to tell it after.</summary>
    internal List<byte[]>? Outbox { get; set; }

    /// <summary>While rebuilding: whether <see cref="Value"/> is known to be the value, by a lock that was taken in and has let go since.</summary>
    internal bool IsValueKnown { get; set; }

    /// <summary>At the master: the queues. Kept when it no longer is, for the next time.</summary>
    internal LockQueues Queues { get; } = new();

    /// <summary>At the master: the value, while anybody has or waits for a lock.</summary>
    internal ValueBuffer? Value { get; set; }

    /// <summary>At an owner: its locks whose master is elsewhere or not known yet, oldest first.</summary>
    internal ref readonly LockList Owned => ref _owned;

    /// <summary>At a rebuilding master: the locks taken in so far, and the requests that came since, in the order in which they came.</summary>
    internal ref readonly LockList Staged => ref _staged;

    /// <summary>What others sent while it was not known here who is master.</summary>
    internal List<ParkedMessage>? Parked { get; set; }

    /// <summary>At a master: how many locks keepers have copies of, or may have.</summary>
    internal int KeptCount { get; set; }

    /// <summary>At a keeper: the copies.</summary>
    internal List<KeptCopy>? Copies { get; set; }

    // The table's chain, and the list of those in nobody's use.
    internal Resource? NextInBucket { get; set; }

    internal Resource? NextIdle { get; set; }

    internal bool IsListedIdle { get; set; }

    internal long ListedSince { get; set; }

    internal long IdleSince { get; set; }

    /// <summary>Whether it is here only because this is the directory node of its name: such a record stays until its master lets go.</summary>
    internal bool IsRecordOnly => Role == ResourceRole.Client && Record != 0 && !IsInUse;

    /// <summary>Whether there is a lock on it, or a wait for one, that this node knows of.</summary>
    internal bool HasLocks => !Queues.AreEmpty || !_owned.IsEmpty;

    internal bool IsInUse => HasLocks
        || Role is not (ResourceRole.Client or ResourceRole.Active)
        || Ties != ResourceTies.None
        || Move is not null;

    internal bool Has(ResourceTies tie) => (Ties & tie) != 0;

    /// <summary>Whether this node decides on the queues.</summary>
    /// <remarks>Not while it moves: then nobody does.</remarks>
    internal bool IsMastered => Role is ResourceRole.Active or ResourceRole.Rebuilding;

    internal ref ChainLink LinkOf(ChainKind kind)
    {
        switch (kind)
        {
            case ChainKind.Slot:
                return ref _bySlot;
            case ChainKind.Master:
                return ref _byMaster;
            default:
                return ref _byRecord;
        }
    }

    internal bool Is(uint space, ulong hash, ReadOnlySpan<byte> otherName) =>
        Hash == hash && Space == space && Name.SequenceEqual(otherName);

    /// <summary>The same for a name as callers have it. One that comes again is the same object, and need not be compared byte by byte.</summary>
    internal bool Is(uint space, ulong hash, in ResourceName otherName)
    {
        if (Hash != hash || Space != space)
            return false;
        if (_lastAsked.Equals(otherName))
            return true;
        if (!otherName.Equals(Name))
            return false;
        _lastAsked = otherName;
        return true;
    }

    internal void Begin(uint space, ulong hash, ReadOnlySpan<byte> newName)
    {
        Space = space;
        Hash = hash;
        _nameLength = newName.Length;
        _lastAsked = default;
        newName.CopyTo(_name);
    }

    internal void AddOwned(Lock added)
    {
        Invariant.Check(added.Queue == QueueKind.None, "a lock is on one queue");
        _owned.AddLast(added);
        added.Queue = QueueKind.Owned;
    }

    internal void RemoveOwned(Lock removed)
    {
        Invariant.Check(removed.Queue == QueueKind.Owned, "an owned lock is taken from the owned");
        _owned.Remove(removed);
        removed.Queue = QueueKind.None;
    }

    internal void Stage(Lock added)
    {
        Invariant.Check(added.Queue == QueueKind.None, "a lock is on one queue");
        _staged.AddLast(added);
        added.Queue = QueueKind.Staged;
    }

    internal void Unstage(Lock removed)
    {
        Invariant.Check(removed.Queue == QueueKind.Staged, "a lock taken in is taken from those");
        _staged.Remove(removed);
        removed.Queue = QueueKind.None;
    }

    internal void Park(uint from, ReadOnlySpan<byte> message) =>
        (Parked ??= []).Add(new ParkedMessage(from, message.ToArray()));

    internal void Clear()
    {
        Invariant.Check(!IsInUse && Parked is null or { Count: 0 }, "a resource in use is not forgotten");
        Role = ResourceRole.Client;
        Outbox = null;
        IsRebuildSent = false;
        IsValueKnown = false;
        Value?.Clear();
        NextInBucket = null;
    }
}

/// <summary>A message that waits until it is known here who is master.</summary>
internal readonly record struct ParkedMessage(uint From, byte[] Bytes);
