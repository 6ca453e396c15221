using Tyer.Engine.Locks;

namespace Tyer.Engine.Tables;

/// <summary>Waiting operations by deadline: a binary heap whose entries know their place, so that a grant takes its entry out.</summary>
internal sealed class DeadlineHeap
{
    private Lock[] _heap = new Lock[64];

    internal int Count { get; private set; }

    /// <summary>The operation that times out first, or null.</summary>
    internal Lock? First => Count == 0 ? null : _heap[0];

    internal void Add(Lock added)
    {
        if (Count == _heap.Length)
            Array.Resize(ref _heap, _heap.Length * 2);
        Put(Count, added);
        Count++;
        Up(added.DeadlineIndex);
    }

    internal void Remove(Lock removed)
    {
        var index = removed.DeadlineIndex;
        if (index < 0)
            return;
        removed.DeadlineIndex = -1;
        Count--;
        var last = _heap[Count];
        _heap[Count] = null!;
        if (last == removed)
            return;
        Put(index, last);
        Up(index);
        Down(last.DeadlineIndex);
    }

    private void Up(int index)
    {
        while (index > 0)
        {
            var parent = (index - 1) / 2;
            if (!Precedes(_heap[index], _heap[parent]))
                return;
            Swap(index, parent);
            index = parent;
        }
    }

    private void Down(int index)
    {
        while (true)
        {
            var child = (2 * index) + 1;
            if (child >= Count)
                return;
            if (child + 1 < Count && Precedes(_heap[child + 1], _heap[child]))
                child++;
            if (!Precedes(_heap[child], _heap[index]))
                return;
            Swap(index, child);
            index = child;
        }
    }

    // Equal deadlines: the older lock first, so that a run does not depend on how the heap came about.
    private static bool Precedes(Lock one, Lock other) =>
        one.Deadline != other.Deadline ? one.Deadline < other.Deadline : one.Id.Value < other.Id.Value;

    private void Swap(int one, int other)
    {
        var held = _heap[one];
        Put(one, _heap[other]);
        Put(other, held);
    }

    private void Put(int index, Lock entry)
    {
        _heap[index] = entry;
        entry.DeadlineIndex = index;
    }
}
