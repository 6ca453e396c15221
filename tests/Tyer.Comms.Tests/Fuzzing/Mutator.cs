using Tyer.Comms.Frames;
using Tyer.Comms.Tests.Frames;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Fuzzing;

/// <summary>Changes bytes as a fuzzer does; also behind a checksum that fits again, so that what lies deeper is reached.</summary>
internal static class Mutator
{
    private static readonly byte[] Interesting = [0, 1, 0x7F, 0x80, 0xFF];

    /// <summary>A changed copy.</summary>
    public static byte[] Change(Dice dice, byte[] bytes, IReadOnlyList<byte[]> corpus)
    {
        for (int i = dice.Between(1, 4); i > 0; i--) bytes = ChangeOnce(dice, bytes, corpus);
        return bytes;
    }

    /// <summary>A frame whose header or body was changed and whose checksum fits.</summary>
    public static byte[] ChangeFrame(Dice dice, byte[] frame, IReadOnlyList<byte[]> corpus)
    {
        if (frame.Length < FrameHeader.Bytes) return Change(dice, frame, corpus);
        FrameHeader header = FrameHeader.Read(frame);
        byte[] body = dice.OneIn(4) ? frame[FrameHeader.Bytes..] : Change(dice, frame[FrameHeader.Bytes..], corpus);
        if (dice.OneIn(3)) header = header with { Kind = (FrameKind)dice.Below(24) };
        if (dice.OneIn(6)) header = header with { Sequence = dice.Next() };
        if (dice.OneIn(6)) header = header with { Binding = (ushort)dice.Next() };
        return TestFrames.Of(header with { Length = body.Length }, body);
    }

    private static byte[] ChangeOnce(Dice dice, byte[] bytes, IReadOnlyList<byte[]> corpus)
    {
        int at = bytes.Length == 0 ? 0 : dice.Below(bytes.Length);
        byte[] other = corpus[dice.Below(corpus.Count)];
        switch (bytes.Length == 0 ? 4 : dice.Below(7))
        {
            case 0:
                byte[] flipped = [.. bytes];
                flipped[at] ^= (byte)(1 << dice.Below(8));
                return flipped;
            case 1:
                byte[] set = [.. bytes];
                set[at] = Interesting[dice.Below(Interesting.Length)];
                return set;
            case 2:
                return bytes[..at];
            case 3:
                return [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + dice.Between(1, 8))..]];
            case 4:
                return [.. bytes[..at], .. dice.Bytes(dice.Between(1, 40)), .. bytes[at..]];
            case 5:
                return [.. bytes, .. bytes];
            default:
                return [.. bytes[..at], .. other[dice.Below(other.Length + 1)..]];
        }
    }
}
