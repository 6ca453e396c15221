using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Tyer.Hashing;

/// <summary>
/// What <see cref="XxHash64"/> reads from: bytes, or text whose characters are its bytes. Read from front to back, each piece once.
/// </summary>
internal interface IHashInput
{
    /// <summary>How many bytes are left.</summary>
    int Length { get; }

    /// <summary>Takes eight bytes off the front.</summary>
    ulong TakeEight();

    /// <summary>Takes four bytes off the front.</summary>
    uint TakeFour();

    /// <summary>Takes a byte off the front.</summary>
    byte TakeOne();
}

/// <summary>Bytes as they are.</summary>
internal ref struct BytesInput(ReadOnlySpan<byte> bytes) : IHashInput
{
    private ReadOnlySpan<byte> _left = bytes;

    public readonly int Length => _left.Length;

    public ulong TakeEight()
    {
        ulong taken = BinaryPrimitives.ReadUInt64LittleEndian(_left);
        _left = _left[sizeof(ulong)..];
        return taken;
    }

    public uint TakeFour()
    {
        uint taken = BinaryPrimitives.ReadUInt32LittleEndian(_left);
        _left = _left[sizeof(uint)..];
        return taken;
    }

    public byte TakeOne()
    {
        byte taken = _left[0];
        _left = _left[1..];
        return taken;
    }
}

/// <summary>
/// Text that should be ASCII; whether it was is known at the end. Its characters are narrowed in registers: written out as bytes first and
/// then read in eights, they would have to reach memory before they could be read.
/// </summary>
internal ref struct AsciiInput(ReadOnlySpan<char> text) : IHashInput
{
    private ReadOnlySpan<ushort> _left = MemoryMarshal.Cast<char, ushort>(text);
    private Vector128<ushort> _seen;

    public readonly int Length => _left.Length;

    /// <summary>Whether all that was taken is ASCII.</summary>
    public readonly bool WasAscii => (_seen & Vector128.Create((ushort)0xFF80)) == Vector128<ushort>.Zero;

    public ulong TakeEight()
    {
        Vector128<ushort> taken = Vector128.Create(_left);
        _left = _left[sizeof(ulong)..];
        _seen |= taken;
        return Narrow(taken);
    }

    public uint TakeFour()
    {
        Vector128<ushort> taken = Vector128.CreateScalar(MemoryMarshal.Read<ulong>(MemoryMarshal.AsBytes(_left))).AsUInt16();
        _left = _left[sizeof(uint)..];
        _seen |= taken;
        return (uint)Narrow(taken);
    }

    public byte TakeOne()
    {
        ushort taken = _left[0];
        _left = _left[1..];
        _seen |= Vector128.CreateScalar(taken);
        return (byte)taken;
    }

    // The lower byte of each of the eight.
    private static ulong Narrow(Vector128<ushort> wide) => Vector128.Narrow(wide, wide).AsUInt64().ToScalar();
}
