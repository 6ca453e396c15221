using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Security;

/// <summary>
/// Turns what passes into records, by a cipher or by TLS. A record is made once and then sent to its end, however little the socket takes at a
/// time; only then is what it holds told as sent, so the queue keeps it. Whoever calls again after "try again" offers the same bytes first,
/// as a flush does.
/// </summary>
internal abstract class RecordSink(IByteSink inner) : IByteSink
{
    private readonly Lock _gate = new();
    private readonly byte[] _plain = GC.AllocateUninitializedArray<byte>(CommsLimits.SegmentBytes);
    private byte[] _record = [];
    private int _plainLength;
    private int _recordLength;
    private int _recordSent;

    /// <inheritdoc/>
    public bool MayBlock => inner.MayBlock;

    /// <inheritdoc/>
    public long Send(ReadOnlySpan<IoVector> vectors, bool waits, out int error)
    {
        lock (_gate)
        {
            if (_plainLength == 0 && !TryMakeNext(Gather(vectors)))
            {
                error = LibC.BrokenPipe;
                return -1;
            }

            nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_record, 0);
            while (_recordSent < _recordLength)
            {
                var rest = new IoVector(address + _recordSent, (nuint)(_recordLength - _recordSent));
                long sent = inner.Send(new ReadOnlySpan<IoVector>(in rest), waits, out error);
                if (sent < 0) return -1;
                _recordSent += (int)sent;
            }

            error = 0;
            return TakeSent();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            if (_plainLength == 0 && !TryMakeNext(bytes.Span[..Math.Min(bytes.Length, _plain.Length)])) throw new SocketException(LibC.BrokenPipe);
        }

        // There is one flusher at a time; what else is sent is sent before there is any.
        while (_recordSent < _recordLength)
            _recordSent += await inner.SendAsync(_record.AsMemory(_recordSent, _recordLength - _recordSent)).ConfigureAwait(false);
        lock (_gate) return TakeSent();
    }

    /// <summary>Makes a record of 1 to 65,536 bytes. One call at a time.</summary>
    /// <param name="plain">What it is to hold.</param>
    /// <param name="record">Where it lies: pinned memory that stays as it is until the next call.</param>
    /// <returns>Its bytes; negative when none can be made.</returns>
    protected abstract int Make(ReadOnlySpan<byte> plain, out byte[] record);

    private ReadOnlySpan<byte> Gather(ReadOnlySpan<IoVector> vectors)
    {
        if (vectors.Length == 1) return SpanOf(vectors[0], _plain.Length);

        int length = 0;
        foreach (IoVector vector in vectors)
        {
            ReadOnlySpan<byte> part = SpanOf(vector, _plain.Length - length);
            part.CopyTo(_plain.AsSpan(length));
            length += part.Length;
        }

        return _plain.AsSpan(0, length);
    }

    private static unsafe ReadOnlySpan<byte> SpanOf(IoVector vector, int bytesMax) => new((void*)vector.Address, (int)Math.Min(vector.Length, (nuint)bytesMax));

    private bool TryMakeNext(ReadOnlySpan<byte> plain)
    {
        _recordLength = Make(plain, out _record);
        if (_recordLength < 0) return false;
        _recordSent = 0;
        _plainLength = plain.Length;
        return true;
    }

    private int TakeSent()
    {
        int sent = _plainLength;
        _plainLength = 0;
        return sent;
    }
}
