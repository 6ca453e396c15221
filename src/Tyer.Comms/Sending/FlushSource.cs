using System.Runtime.InteropServices;
using Tyer.Comms.Frames;

namespace Tyer.Comms.Sending;

/// <summary>
/// The byte stream of one link: what its queue holds, cut into flushes, each led by a prefix. A flush ends where the queue ended when it
/// began, so however short the kernel's writes are, a prefix never lands inside a frame. All members with the queue's gate held.
/// </summary>
internal sealed class FlushSource
{
    private readonly SendQueue _queue;
    private readonly IFlushPrefix? _prefix;
    private readonly byte[] _prefixBytes = GC.AllocateUninitializedArray<byte>(FrameHeader.Bytes, pinned: true);
    private readonly nint _prefixAddress;
    private int _prefixLength;
    private int _prefixSent;
    private long _flushEnd;

    public FlushSource(SendQueue queue, IFlushPrefix? prefix)
    {
        _queue = queue;
        _prefix = prefix;
        _prefixAddress = Marshal.UnsafeAddrOfPinnedArrayElement(_prefixBytes, 0);
    }

    /// <summary>Whether there is anything that a flush would send.</summary>
    public bool HasWork => _queue.PendingBytes > 0 || _prefixSent < _prefixLength || _prefix is { IsDemanded: true };

    /// <summary>Lists what to send next; 0 for nothing. To be followed by <see cref="Advance"/>.</summary>
    public int Take(Span<IoVector> vectors)
    {
        BeginFlush();
        int count = 0;
        if (_prefixSent < _prefixLength)
            vectors[count++] = new IoVector(_prefixAddress + _prefixSent, (nuint)(_prefixLength - _prefixSent));
        return count + _queue.Take(vectors[count..], _flushEnd);
    }

    /// <summary>The first stretch of what to send next; empty for nothing. To be followed by <see cref="Advance"/>.</summary>
    public ReadOnlyMemory<byte> TakeFirst()
    {
        BeginFlush();
        return _prefixSent < _prefixLength
            ? _prefixBytes.AsMemory(_prefixSent, _prefixLength - _prefixSent)
            : _queue.TakeFirst(_flushEnd);
    }

    /// <summary>Says how many bytes of the last take were sent; 0 gives them back.</summary>
    public void Advance(long bytes)
    {
        int prefix = (int)Math.Min(bytes, _prefixLength - _prefixSent);
        _prefixSent += prefix;
        _queue.Advance(bytes - prefix);
    }

    private void BeginFlush()
    {
        if (_prefixSent < _prefixLength || _queue.SentOffset < _flushEnd) return;

        _flushEnd = _queue.TailOffset;
        _prefixSent = 0;
        _prefixLength = _prefix?.WritePrefix(_prefixBytes, hasFrames: _queue.PendingBytes > 0) ?? 0;
    }
}
