using System.Diagnostics.CodeAnalysis;
using static Tyer.Sessions.Wire.CallTraitBits;

namespace Tyer.Sessions.Wire;

/// <summary>What a call has beside its fixed fields.</summary>
[Flags]
[SuppressMessage("Design", "CA1028:Enum Storage should be Int32", Justification = "A byte of the protocol.")]
public enum CallTraits : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Blocking notices are wanted.</summary>
    NotifyBlocking = 1,

    /// <summary>A time limit is given.</summary>
    HasTimeout = 2,

    /// <summary>A transaction is given.</summary>
    HasTransaction = 4,

    /// <summary>Label or purpose are given.</summary>
    HasNote = 8,

    /// <summary>A value is given.</summary>
    HasValue = 16,
}

internal static class CallTraitBits
{
    internal static bool Has(CallTraits traits, CallTraits trait) => (traits & trait) != 0;
}

/// <summary>
/// A new lock. The client names it by a key of its own choosing, so that it can go on speaking of it before it knows the id; operations on
/// a key are numbered, so that an answer to an earlier use of the key is not taken for one to a later.
/// <code>
///  0 kind u8    1 mode u8    2 traits u8    3 name length u8    4 flags u32    8 key u32    12 operation u32    16 lockspace u32
/// 20 [timeout i64] [transaction 16] [texts: label, purpose] name
/// </code>
/// </summary>
public readonly ref struct LockMessage
{
    /// <summary>The mode.</summary>
    public LockMode Mode { get; init; }

    /// <summary>Flags of the classic interface.</summary>
    public RawFlags Flags { get; init; }

    /// <summary>The key by which the client names the lock.</summary>
    public uint Key { get; init; }

    /// <summary>Counts the operations on that key.</summary>
    public uint Operation { get; init; }

    /// <summary>The lockspace, by the number that the node gave it when it was opened.</summary>
    public uint Space { get; init; }

    /// <summary>Whether blocking notices are wanted.</summary>
    public bool NotifyBlocking { get; init; }

    /// <summary>How long to wait; null: for ever, or not at all, by the flags.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Deadlock identity, if not the session.</summary>
    public Guid? Transaction { get; init; }

    /// <summary>The owner's label, at most 128 bytes (UTF-8); null if it is not given.</summary>
    public string? Label { get; init; }

    /// <summary>What the lock is for, likewise.</summary>
    public string? Purpose { get; init; }

    /// <summary>The resource's name.</summary>
    public ReadOnlySpan<byte> Name { get; init; }

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var traits = NotifyBlocking ? CallTraits.NotifyBlocking : CallTraits.None;
        if (Timeout is not null)
            traits |= CallTraits.HasTimeout;
        if (Transaction is not null)
            traits |= CallTraits.HasTransaction;
        if (Label is not null || Purpose is not null)
            traits |= CallTraits.HasNote;
        var writer = new WireWriter(destination, WireKind.Lock);
        writer.U8((byte)Mode);
        writer.U8((byte)traits);
        writer.U8((byte)Name.Length);
        writer.U32((uint)Flags);
        writer.U32(Key);
        writer.U32(Operation);
        writer.U32(Space);
        if (Timeout is { } timeout)
            writer.Ticks(timeout);
        if (Transaction is { } transaction)
            writer.Guid(transaction);
        if (Has(traits, CallTraits.HasNote))
        {
            writer.Text(Label ?? "", Limits.LabelBytesMax);
            writer.Text(Purpose ?? "", Limits.LabelBytesMax);
        }

        writer.Bytes(Name);
        return writer.Length;
    }

    /// <summary>Reads it; the spans are those of the message.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out LockMessage call)
    {
        const CallTraits Possible = CallTraits.NotifyBlocking | CallTraits.HasTimeout | CallTraits.HasTransaction | CallTraits.HasNote;
        var reader = new WireReader(message, WireKind.Lock);
        var mode = reader.Mode();
        var traits = reader.Traits(Possible);
        var nameLength = reader.U8();
        reader.Require(nameLength is > 0 and <= Limits.ResourceNameBytesMax, WireFault.BadLength);
        var flags = reader.Flags();
        var (key, operation, space) = (reader.U32(), reader.U32(), reader.U32());
        TimeSpan? timeout = Has(traits, CallTraits.HasTimeout) ? reader.Limit() : null;
        Guid? transaction = Has(traits, CallTraits.HasTransaction) ? reader.Guid() : null;
        var label = Has(traits, CallTraits.HasNote) ? reader.Label() : null;
        var purpose = Has(traits, CallTraits.HasNote) ? reader.Label() : null;

        var name = reader.Bytes(nameLength);
        // Two names that differ in trailing NULs only would be one in lock managers that pad names with them.
        reader.Require(name is not [.., 0], WireFault.BadText);
        call = new LockMessage
        {
            Mode = mode,
            Flags = flags,
            Key = key,
            Operation = operation,
            Space = space,
            NotifyBlocking = Has(traits, CallTraits.NotifyBlocking),
            Timeout = timeout,
            Transaction = transaction,
            Label = label,
            Purpose = purpose,
            Name = name,
        };
        return reader.End();
    }
}

