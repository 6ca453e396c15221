using System.Buffers.Binary;
using Tyer.Comms.Frames;

namespace Tyer.Comms.Links;

/// <summary>The body of a refusal: code u16, detail u16, reserved u32.</summary>
internal static class Refusal
{
    /// <summary>Bytes of the body.</summary>
    public const int Bytes = 8;

    /// <summary>The header of every refusal.</summary>
    public static FrameHeader Header => new(Bytes, FrameKind.Refusal, Binding: 0, Sequence: 0, View: 0);

    /// <summary>Writes a body.</summary>
    public static void WriteBody(Span<byte> body, RefusalCode code, ushort detail)
    {
        body[..Bytes].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(body, (ushort)code);
        BinaryPrimitives.WriteUInt16LittleEndian(body[2..], detail);
    }

    /// <summary>Writes a whole frame; returns its bytes.</summary>
    public static int WriteFrame(Span<byte> frame, RefusalCode code, ushort detail = 0)
    {
        Span<byte> body = frame.Slice(FrameHeader.Bytes, Bytes);
        WriteBody(body, code, detail);
        Header.Write(frame, body);
        return FrameHeader.Bytes + Bytes;
    }

    /// <summary>Reads the code; a code that this version does not know is given as its number.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out RefusalCode code)
    {
        code = body.Length >= Bytes ? (RefusalCode)BinaryPrimitives.ReadUInt16LittleEndian(body) : RefusalCode.None;
        return code != RefusalCode.None;
    }
}
