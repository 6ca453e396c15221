using System.Buffers.Binary;

namespace Tyer.Cluster.External;

/// <summary>
/// What a node that stops in order says to the other members: kind (u8: 1 it is leaving, 2 it has left) and its incarnation (u64,
/// little-endian).
/// </summary>
internal readonly record struct Farewell(Incarnation Who, bool HasLeft)
{
    public const int Length = 1 + sizeof(ulong);

    private const byte Leaving = 1;
    private const byte Left = 2;

    public void Write(Span<byte> destination)
    {
        destination[0] = HasLeft ? Left : Leaving;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[1..], Who.Value);
    }

    public static Farewell? Read(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Length && bytes[0] is Leaving or Left && BinaryPrimitives.ReadUInt64LittleEndian(bytes[1..]) is > 0 and var who
            ? new Farewell(new Incarnation(who), bytes[0] == Left)
            : null;
}
