using System.Buffers.Binary;
using Tyer.Engine.Locks;

namespace Tyer.Engine.Messages;

/// <summary>Messages as bytes, little-endian: kind (u8), slot (u16), then the parts of the kind in the order of <see cref="MessageFields"/>.</summary>
public static class MessageCodec
{
    /// <summary>No message is longer: a name, a note, a value and a report at their limits, and the fixed parts.</summary>
    public const int LengthMax = 8192;

    /// <summary>The longest identity or report, in bytes.</summary>
    public const int TextMax = 4096;

    /// <summary>The longest note, in bytes: a label and a purpose at their limits, with their lengths.</summary>
    public const int NoteMax = 2 * (2 + Limits.LabelBytesMax);

    private const byte Absent = 255;

    /// <summary>Writes a message; returns its length. The destination must hold <see cref="LengthMax"/> bytes.</summary>
    public static int Write(in Message message, Span<byte> destination)
    {
        var fields = MessageLayout.Of(message.Kind);
        Invariant.Check(fields is not null, "a message has a kind");
        var writer = new SpanWriter(destination);
        writer.Byte((byte)message.Kind);
        writer.UInt16(message.Slot);
        if (fields.Value.HasFlag(MessageFields.Name))
        {
            writer.UInt32(message.Space);
            writer.Byte((byte)message.Name.Length);
            writer.Bytes(message.Name);
        }

        if (fields.Value.HasFlag(MessageFields.Operation))
        {
            writer.UInt64(message.Lock.Value);
            writer.UInt32(message.Operation);
        }

        if (fields.Value.HasFlag(MessageFields.Mode))
            writer.Byte((byte?)message.Mode ?? Absent);
        if (fields.Value.HasFlag(MessageFields.Flags))
            writer.UInt32((uint)message.Flags);
        if (fields.Value.HasFlag(MessageFields.Session))
            writer.UInt32(message.Session);
        if (fields.Value.HasFlag(MessageFields.Transaction))
            writer.OptionalGuid(message.Transaction);
        if (fields.Value.HasFlag(MessageFields.Note))
            writer.Text(message.Note);
        if (fields.Value.HasFlag(MessageFields.Node))
            writer.UInt16((ushort)message.Node);
        if (fields.Value.HasFlag(MessageFields.Number))
            writer.UInt64(message.Number);
        if (fields.Value.HasFlag(MessageFields.Token))
        {
            writer.UInt64(message.Token.Epoch);
            writer.UInt64(message.Token.Counter);
        }

        if (fields.Value.HasFlag(MessageFields.Status))
        {
            writer.Byte((byte)message.Status);
            writer.Byte((byte)message.StatusFlags);
        }

        if (fields.Value.HasFlag(MessageFields.Value))
        {
            writer.Byte((byte?)message.ValueState ?? Absent);
            if (message.ValueState is not null)
            {
                writer.UInt64(message.ValueVersion);
                writer.Text(message.Value);
            }
        }

        if (fields.Value.HasFlag(MessageFields.Process))
            writer.UInt32((uint)message.Process);
        if (fields.Value.HasFlag(MessageFields.Text))
            writer.Text(message.Text);
        if (fields.Value.HasFlag(MessageFields.Wanted))
            writer.Byte((byte?)message.Wanted ?? Absent);
        if (fields.Value.HasFlag(MessageFields.Facts))
            writer.Byte((byte)message.Facts);
        if (fields.Value.HasFlag(MessageFields.Ages))
        {
            writer.UInt64((ulong)message.HeldFor);
            writer.UInt64((ulong)message.WaitedFor);
        }

        return writer.Written;
    }

