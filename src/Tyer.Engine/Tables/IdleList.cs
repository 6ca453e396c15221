using Tyer.Engine.Locks;

namespace Tyer.Engine.Tables;

/// <summary>
/// Resources that became idle, in the order of listing. One that is used again stays listed, so that taking and releasing a lock costs no
/// list work; whoever walks the list finds out, and lists it again. So a resource is let go between one and two times its time after
/// its last use.
/// </summary>
internal sealed class IdleList
{
    private Resource? _last;

    internal Resource? First { get; private set; }

    internal void Add(Resource added, long now)
    {
        Invariant.Check(!added.IsListedIdle, "a resource is listed as idle once");
        added.IsListedIdle = true;
        added.ListedSince = now;
        added.NextIdle = null;
        if (_last is null)
            First = added;
        else
            _last.NextIdle = added;
        _last = added;
    }

    internal Resource RemoveFirst()
    {
        var removed = First!;
        First = removed.NextIdle;
        if (First is null)
            _last = null;
        removed.IsListedIdle = false;
        removed.NextIdle = null;
        return removed;
    }
}
