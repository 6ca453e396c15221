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
        var mask = slots.Length - 1;
        var hole = HomeOf(removed.Id);
        while (slots[hole] != removed)
        {
            Invariant.Check(slots[hole] is not null, "a lock that is removed is in the table");
            hole = (hole + 1) & mask;
        }

        // Close the gap: whoever probed past the hole moves up, so that no marker of a removed entry is needed.
        for (var index = (hole + 1) & mask; slots[index] is { } follower; index = (index + 1) & mask)
        {
            var home = HomeOf(follower.Id);
            if (((index - home) & mask) < ((index - hole) & mask))
                continue;
            slots[hole] = follower;
            hole = index;
        }

        slots[hole] = null;
        Count--;
        removed.Clear();
        if (_pooled < PoolMax)
            Pool(removed);
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

    private void Insert(Lock added)
    {
        var index = HomeOf(added.Id);
        while (_slots[index] is not null)
            index = (index + 1) & (_slots.Length - 1);
        _slots[index] = added;
    }

    // The low bits of an id are a counter; node and shard in its top bits keep the counters of two nodes from meeting in one place.
    private int HomeOf(LockId id) => (int)(id.Value ^ ((id.Value >> 48) * 0x9E3779B1UL)) & (_slots.Length - 1);

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
