namespace Tyer.Engine.Locks;

/// <summary>A list through the locks themselves: a lock is on one at a time.</summary>
internal struct LockList
{
    internal Lock? First { get; private set; }

    internal Lock? Last { get; private set; }

    internal int Count { get; private set; }

    internal readonly bool IsEmpty => First is null;

    internal void AddLast(Lock added)
    {
        added.Previous = Last;
        added.Next = null;
        if (Last is null)
            First = added;
        else
            Last.Next = added;
        Last = added;
        Count++;
    }

    internal void AddFirst(Lock added)
    {
        added.Next = First;
        added.Previous = null;
        if (First is null)
            Last = added;
        else
            First.Previous = added;
        First = added;
        Count++;
    }

    internal void Remove(Lock removed)
    {
        if (removed.Previous is null)
            First = removed.Next;
        else
            removed.Previous.Next = removed.Next;
        if (removed.Next is null)
            Last = removed.Previous;
        else
            removed.Next.Previous = removed.Previous;
        removed.Previous = null;
        removed.Next = null;
        Count--;
    }
}
