using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Tyer.Sessions.Wire;

/// <summary>
/// Reads a message field by field, little-endian. The first fault sticks: what is read after it is zero or empty, so that a reader
/// looks at <see cref="Fault"/> once, at the end.
/// </summary>
internal ref struct WireReader
{
    private ReadOnlySpan<byte> _rest;

    internal WireReader(ReadOnlySpan<byte> message, WireKind kind)
    {
        _rest = message;
        if (U8() != (byte)kind)
            Fail(WireFault.UnknownKind);
    }

    internal WireFault Fault { get; private set; }

    internal readonly int Remaining => _rest.Length;

    internal byte U8() => Take(1) is [var value] ? value : (byte)0;

    internal ushort U16() => Take(2) is { Length: 2 } bytes ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : (ushort)0;

    internal uint U32() => Take(4) is { Length: 4 } bytes ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;

    internal int I32() => (int)U32();

    internal ulong U64() => Take(8) is { Length: 8 } bytes ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;

    internal TimeSpan Ticks() => new((long)U64());

    internal Guid Guid() => Take(16) is { Length: 16 } bytes ? new Guid(bytes) : default;

    /// <summary>A byte that is one of the numbers below a limit.</summary>
    internal byte Below(int limit)
    {
        var value = U8();
        Require(value < limit, WireFault.BadNumber);
        return Fault == WireFault.None ? value : (byte)0;
    }

    internal LockMode Mode() => (LockMode)Below(LockModes.Count);

    internal CallTraits Traits(CallTraits possible)
    {
        var traits = (CallTraits)U8();
        Require((traits & ~possible) == 0, WireFault.ReservedBits);
        return Fault == WireFault.None ? traits : CallTraits.None;
    }

    /// <summary>Flags of the classic interface: bits that it has. Whether they go together is for the call to find.</summary>
    internal RawFlags Flags()
    {
        const RawFlags All = (RawFlags)(2 * (uint)RawFlags.Timeout - 1);
        var flags = (RawFlags)U32();
        Require((flags & ~All) == 0, WireFault.ReservedBits);
        return Fault == WireFault.None ? flags : RawFlags.None;
    }

    /// <summary>A time limit: positive.</summary>
    internal TimeSpan Limit()
    {
        var limit = Ticks();
        Require(limit > TimeSpan.Zero, WireFault.BadNumber);
        return limit;
    }

    /// <summary>Bytes that must be zero.</summary>
    internal void Reserved(int count) => Require(!Take(count).ContainsAnyExcept((byte)0), WireFault.ReservedBits);

    internal ReadOnlySpan<byte> Bytes(int count) => Take(count);

    /// <summary>Everything that is left.</summary>
    internal ReadOnlySpan<byte> Rest(int max)
    {
        Require(_rest.Length <= max, WireFault.BadLength);
        return Take(_rest.Length);
    }

    /// <summary>A text: its length (u16), then UTF-8.</summary>
    internal string Text(int max)
    {
        var length = U16();
        Require(length <= max, WireFault.BadLength);
        var bytes = Take(length);
        Require(Utf8.IsValid(bytes), WireFault.BadText);
        return Fault == WireFault.None ? Encoding.UTF8.GetString(bytes) : "";
    }

    /// <summary>A text that is shown on other people's terminals; null if it is empty.</summary>
    internal string? Label()
    {
        var label = Text(Limits.LabelBytesMax);
        Require(!label.AsSpan().ContainsAnyInRange('\u0000', '\u001f') && !label.AsSpan().ContainsAnyInRange('\u007f', '\u009f'), WireFault.BadText);
        return label.Length == 0 ? null : label;
    }

    internal void Require(bool condition, WireFault fault)
    {
        if (!condition)
            Fail(fault);
    }

    /// <summary>The message must end here.</summary>
    internal WireFault End()
    {
        Require(_rest.IsEmpty, WireFault.TrailingBytes);
        return Fault;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (Fault == WireFault.None && count <= _rest.Length)
        {
            var taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }

        Fail(WireFault.Truncated);
        return default;
    }

    private void Fail(WireFault fault)
    {
        if (Fault == WireFault.None)
            Fault = fault;
        _rest = default;
    }
}