/// <summary>
/// Another mode for a lock.
/// <code>
///  0 kind u8    1 mode u8    2 traits u8    3 reserved    4 flags u32    8 key u32    12 operation u32    16 [timeout i64] value
/// </code>
/// </summary>
public readonly ref struct ConvertMessage
{
    /// <summary>The mode.</summary>
    public LockMode Mode { get; init; }

    /// <summary>Flags of the classic interface.</summary>
    public RawFlags Flags { get; init; }

    /// <summary>The lock.</summary>
    public uint Key { get; init; }

    /// <summary>Counts the operations on that key.</summary>
    public uint Operation { get; init; }

    /// <summary>Whether blocking notices are wanted.</summary>
    public bool NotifyBlocking { get; init; }

    /// <summary>How long to wait; null: for ever, or not at all, by the flags.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether <see cref="Value"/> is to be written if the change of modes writes.</summary>
    public bool GivesValue { get; init; }

    /// <summary>The value.</summary>
    public ReadOnlySpan<byte> Value { get; init; }

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var traits = NotifyBlocking ? CallTraits.NotifyBlocking : CallTraits.None;
        if (Timeout is not null)
            traits |= CallTraits.HasTimeout;
        if (GivesValue)
            traits |= CallTraits.HasValue;
        var writer = new WireWriter(destination, WireKind.Convert);
        writer.U8((byte)Mode);
        writer.U8((byte)traits);
        writer.Reserved(1);
        writer.U32((uint)Flags);
        writer.U32(Key);
        writer.U32(Operation);
        if (Timeout is { } timeout)
            writer.Ticks(timeout);
        if (GivesValue)
            writer.Bytes(Value);
        return writer.Length;
    }

    /// <summary>Reads it; the value is the message's.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out ConvertMessage call)
    {
        var reader = new WireReader(message, WireKind.Convert);
        var mode = reader.Mode();
        var traits = reader.Traits(CallTraits.NotifyBlocking | CallTraits.HasTimeout | CallTraits.HasValue);
        reader.Reserved(1);
        var flags = reader.Flags();
        var (key, operation) = (reader.U32(), reader.U32());
        TimeSpan? timeout = Has(traits, CallTraits.HasTimeout) ? reader.Limit() : null;
        var givesValue = Has(traits, CallTraits.HasValue);
        call = new ConvertMessage
        {
            Mode = mode,
            Flags = flags,
            Key = key,
            Operation = operation,
            NotifyBlocking = Has(traits, CallTraits.NotifyBlocking),
            Timeout = timeout,
            GivesValue = givesValue,
            Value = givesValue ? reader.Rest(Limits.ValueBytesMax) : default,
        };
        return reader.End();
    }
}

/// <summary>
/// The end of a lock.
/// <code>
///  0 kind u8    1 reserved    2 traits u8    3 reserved    4 flags u32    8 key u32    12 operation u32    16 value
/// </code>
/// </summary>
public readonly ref struct UnlockMessage
{
    /// <summary>Flags of the classic interface.</summary>
    public RawFlags Flags { get; init; }

    /// <summary>The lock.</summary>
    public uint Key { get; init; }

    /// <summary>Counts the operations on that key.</summary>
    public uint Operation { get; init; }

    /// <summary>Whether <see cref="Value"/> is to be written if the mode held writes.</summary>
    public bool GivesValue { get; init; }

    /// <summary>The value.</summary>
    public ReadOnlySpan<byte> Value { get; init; }

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Unlock);
        writer.Reserved(1);
        writer.U8((byte)(GivesValue ? CallTraits.HasValue : CallTraits.None));
        writer.Reserved(1);
        writer.U32((uint)Flags);
        writer.U32(Key);
        writer.U32(Operation);
        if (GivesValue)
            writer.Bytes(Value);
        return writer.Length;
    }

    /// <summary>Reads it; the value is the message's.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out UnlockMessage call)
    {
        var reader = new WireReader(message, WireKind.Unlock);
        reader.Reserved(1);
        var givesValue = reader.Traits(CallTraits.HasValue) == CallTraits.HasValue;
        reader.Reserved(1);
        var flags = reader.Flags();
        call = new UnlockMessage
        {
            Flags = flags,
            Key = reader.U32(),
            Operation = reader.U32(),
            GivesValue = givesValue,
            Value = givesValue ? reader.Rest(Limits.ValueBytesMax) : default,
        };
        return reader.End();
    }
}

/// <summary>
/// Undo what a lock waits for.
/// <code>
///  0 kind u8, reserved 3    4 key u32    8 operation u32 (the one to be undone)
/// </code>
/// </summary>
public readonly record struct CancelMessage(uint Key, uint Operation)
{
    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Cancel);
        writer.Reserved(3);
        writer.U32(Key);
        writer.U32(Operation);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out CancelMessage call)
    {
        var reader = new WireReader(message, WireKind.Cancel);
        reader.Reserved(3);
        call = new CancelMessage(reader.U32(), reader.U32());
        return reader.End();
    }
}
