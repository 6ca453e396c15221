using Tyer.Engine.Locks;

namespace Tyer.Engine.Tables;

/// <summary>
/// The resources of a shard by lockspace and name. Buckets are chosen by the placing hash mixed with a seed that differs from process to
/// process, so that names cannot be chosen to collide; forgotten resources are kept for reuse.
/// </summary>
internal sealed class ResourceTable(ulong seed)
{
    private const int PoolMax = 4096;
    private const int BucketsMin = 16;

    private readonly Stack<Resource> _pool = new();
    private readonly HashSet<Resource> _withRequestOut = [];
    private readonly ResourceChains _bySlot = new(ChainKind.Slot);
    private readonly ResourceChains _byMaster = new(ChainKind.Master);
    private readonly ResourceChains _byRecord = new(ChainKind.Record);
    private Resource?[] _buckets = new Resource?[BucketsMin];

    internal int Count { get; private set; }

    /// <summary>How many of them this node is master of, those included that it is handing over.</summary>
    internal int MasteredCount { get; private set; }

    internal int Buckets => _buckets.Length;

    internal Resource? Find(uint space, ulong hash, ReadOnlySpan<byte> name)
    {
        for (var each = _buckets[BucketOf(hash)]; each is not null; each = each.NextInBucket)
        {
            if (each.Is(space, hash, name))
                return each;
        }

        return null;
    }

    /// <summary>The same for a name as callers have it: one that is there need not be written out as bytes.</summary>
    internal Resource? Find(uint space, ulong hash, in ResourceName name)
    {
        for (var each = _buckets[BucketOf(hash)]; each is not null; each = each.NextInBucket)
        {
            if (each.Is(space, hash, in name))
                return each;
        }

        return null;
    }

    internal Resource FindOrAdd(uint space, ulong hash, ReadOnlySpan<byte> name, out bool added)
    {
        var found = Find(space, hash, name);
        added = found is null;
        if (found is not null)
            return found;
        if (Count >= _buckets.Length)
            Grow();
        var resource = _pool.TryPop(out var pooled) ? pooled : new Resource();
        resource.Begin(space, hash, name);
        ref var bucket = ref _buckets[BucketOf(hash)];
        resource.NextInBucket = bucket;
        bucket = resource;
        _bySlot.Add(resource.Slot, resource);
        Count++;
        return resource;
    }

    /// <summary>The resources with a directory request out, which is asked again in each view.</summary>
    internal IReadOnlyCollection<Resource> WithRequestOut => _withRequestOut;

    internal void SetRole(Resource resource, ResourceRole role)
    {
        MasteredCount += (IsMastery(role) ? 1 : 0) - (IsMastery(resource.Role) ? 1 : 0);
        resource.Role = role;
        if (role is ResourceRole.Asking or ResourceRole.Releasing)
            _withRequestOut.Add(resource);
        else
            _withRequestOut.Remove(resource);
    }

    private static bool IsMastery(ResourceRole role) =>
        role is ResourceRole.Active or ResourceRole.Rebuilding or ResourceRole.Moving;

    /// <summary>Notes whom this node believes to be master, 0 = nobody known.</summary>
    internal void SetMaster(Resource resource, uint node)
    {
        if (resource.Master == node)
            return;
        if (resource.Master != 0)
            _byMaster.Remove(resource.Master, resource);
        resource.Master = node;
        if (node != 0)
            _byMaster.Add(node, resource);
    }

    /// <summary>Notes, at the directory node, who is master; 0 = nobody.</summary>
    internal void SetRecord(Resource resource, uint node)
    {
        if (resource.Record == node)
            return;
        if (resource.Record != 0)
            _byRecord.Remove(resource.Record, resource);
        resource.Record = node;
        if (node != 0)
            _byRecord.Add(node, resource);
    }

    /// <summary>Adds the resources whose name is in this slot.</summary>
    internal void CollectSlot(ushort slot, List<Resource> into) => Collect(_bySlot, slot, into);

    /// <summary>Adds the resources whose master is believed to be this node.</summary>
    internal void CollectMasteredBy(uint node, List<Resource> into) => Collect(_byMaster, node, into);

    /// <summary>Adds the resources whose record names this node.</summary>
    internal void CollectRecordedFor(uint node, List<Resource> into) => Collect(_byRecord, node, into);

    internal void Remove(Resource removed)
    {
        ref var bucket = ref _buckets[BucketOf(removed.Hash)];
        if (bucket == removed)
        {
            bucket = removed.NextInBucket;
        }
        else
        {
            var previous = bucket;
            while (previous!.NextInBucket != removed)
                previous = previous.NextInBucket;
            previous.NextInBucket = removed.NextInBucket;
        }

        Count--;
        _bySlot.Remove(removed.Slot, removed);
        SetRole(removed, ResourceRole.Client);
        SetMaster(removed, 0);
        SetRecord(removed, 0);
        removed.Clear();
        if (_pool.Count < PoolMax)
            _pool.Push(removed);
    }

    /// <summary>The first resource of a bucket's chain: for walking through the table a part at a time.</summary>
    internal Resource? FirstIn(int bucket) => _buckets[bucket];

    private static void Collect(ResourceChains chains, uint key, List<Resource> into)
    {
        for (var each = chains.First(key); each is not null; each = chains.After(each))
            into.Add(each);
    }

    private int BucketOf(ulong hash) => (int)(((hash ^ seed) * 0x9E3779B97F4A7C15UL) >> 32) & (_buckets.Length - 1);

    private void Grow()
    {
        var old = _buckets;
        _buckets = new Resource?[old.Length * 2];
        foreach (var head in old)
        {
            var each = head;
            while (each is not null)
            {
                var next = each.NextInBucket;
                ref var bucket = ref _buckets[BucketOf(each.Hash)];
                each.NextInBucket = bucket;
                bucket = each;
                each = next;
            }
        }
    }
}
