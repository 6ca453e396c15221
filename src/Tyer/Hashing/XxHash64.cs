using System.Numerics;
using System.Runtime.CompilerServices;

namespace Tyer.Hashing;

/// <summary>
/// XXH64 with seed 0: the hash that places resources. It is the same on every machine, in every process and in every
/// version; the framework's own hashes of strings are none of these.
/// </summary>
/// <remarks>
/// It is not keyed, so anybody can build names that collide. Whatever a stranger can fill must mix in a secret of its own,
/// as <see cref="ResourceName.GetHashCode"/> does.
/// </remarks>
public static class XxHash64
{
    private const ulong Prime1 = 0x9E3779B185EBCA87;
    private const ulong Prime2 = 0xC2B2AE3D27D4EB4F;
    private const ulong Prime3 = 0x165667B19E3779F9;
    private const ulong Prime4 = 0x85EBCA77C2B2AE63;
    private const ulong Prime5 = 0x27D4EB2F165667C5;

    private const int StripeBytes = 32;

    /// <summary>The hash of <paramref name="data"/>. Any length, no allocation.</summary>
    public static ulong Hash(ReadOnlySpan<byte> data)
    {
        var input = new BytesInput(data);
        return Hash(ref input);
    }

    /// <summary>The hash of the bytes of a text that is ASCII; false when it is not, or this machine's way to find out does not do.</summary>
    internal static bool TryHashAscii(ReadOnlySpan<char> text, out ulong hash)
    {
        if (!BitConverter.IsLittleEndian)
        {
            hash = 0;
            return false;
        }

        var input = new AsciiInput(text);
        hash = Hash(ref input);
        return input.WasAscii;
    }

    // Inlined into its two callers, so that what an input has left stays in registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Hash<TInput>(ref TInput data)
        where TInput : struct, IHashInput, allows ref struct
    {
        ulong length = (ulong)data.Length;
        ulong hash = data.Length >= StripeBytes ? HashStripes(ref data) : Prime5;
        return Avalanche(HashTail(hash + length, ref data));
    }

    /// <summary>Takes whole stripes off the front of <paramref name="data"/>; four lanes keep the multiplier busy.</summary>
    private static ulong HashStripes<TInput>(ref TInput data)
        where TInput : struct, IHashInput, allows ref struct
    {
        ulong lane1 = unchecked(Prime1 + Prime2);
        ulong lane2 = Prime2;
        ulong lane3 = 0;
        ulong lane4 = unchecked(0 - Prime1);

        do
        {
            lane1 = Round(lane1, data.TakeEight());
            lane2 = Round(lane2, data.TakeEight());
            lane3 = Round(lane3, data.TakeEight());
            lane4 = Round(lane4, data.TakeEight());
        }
        while (data.Length >= StripeBytes);

        ulong hash = BitOperations.RotateLeft(lane1, 1) + BitOperations.RotateLeft(lane2, 7)
            + BitOperations.RotateLeft(lane3, 12) + BitOperations.RotateLeft(lane4, 18);
        hash = MergeLane(hash, lane1);
        hash = MergeLane(hash, lane2);
        hash = MergeLane(hash, lane3);
        return MergeLane(hash, lane4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong HashTail<TInput>(ulong hash, ref TInput data)
        where TInput : struct, IHashInput, allows ref struct
    {
        while (data.Length >= 8)
        {
            hash ^= Round(0, data.TakeEight());
            hash = BitOperations.RotateLeft(hash, 27) * Prime1 + Prime4;
        }

        if (data.Length >= 4)
        {
            hash ^= data.TakeFour() * Prime1;
            hash = BitOperations.RotateLeft(hash, 23) * Prime2 + Prime3;
        }

        while (data.Length > 0)
        {
            hash ^= data.TakeOne() * Prime5;
            hash = BitOperations.RotateLeft(hash, 11) * Prime1;
        }

        return hash;
    }

    private static ulong Round(ulong lane, ulong input) => BitOperations.RotateLeft(lane + input * Prime2, 31) * Prime1;

    private static ulong MergeLane(ulong hash, ulong lane) => (hash ^ Round(0, lane)) * Prime1 + Prime4;

    private static ulong Avalanche(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * Prime2;
        hash = (hash ^ (hash >> 29)) * Prime3;
        return hash ^ (hash >> 32);
    }
}
