using Tyer.Engine.Locks;

namespace Tyer.Engine.Tables;

/// <summary>Resources that nobody uses at present, longest idle first: kept a while, for they are often used again.</summary>
internal sealed class IdleList
{
    private Resource? last;

    internal Resource? First { get; private set; }

    internal void Add(Resource added, long now)
    {
        Invariant.Check(!added.IsIdle, "a resource becomes idle once");
        added.IsIdle = true;
        added.IdleSince = now;
        added.PreviousIdle = last;
        added.NextIdle = null;
        if (last is null)
            First = added;
        else
            last.NextIdle = added;
        last = added;
    }

    internal void Remove(Resource removed)
    {
        if (!removed.IsIdle)
            return;
        if (removed.PreviousIdle is null)
            First = removed.NextIdle;
        else
            removed.PreviousIdle.NextIdle = removed.NextIdle;
        if (removed.NextIdle is null)
            last = removed.PreviousIdle;
        else
            removed.NextIdle.PreviousIdle = removed.PreviousIdle;
        removed.IsIdle = false;
        removed.PreviousIdle = null;
        removed.NextIdle = null;
    }
}
