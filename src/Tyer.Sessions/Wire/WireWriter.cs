using System.Buffers.Binary;
using System.Text.Unicode;

namespace Tyer.Sessions.Wire;

/// <summary>Writes a message field by field, little-endian. What does not fit is a bug of the caller, and throws.</summary>
internal ref struct WireWriter
{
    private readonly Span<byte> _message;

    internal WireWriter(Span<byte> message, WireKind kind)
    {
        _message = message;
        U8((byte)kind);
    }

    /// <summary>Bytes written so far.</summary>
    internal int Length { get; private set; }

    internal void U8(byte value) => Take(1)[0] = value;

    internal void U16(int value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), checked((ushort)value));

    internal void U32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);

    internal void I32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(4), value);

    internal void U64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);

    internal void Ticks(TimeSpan value) => U64((ulong)value.Ticks);

    internal void Guid(Guid value) => value.TryWriteBytes(Take(16));

    internal void Reserved(int count) => Take(count).Clear();

    internal void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    /// <summary>A text: its length (u16), then UTF-8. One that is too long is cut, between characters.</summary>
    internal void Text(ReadOnlySpan<char> text, int max)
    {
        var destination = _message.Slice(Length + 2, Math.Min(max, _message.Length - Length - 2));
        _ = Utf8.FromUtf16(text, destination, out _, out var written);
        U16(written);
        Take(written);
    }

    private Span<byte> Take(int count)
    {
        var taken = _message.Slice(Length, count);
        Length += count;
        return taken;
    }
}
