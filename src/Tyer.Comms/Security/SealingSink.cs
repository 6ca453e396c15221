using System.Runtime.InteropServices;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Security;

/// <summary>
/// Seals what passes. A record is sealed once and then sent to its end, however little the socket takes at a time; only then is what it
/// holds told as sent, so the queue keeps it. Whoever calls again after "try again" offers the same bytes first, as a flush does.
/// </summary>
internal sealed class SealingSink(IByteSink inner, SealCipher cipher) : IByteSink
{
    private readonly Lock _gate = new();
    private readonly byte[] _plain = GC.AllocateUninitializedArray<byte>(SealCipher.PlainBytesMax);
    private readonly byte[] _record = GC.AllocateUninitializedArray<byte>(SealCipher.PlainBytesMax + SealCipher.OverheadBytes, pinned: true);
    private int _plainLength;
    private int _recordLength;
    private int _recordSent;

    /// <inheritdoc/>
    public long Send(ReadOnlySpan<IoVector> vectors, bool waits, out int error)
    {
        lock (_gate)
        {
            if (_plainLength == 0) SealNext(Gather(vectors));
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
            if (_plainLength == 0) SealNext(bytes.Span[..Math.Min(bytes.Length, SealCipher.PlainBytesMax)]);
        }

        // There is one flusher at a time; what else is sent is sent before there is any.
        while (_recordSent < _recordLength)
            _recordSent += await inner.SendAsync(_record.AsMemory(_recordSent, _recordLength - _recordSent)).ConfigureAwait(false);
        lock (_gate) return TakeSent();
    }

    private ReadOnlySpan<byte> Gather(ReadOnlySpan<IoVector> vectors)
    {
        if (vectors.Length == 1) return SpanOf(vectors[0], SealCipher.PlainBytesMax);

        int length = 0;
        foreach (IoVector vector in vectors)
        {
            ReadOnlySpan<byte> part = SpanOf(vector, SealCipher.PlainBytesMax - length);
            part.CopyTo(_plain.AsSpan(length));
            length += part.Length;
        }

        return _plain.AsSpan(0, length);
    }

    private static unsafe ReadOnlySpan<byte> SpanOf(IoVector vector, int bytesMax) => new((void*)vector.Address, (int)Math.Min(vector.Length, (nuint)bytesMax));

    private void SealNext(ReadOnlySpan<byte> plain)
    {
        _recordLength = cipher.Seal(plain, _record);
        _recordSent = 0;
        _plainLength = plain.Length;
    }

    private int TakeSent()
    {
        int sent = _plainLength;
        _plainLength = 0;
        return sent;
    }
}
