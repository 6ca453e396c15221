using Tyer.Engine.Locks;

namespace Tyer.Engine.Tables;

/// <summary>
/// The locks of a shard by id: own ones and, at a master, those of other nodes. Open addressing with linear probing over a power of two;
/// ids count up, so that neighbours in time are neighbours in memory. Freed locks are kept for reuse.
/// </summary>
internal sealed class LockTable
{
    private const int PoolMax = 65536;

    private Lock[] _pool = new Lock[64];
    private int _pooled;
    private Lock?[] _slots = new Lock?[1024];

    internal int Count { get; private set; }

    internal Lock? Find(LockId id)
    {
        for (var index = HomeOf(id); _slots[index] is { } found; index = (index + 1) & (_slots.Length - 1))
        {
            if (found.Id == id)
                return found;
        }

        return null;
    }

    internal Lock Add(LockId id)
    {
        if (Count * 2 >= _slots.Length)
            Grow();
        var added = _pooled > 0 ? _pool[--_pooled] : new Lock();
        added.Id = id;
        Insert(added);
        Count++;
        return added;
    }

    /// <summary>Takes a lock out and returns it to the pool: from here on its <see cref="Lock.Id"/> is default.</summary>
    internal void Remove(Lock removed)
    {
        var slots = _slots;
        var hole = removed.Slot;
        Invariant.Check(slots[hole] == removed, "a lock that is removed is in the table");
        slots[hole] = null;
        var next = (hole + 1) & (slots.Length - 1);
        if (slots[next] is not null)
            CloseGap(hole, next);
        Count--;
        removed.Clear();
        if (_pooled < PoolMax)
            Pool(removed);
    }

    // Whoever probed past the hole moves up, so that no marker of a removed entry is needed.
    private void CloseGap(int hole, int next)
    {
        var slots = _slots;
        var mask = slots.Length - 1;
        for (var index = next; slots[index] is { } follower; index = (index + 1) & mask)
        {
            var home = HomeOf(follower.Id);
            if (((index - home) & mask) < ((index - hole) & mask))
                continue;
            slots[index] = null;
            Put(hole, follower);
            hole = index;
        }
    }

    private void Pool(Lock removed)
    {
        if (_pooled == _pool.Length)
            Array.Resize(ref _pool, _pooled * 2);
        // What was taken last and comes back first finds its place as it left it, and need not be stored again.
        if (_pool[_pooled] != removed)
            _pool[_pooled] = removed;
        _pooled++;
    }

    /// <summary>How far the lock that lies farthest from its place is from it: what a search costs at worst. For those who audit.</summary>
    internal int LongestProbe()
    {
        var longest = 0;
        for (var index = 0; index < _slots.Length; index++)
        {
            if (_slots[index] is { } found)
                longest = Math.Max(longest, (index - HomeOf(found.Id)) & (_slots.Length - 1));
        }

        return longest;
    }

    private void Insert(Lock added)
    {
        var index = HomeOf(added.Id);
        while (_slots[index] is not null)
            index = (index + 1) & (_slots.Length - 1);
        Put(index, added);
    }

    // A lock knows where it is, so that to take it out it need not be looked for.
    private void Put(int index, Lock put)
    {
        _slots[index] = put;
        put.Slot = index;
    }

    // Ids count up, and those of several nodes side by side: eight neighbours stay neighbours, in one line of memory; where the eight are is
    // mixed, so that counters of different nodes do not pile up upon each other.
    private int HomeOf(LockId id)
    {
        var eight = (id.Value >> 3) * 0x9E3779B97F4A7C15UL;
        eight = (eight ^ (eight >> 32)) * 0xD6E8FEB86659FD93UL;
        return (int)(((eight >> 32) << 3) | (id.Value & 7)) & (_slots.Length - 1);
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new Lock?[old.Length * 2];
        foreach (var each in old)
        {
            if (each is not null)
                Insert(each);
        }
    }
}
