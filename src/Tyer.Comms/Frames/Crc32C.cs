using System.Buffers.Binary;
using System.Numerics;

namespace Tyer.Comms.Frames;

/// <summary>CRC-32C (Castagnoli) by the processor's instruction: 80 ns for 64 bytes are affordable on every frame.</summary>
internal static class Crc32C
{
    private const uint Initial = 0xFFFF_FFFF;

    /// <summary>The checksum of two spans as if they were one.</summary>
    public static uint Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => ~Append(Append(Initial, first), second);

    private static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
