using Tyer.Engine.Directory;

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

    internal uint Space { get; private set; }

    internal ulong Hash { get; private set; }

    internal ushort Slot => Placement.SlotOf(Hash);

    internal ReadOnlySpan<byte> Name => _name.AsSpan(0, _nameLength);

    internal ResourceRole Role { get; set; }

    /// <summary>
    /// The node believed to be master, where that is another; 0 if unknown. Whoever takes in one of our locks is, even while a lookup is
    /// out: the answer to that may be older.
    /// </summary>
    internal uint Master { get; set; }

    /// <summary>While a lookup is out: the lock whose request it carries.</summary>
    internal LockId Asker { get; set; }

    /// <summary>At the directory node: the master on record; 0 if none.</summary>
    internal uint Record { get; set; }

    /// <summary>At the master: the queues. Kept when it no longer is, for the next time.</summary>
    internal LockQueues Queues { get; } = new();

    /// <summary>At the master: the value, while anybody has or waits for a lock.</summary>
    internal ValueBuffer? Value { get; set; }

    /// <summary>At an owner: its locks whose master is elsewhere or not known yet, oldest first.</summary>
    internal ref readonly LockList Owned => ref _owned;

    /// <summary>What others sent while it was not known here who is master.</summary>
    internal List<ParkedMessage>? Parked { get; set; }

    // The table's chain, and the list of those in nobody's use.
    internal Resource? NextInBucket { get; set; }

    internal Resource? NextIdle { get; set; }

    internal bool IsListedIdle { get; set; }

    internal long ListedSince { get; set; }

    internal long IdleSince { get; set; }

    /// <summary>Whether it is here only because this is the directory node of its name: such a record stays until its master lets go.</summary>
    internal bool IsRecordOnly => Role == ResourceRole.Client && Record != 0 && !IsInUse;

    internal bool IsInUse => !Queues.AreEmpty || !_owned.IsEmpty || Role is ResourceRole.Asking or ResourceRole.Releasing;

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

    internal void Park(uint from, ReadOnlySpan<byte> message) =>
        (Parked ??= []).Add(new ParkedMessage(from, message.ToArray()));

    internal void Clear()
    {
        Invariant.Check(!IsInUse && Parked is null or { Count: 0 }, "a resource in use is not forgotten");
        Role = ResourceRole.Client;
        Master = 0;
        Record = 0;
        Value?.Clear();
        NextInBucket = null;
    }
}

/// <summary>A message that waits until it is known here who is master.</summary>
internal readonly record struct ParkedMessage(uint From, byte[] Bytes);