    /// <summary>Reads a message; false if these bytes are none: unknown kind, cut short, too long, or a part out of range.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out Message message)
    {
        message = default;
        var reader = new SpanReader(source);
        message.Kind = (MessageKind)reader.Byte();
        message.Slot = reader.UInt16();
        if (MessageLayout.Of(message.Kind) is not { } fields || message.Slot >= Directory.Placement.Slots)
            return false;
        if (fields.HasFlag(MessageFields.Name))
        {
            message.Space = reader.UInt32();
            message.Name = reader.Bytes(reader.Byte());
            if (message.Name.Length is 0 or > Limits.ResourceNameBytesMax)
                return false;
        }

        if (fields.HasFlag(MessageFields.Operation))
        {
            message.Lock = new LockId(reader.UInt64());
            message.Operation = reader.UInt32();
        }

        if (fields.HasFlag(MessageFields.Mode))
        {
            if (!reader.TryMode(out var mode))
                return false;
            message.Mode = mode;
        }

        if (fields.HasFlag(MessageFields.Flags))
            message.Flags = (RawFlags)reader.UInt32();
        if (fields.HasFlag(MessageFields.Session))
            message.Session = reader.UInt32();
        if (fields.HasFlag(MessageFields.Transaction))
        {
            if (!reader.TryOptionalGuid(out var transaction))
                return false;
            message.Transaction = transaction;
        }

        if (fields.HasFlag(MessageFields.Note))
            message.Note = reader.Text(NoteMax);
        if (fields.HasFlag(MessageFields.Node))
            message.Node = reader.UInt16();
        if (fields.HasFlag(MessageFields.Number))
            message.Number = reader.UInt64();
        if (fields.HasFlag(MessageFields.Token))
            message.Token = new FencingToken(reader.UInt64(), reader.UInt64());
        if (fields.HasFlag(MessageFields.Status))
        {
            message.Status = (RequestStatus)reader.Byte();
            message.StatusFlags = (StatusFlags)reader.Byte();
            if (message.Status > RequestStatusRange.Last)
                return false;
        }

        if (fields.HasFlag(MessageFields.Value))
        {
            var state = reader.Byte();
            if (state != Absent)
            {
                if (state > (byte)LockValueState.Invalid)
                    return false;
                message.ValueState = (LockValueState)state;
                message.ValueVersion = reader.UInt64();
                message.Value = reader.Text(Limits.ValueBytesMax);
            }
        }

        if (fields.HasFlag(MessageFields.Process))
            message.Process = (int)reader.UInt32();
        if (fields.HasFlag(MessageFields.Text))
            message.Text = reader.Text(TextMax);
        if (fields.HasFlag(MessageFields.Wanted))
        {
            if (!reader.TryMode(out var wanted))
                return false;
            message.Wanted = wanted;
        }

        if (fields.HasFlag(MessageFields.Facts))
            message.Facts = (MessageFacts)reader.Byte();
        if (fields.HasFlag(MessageFields.Ages))
        {
            message.HeldFor = (long)reader.UInt64();
            message.WaitedFor = (long)reader.UInt64();
        }

        return reader.IsAtEnd;
    }

    private ref struct SpanWriter(Span<byte> destination)
    {
        private readonly Span<byte> _destination = destination;

        internal int Written { get; private set; }

        internal void Byte(byte value) => _destination[Written++] = value;

        internal void UInt16(ushort value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(_destination[Written..], value);
            Written += sizeof(ushort);
        }

        internal void UInt32(uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_destination[Written..], value);
            Written += sizeof(uint);
        }

        internal void UInt64(ulong value)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_destination[Written..], value);
            Written += sizeof(ulong);
        }

        internal void Bytes(ReadOnlySpan<byte> value)
        {
            value.CopyTo(_destination[Written..]);
            Written += value.Length;
        }

        internal void Text(ReadOnlySpan<byte> value)
        {
            UInt16((ushort)value.Length);
            Bytes(value);
        }

        internal void OptionalGuid(Guid? value)
        {
            Byte(value is null ? (byte)0 : (byte)1);
            if (value is { } guid)
            {
                guid.TryWriteBytes(_destination[Written..]);
                Written += 16;
            }
        }
    }

    /// <summary>Reads past the end give zeros and are remembered, so that one check at the end suffices.</summary>
    private ref struct SpanReader(ReadOnlySpan<byte> source)
    {
        private ReadOnlySpan<byte> _rest = source;
        private bool _overrun;

        internal readonly bool IsAtEnd => !_overrun && _rest.IsEmpty;

        internal byte Byte() => Bytes(1) is [var value] ? value : (byte)0;

        internal ushort UInt16() => Bytes(2) is { Length: 2 } bytes ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : (ushort)0;

        internal uint UInt32() => Bytes(4) is { Length: 4 } bytes ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;

        internal ulong UInt64() => Bytes(8) is { Length: 8 } bytes ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;

        internal ReadOnlySpan<byte> Text(int max)
        {
            var length = UInt16();
            if (length > max)
                _overrun = true;
            return Bytes(length);
        }

        internal bool TryMode(out LockMode? mode)
        {
            var value = Byte();
            mode = value == Absent ? null : (LockMode)value;
            return value is <= (byte)LockMode.Exclusive or Absent;
        }

        internal bool TryOptionalGuid(out Guid? value)
        {
            value = null;
            switch (Byte())
            {
                case 0:
                    return true;
                case 1 when Bytes(16) is { Length: 16 } bytes:
                    value = new Guid(bytes);
                    return true;
                default:
                    return false;
            }
        }

        internal ReadOnlySpan<byte> Bytes(int count)
        {
            if (_overrun || count > _rest.Length)
            {
                _overrun = true;
                return [];
            }

            var bytes = _rest[..count];
            _rest = _rest[count..];
            return bytes;
        }
    }
}
