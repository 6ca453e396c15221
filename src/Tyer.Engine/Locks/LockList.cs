namespace Tyer.Engine.Locks;

/// <summary>A list through the locks themselves: a lock is on one at a time.</summary>
internal struct LockList
{
    internal Lock? First { get; private set; }

    internal Lock? Last { get; private set; }

    internal int Count { get; private set; }

    internal readonly bool IsEmpty => First is null;

    // Locks that are on no list have no neighbours, and a list of one, the usual case, has none to be linked: a reference stored costs a
    // call into the garbage collector's books, even if it is null.

    internal void AddLast(Lock added)
    {
        if (Last is { } last)
        {
            added.Previous = last;
            last.Next = added;
        }
        else
        {
            First = added;
        }

        Last = added;
        Count++;
    }

    internal void AddFirst(Lock added)
    {
        if (First is { } first)
        {
            added.Next = first;
            first.Previous = added;
        }
        else
        {
            Last = added;
        }

        First = added;
        Count++;
    }

    internal void Remove(Lock removed)
    {
        if (Count == 1)
        {
            Invariant.Check(First == removed, "a lock is taken from the list that it is on");
            First = null;
            Last = null;
        }
        else
        {
            Unlink(removed);
        }

        Count--;
    }

    private void Unlink(Lock removed)
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
    }
}
