using System.Buffers.Binary;
using Tyer.Comms.Frames;

namespace Tyer.Comms.Sessions;

/// <summary>"I have everything on this lane up to here, and you may send up to there": cumulative, so that one may be lost or come twice.</summary>
/// <param name="Lane">The lane.</param>
/// <param name="Through">The last message received.</param>
/// <param name="CreditMessages">The last number that may be sent.</param>
/// <param name="CreditBytes">How many bytes of frames, from the session's beginning, may be sent.</param>
internal readonly record struct Acknowledgement(byte Lane, ulong Through, ulong CreditMessages, ulong CreditBytes)
{
    /// <summary>Bytes of the body.</summary>
    public const int BodyBytes = 16;

    /// <summary>Bytes of the whole frame.</summary>
    public const int FrameBytes = FrameHeader.Bytes + BodyBytes;

    /// <summary>The header.</summary>
    public FrameHeader Header => new(BodyBytes, FrameKind.Ack, Binding: 0, Through, View: 0, Lane);

    /// <summary>Writes the body.</summary>
    public void WriteBody(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(body, CreditMessages);
        BinaryPrimitives.WriteUInt64LittleEndian(body[8..], CreditBytes);
    }

    /// <summary>Writes the whole frame.</summary>
    public void WriteFrame(Span<byte> frame)
    {
        Span<byte> body = frame.Slice(FrameHeader.Bytes, BodyBytes);
        WriteBody(body);
        Header.Write(frame, body);
    }

    /// <summary>Reads a frame of its kind.</summary>
    public static bool TryRead(in MessageView frame, out Acknowledgement acknowledgement)
    {
        acknowledgement = default;
        if (frame.Body.Length != BodyBytes) return false;
        acknowledgement = new Acknowledgement(
            frame.Lane,
            frame.Sequence,
            BinaryPrimitives.ReadUInt64LittleEndian(frame.Body),
            BinaryPrimitives.ReadUInt64LittleEndian(frame.Body[8..]));
        return true;
    }
}
