using System.Buffers.Binary;
using Tyer.Comms.Frames;
using Tyer.Comms.Sessions;

namespace Tyer.Comms.Peers;

/// <summary>
/// "This link is the one": stamp u64, then for each lane a <see cref="LaneMark"/>: where the sender stands, at least. The receiver can tell
/// by it what need not be sent again, and whether somebody has lost what must not be lost.
/// </summary>
internal readonly record struct Ready(ulong Stamp, LaneMark Lock, LaneMark Bulk)
{
    private const int LockOffset = 8;
    private const int BulkOffset = LockOffset + LaneMark.Bytes;
    private const int Bytes = BulkOffset + LaneMark.Bytes;

    /// <summary>Bytes of the whole frame.</summary>
    public const int FrameBytes = FrameHeader.Bytes + Bytes;

    /// <summary>Writes the whole frame.</summary>
    public void WriteFrame(Span<byte> frame)
    {
        Span<byte> body = frame.Slice(FrameHeader.Bytes, Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(body, Stamp);
        Lock.Write(body[LockOffset..]);
        Bulk.Write(body[BulkOffset..]);
        new FrameHeader(Bytes, FrameKind.Ready, Binding: 0, Sequence: 0, View: 0).Write(frame, body);
    }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out Ready ready)
    {
        ready = default;
        if (body.Length != Bytes) return false;
        ready = new Ready(BinaryPrimitives.ReadUInt64LittleEndian(body), LaneMark.Read(body[LockOffset..]), LaneMark.Read(body[BulkOffset..]));
        return true;
    }
}
