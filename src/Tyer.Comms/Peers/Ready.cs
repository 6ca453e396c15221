using System.Buffers.Binary;
using Tyer.Comms.Frames;

namespace Tyer.Comms.Peers;

/// <summary>
/// "This link is the one": stamp u64, then the number u64 of the first message that the sender has not received. Said only when no other
/// link delivers any more, so the number is exact.
/// </summary>
internal readonly record struct Ready(ulong Stamp, ulong ReceiveNext)
{
    private const int Bytes = 16;

    /// <summary>Bytes of the whole frame.</summary>
    public const int FrameBytes = FrameHeader.Bytes + Bytes;

    /// <summary>Writes the whole frame.</summary>
    public void WriteFrame(Span<byte> frame)
    {
        Span<byte> body = frame.Slice(FrameHeader.Bytes, Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(body, Stamp);
        BinaryPrimitives.WriteUInt64LittleEndian(body[8..], ReceiveNext);
        new FrameHeader(Bytes, FrameKind.Ready, Binding: 0, Sequence: 0, View: 0).Write(frame, body);
    }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out Ready ready)
    {
        ready = default;
        if (body.Length != Bytes) return false;
        ready = new Ready(BinaryPrimitives.ReadUInt64LittleEndian(body), BinaryPrimitives.ReadUInt64LittleEndian(body[8..]));
        return true;
    }
}
