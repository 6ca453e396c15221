using Tyer.Comms.Frames;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Frames;

internal static class TestFrames
{
    public static byte[] Message(ulong sequence, ReadOnlySpan<byte> body, ushort binding = 7, uint view = 3) =>
        Of(new FrameHeader(body.Length, FrameKind.Message, binding, sequence, view), body);

    public static byte[] Of(FrameHeader header, ReadOnlySpan<byte> body)
    {
        byte[] bytes = new byte[header.FrameBytes];
        header.Write(bytes, body);
        body.CopyTo(bytes.AsSpan(FrameHeader.Bytes));
        return bytes;
    }

    public static byte[] RandomMessage(Dice dice, int bodyMax) =>
        Message(dice.Next(), dice.Bytes(dice.Below(bodyMax + 1)), (ushort)dice.Next(), (uint)dice.Next());
}
