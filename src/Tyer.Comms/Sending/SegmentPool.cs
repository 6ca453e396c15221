namespace Tyer.Comms.Sending;

/// <summary>
/// The free segments of a domain or listener. An idle queue keeps none, so ten thousand idle clients cost nothing here. Taking and giving
/// back is a list operation under a lock: 20 ns beside a system call.
/// </summary>
internal sealed class SegmentPool
{
    private readonly Lock _gate = new();
    private Segment? _free;
    private int _freeCount;
    private int _rented;

    /// <summary>Segments out in queues; 0 once everything is closed.</summary>
    public int Rented
    {
        get
        {
            lock (_gate) return _rented;
        }
    }

    /// <summary>An empty segment.</summary>
    public Segment Rent()
    {
        lock (_gate)
        {
            _rented++;
            if (_free is { } segment)
            {
                _free = segment.Next;
                _freeCount--;
                segment.Next = null;
                segment.Used = 0;
                return segment;
            }
        }

        return new Segment();
    }

    /// <summary>Takes a segment back that nobody reads any more.</summary>
    public void Return(Segment segment)
    {
        lock (_gate)
        {
            _rented--;
            if (_freeCount == CommsLimits.PooledSegmentsMax) return;
            segment.Next = _free;
            _free = segment;
            _freeCount++;
        }
    }
}
