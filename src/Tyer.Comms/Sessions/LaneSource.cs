using System.Runtime.InteropServices;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Sessions;

/// <summary>
/// The bytes of a session for the link that carries it: acknowledgements first, where some are owed and something follows; then all of the
/// lock lane; then a little of the bulk lane.
/// </summary>
internal sealed class LaneSource : FlushSource
{
    private readonly PeerSession _session;
    private readonly SendLane _lock;
    private readonly SendLane _bulk;
    private readonly ReceiveLane[] _receives;
    private readonly byte[] _prefix = GC.AllocateUninitializedArray<byte>(Lanes.Count * Acknowledgement.FrameBytes, pinned: true);
    private readonly nint _prefixAddress;
    private int _prefixLength;
    private int _prefixSent;
    private long _lockEnd;
    private long _bulkEnd;

    public LaneSource(PeerSession session)
    {
        _session = session;
        _lock = session.Sends[Lanes.Lock];
        _bulk = session.Sends[Lanes.Bulk];
        _receives = [.. session.Receives];
        _prefixAddress = Marshal.UnsafeAddrOfPinnedArrayElement(_prefix, 0);
    }

    /// <summary>Bytes that were sent again, ever.</summary>
    public long ResentBytes { get; private set; }

    /// <inheritdoc/>
    public override Lock Gate => _session.Gate;

    /// <inheritdoc/>
    public override bool HasWork => !IsBetweenFlushes || _lock.CanSend || _bulk.CanSend;

    /// <inheritdoc/>
    public override long PendingBytes => _lock.Queue.PendingBytes + _bulk.Queue.PendingBytes;

    /// <inheritdoc/>
    public override bool IsBetweenFlushes =>
        _prefixSent == _prefixLength && _lock.Queue.SentOffset >= _lockEnd && _bulk.Queue.SentOffset >= _bulkEnd;

    /// <inheritdoc/>
    public override int Take(Span<IoVector> vectors)
    {
        BeginFlush();
        int count = 0;
        if (_prefixSent < _prefixLength)
            vectors[count++] = new IoVector(_prefixAddress + _prefixSent, (nuint)(_prefixLength - _prefixSent));
        count += _lock.Queue.Take(vectors[count..], _lockEnd);
        return count + _bulk.Queue.Take(vectors[count..], _bulkEnd);
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> TakeFirst()
    {
        BeginFlush();
        if (_prefixSent < _prefixLength) return _prefix.AsMemory(_prefixSent, _prefixLength - _prefixSent);
        ReadOnlyMemory<byte> first = _lock.Queue.TakeFirst(_lockEnd);
        return first.IsEmpty ? _bulk.Queue.TakeFirst(_bulkEnd) : first;
    }

    /// <inheritdoc/>
    public override void Advance(long bytes)
    {
        int prefix = (int)Math.Min(bytes, _prefixLength - _prefixSent);
        _prefixSent += prefix;
        bytes -= prefix;
        long locks = Math.Min(bytes, Math.Max(0, _lockEnd - _lock.Queue.SentOffset));
        _lock.Queue.Advance(locks);
        _bulk.Queue.Advance(bytes - locks);
    }

    /// <inheritdoc/>
    public override void Restart()
    {
        ResentBytes += Rewind(_lock.Queue) + Rewind(_bulk.Queue);
        _prefixSent = _prefixLength = 0;
        _lockEnd = _lock.Queue.SentOffset;
        _bulkEnd = _bulk.Queue.SentOffset;
    }

    /// <inheritdoc/>
    public override bool TakeRoom() => false;

    private static long Rewind(SendQueue queue)
    {
        long sent = queue.SentOffset;
        queue.Rewind();
        return Math.Max(0, sent - queue.SentOffset);
    }

    private void BeginFlush()
    {
        if (!IsBetweenFlushes) return;

        _lock.Queue.SkipReleased();
        _bulk.Queue.SkipReleased();
        _lockEnd = _lock.FlushEnd(long.MaxValue);
        _bulkEnd = _bulk.FlushEnd(CommsLimits.BulkBytesPerFlush);
        _prefixSent = _prefixLength = 0;
        if (_lockEnd == _lock.Queue.SentOffset && _bulkEnd == _bulk.Queue.SentOffset) return;

        foreach (ReceiveLane receive in _receives)
        {
            if (!receive.IsOwed) continue;
            receive.Acknowledge().WriteFrame(_prefix.AsSpan(_prefixLength));
            _prefixLength += Acknowledgement.FrameBytes;
        }
    }
}
