using Tyer.Comms.Frames;

namespace Tyer.Comms.Security;

/// <summary>"I have the key": the only thing in the frame is the proof, 32 bytes.</summary>
internal static class AuthProof
{
    /// <summary>Bytes of a proof.</summary>
    public const int Bytes = 32;

    /// <summary>Bytes of the whole frame.</summary>
    public const int FrameBytes = FrameHeader.Bytes + Bytes;

    /// <summary>Writes the whole frame.</summary>
    public static void WriteFrame(Span<byte> frame, ReadOnlySpan<byte> proof)
    {
        Span<byte> body = frame.Slice(FrameHeader.Bytes, Bytes);
        proof.CopyTo(body);
        new FrameHeader(Bytes, FrameKind.AuthProof, Binding: 0, Sequence: 0, View: 0).Write(frame, body);
    }
}
