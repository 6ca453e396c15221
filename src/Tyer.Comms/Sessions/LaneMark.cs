using System.Buffers.Binary;

namespace Tyer.Comms.Sessions;

/// <summary>Where a node stands on one lane of a session, as it tells the other when a link is agreed on.</summary>
/// <param name="ReceiveNext">The number of the first message that it has not received.</param>
/// <param name="Acknowledged">The last of its own messages that it knows to have been received.</param>
/// <param name="CreditMessages">The last number that may be sent to it.</param>
/// <param name="CreditBytes">How many bytes of frames, from the session's beginning, may be sent to it.</param>
internal readonly record struct LaneMark(ulong ReceiveNext, ulong Acknowledged, ulong CreditMessages, ulong CreditBytes)
{
    /// <summary>Bytes on the wire.</summary>
    public const int Bytes = 32;

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, ReceiveNext);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Acknowledged);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], CreditMessages);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], CreditBytes);
    }

    /// <summary>Reads it.</summary>
    public static LaneMark Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(source),
        BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(source[24..]));
}
