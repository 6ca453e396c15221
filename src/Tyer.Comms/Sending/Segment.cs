using System.Runtime.InteropServices;

namespace Tyer.Comms.Sending;

/// <summary>
/// A piece of a send queue. Its memory never moves, so the kernel can be given its address without pinning, and it is used again and
/// again. Owned by one queue, or by the pool.
/// </summary>
internal sealed class Segment
{
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(CommsLimits.SegmentBytes, pinned: true);

    public Segment() => Address = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);

    /// <summary>The next segment of the queue or of the pool.</summary>
    public Segment? Next { get; set; }

    /// <summary>Bytes written, from the start. Written by the appender only, under the queue's gate.</summary>
    public int Used { get; set; }

    /// <summary>Where the bytes are.</summary>
    public nint Address { get; }

    /// <summary>Bytes left to write.</summary>
    public int Room => CommsLimits.SegmentBytes - Used;

    /// <summary>The bytes left to write.</summary>
    public Span<byte> Free => _bytes.AsSpan(Used);

    /// <summary>Bytes written, in part.</summary>
    public ReadOnlyMemory<byte> Written(int start, int length) => _bytes.AsMemory(start, length);
}
