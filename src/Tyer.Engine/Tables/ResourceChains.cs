using Tyer.Engine.Directory;
using Tyer.Engine.Locks;

namespace Tyer.Engine.Tables;

/// <summary>By what the resources of a shard are found besides their names: so that a view costs what it touches, and not a walk through all.</summary>
internal enum ChainKind
{
    /// <summary>The slot of the name.</summary>
    Slot,

    /// <summary>The node believed to be master.</summary>
    Master,

    /// <summary>The node that the directory record names.</summary>
    Record,
}

/// <summary>A resource's place in a chain.</summary>
internal struct ChainLink
{
    internal Resource? Previous;
    internal Resource? Next;
}

/// <summary>Chains through the resources themselves, one for each slot or node.</summary>
internal sealed class ResourceChains
{
    private const int NodesMax = 1024;

    private readonly ChainKind _kind;
    private readonly Resource?[] _heads;

    internal ResourceChains(ChainKind kind)
    {
        _kind = kind;
        _heads = new Resource?[kind == ChainKind.Slot ? Placement.Slots : NodesMax];
    }

    internal Resource? First(uint key) => _heads[key];

    internal Resource? After(Resource resource) => resource.LinkOf(_kind).Next;

    internal void Add(uint key, Resource added)
    {
        ref var link = ref added.LinkOf(_kind);
        ref var head = ref _heads[key];
        link.Previous = null;
        link.Next = head;
        if (head is not null)
            head.LinkOf(_kind).Previous = added;
        head = added;
    }

    internal void Remove(uint key, Resource removed)
    {
        ref var link = ref removed.LinkOf(_kind);
        if (link.Previous is null)
            _heads[key] = link.Next;
        else
            link.Previous.LinkOf(_kind).Next = link.Next;
        if (link.Next is not null)
            link.Next.LinkOf(_kind).Previous = link.Previous;
        link = default;
    }
}
