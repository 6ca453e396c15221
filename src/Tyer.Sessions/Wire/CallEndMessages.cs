namespace Tyer.Sessions.Wire;

/// <summary>
/// A call has ended.
/// <code>
///  0 kind u8    1 request kind u8    2 status u8    3 mode u8 (255 = the lock is gone)    4 status flags u32
///  8 key u32   12 operation u32     16 lock id u64   24 token epoch u64   32 token counter u64
/// 40 has value u8    41 value state u8    42 value length u16    44 report length u32
/// 48 [value version u64, value] report (who was in the way)
/// </code>
/// </summary>
public readonly ref struct CompletedMessage
{
    /// <summary>Bytes of the longest one.</summary>
    public const int BytesMax = FixedBytes + 8 + Limits.ValueBytesMax + WireLimits.ReportBytesMax;

    /// <summary>Bytes of the longest one without a report: what a grant takes.</summary>
    public const int GrantBytesMax = FixedBytes + 8 + Limits.ValueBytesMax;

    private const int FixedBytes = 48;
    private const byte NoMode = 255;

    /// <summary>The lock.</summary>
    public uint Key { get; init; }

    /// <summary>Which operation on that key ended.</summary>
    public uint Operation { get; init; }

    /// <summary>The lock's id.</summary>
    public LockId Id { get; init; }

    /// <summary>What ended.</summary>
    public RequestKind Kind { get; init; }

    /// <summary>How.</summary>
    public RawStatus Status { get; init; }

    /// <summary>What else befell it.</summary>
    public RawStatusFlags StatusFlags { get; init; }

    /// <summary>The mode now held; null: the lock is gone.</summary>
    public LockMode? Mode { get; init; }

    /// <summary>The token of the lock's latest grant.</summary>
    public FencingToken Token { get; init; }

    /// <summary>The state of the value that comes with it; null: none does.</summary>
    public LockValueState? ValueState { get; init; }

    /// <summary>The version of the value.</summary>
    public ulong ValueVersion { get; init; }

    /// <summary>The value.</summary>
    public ReadOnlySpan<byte> Value { get; init; }

    /// <summary>Who was in the way; empty if nobody told. <see cref="WriteReport"/> makes it, <see cref="ReadReport"/> reads it.</summary>
    public ReadOnlySpan<byte> Report { get; init; }

    /// <summary>Who was in the way, as bytes; of too many, the first that fit.</summary>
    /// <param name="report">The report.</param>
    /// <param name="destination">At least <see cref="WireLimits.ReportBytesMax"/>.</param>
    /// <returns>How many bytes it took.</returns>
    public static int WriteReport(WaitInformation report, Span<byte> destination) => WaitReport.Write(report, destination[..WireLimits.ReportBytesMax]);

    /// <summary>Who was in the way; null if the bytes do not say.</summary>
    public static WaitInformation? ReadReport(ReadOnlySpan<byte> report) => report.IsEmpty ? null : WaitReport.Read(report);

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Completed);
        writer.U8((byte)Kind);
        writer.U8((byte)Status);
        writer.U8(Mode is { } mode ? (byte)mode : NoMode);
        writer.U32((uint)StatusFlags);
        writer.U32(Key);
        writer.U32(Operation);
        writer.U64(Id.Value);
        writer.U64(Token.Epoch);
        writer.U64(Token.Counter);
        writer.U8(ValueState is null ? (byte)0 : (byte)1);
        writer.U8((byte)(ValueState ?? default));
        writer.U16(Value.Length);
        writer.I32(Report.Length);
        if (ValueState is not null)
        {
            writer.U64(ValueVersion);
            writer.Bytes(Value);
        }

        writer.Bytes(Report);
        return writer.Length;
    }

    /// <summary>Reads it; the spans are those of the message.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out CompletedMessage told)
    {
        var reader = new WireReader(message, WireKind.Completed);
        var kind = (RequestKind)reader.Below((int)RequestKind.Unlock + 1);
        var status = (RawStatus)reader.Below((int)RawStatus.NoQuorum + 1);
        reader.Require(status != RawStatus.InProgress, WireFault.BadNumber);
        var mode = reader.U8();
        reader.Require(mode is < LockModes.Count or NoMode, WireFault.BadNumber);
        var flags = (RawStatusFlags)reader.U32();
        var (key, operation, id) = (reader.U32(), reader.U32(), reader.U64());
        var token = new FencingToken(reader.U64(), reader.U64());
        var hasValue = reader.Below(2) == 1;
        var state = (LockValueState)reader.Below((int)LockValueState.Invalid + 1);
        int valueLength = reader.U16();
        reader.Require(hasValue ? valueLength <= Limits.ValueBytesMax : valueLength == 0, WireFault.BadLength);
        var reportLength = reader.U32();
        reader.Require(reportLength <= WireLimits.ReportBytesMax, WireFault.BadLength);
        told = new CompletedMessage
        {
            Key = key,
            Operation = operation,
            Id = new LockId(id),
            Kind = kind,
            Status = status,
            StatusFlags = flags,
            Mode = mode == NoMode ? null : (LockMode)mode,
            Token = token,
            ValueState = hasValue ? state : null,
            ValueVersion = hasValue ? reader.U64() : 0,
            Value = hasValue ? reader.Bytes(valueLength) : default,
            Report = reader.Bytes(reader.Fault == WireFault.None ? (int)reportLength : 0),
        };
        return reader.End();
    }
}

/// <summary>
/// A new lock has to wait: this is the id by which the rest of the world knows it.
/// <code>
///  0 kind u8, reserved 3    4 key u32    8 operation u32    12 reserved    16 lock id u64
/// </code>
/// </summary>
public readonly record struct QueuedMessage(uint Key, uint Operation, LockId Id)
{
    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Queued);
        writer.Reserved(3);
        writer.U32(Key);
        writer.U32(Operation);
        writer.Reserved(4);
        writer.U64(Id.Value);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out QueuedMessage told)
    {
        var reader = new WireReader(message, WireKind.Queued);
        reader.Reserved(3);
        var (key, operation) = (reader.U32(), reader.U32());
        reader.Reserved(4);
        told = new QueuedMessage(key, operation, new LockId(reader.U64()));
        return reader.End();
    }
}

/// <summary>
/// A call was not accepted. The client finds most faults before it sends, so this comes when it could not know: a revoked lock, a limit
/// of the node.
/// <code>
///  0 kind u8    1 request kind u8    2 result u8    3 reserved    4 key u32    8 operation u32
/// </code>
/// </summary>
public readonly record struct CallRefusedMessage(uint Key, uint Operation, RequestKind Kind, RawResult Result)
{
    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.CallRefused);
        writer.U8((byte)Kind);
        writer.U8((byte)Result);
        writer.Reserved(1);
        writer.U32(Key);
        writer.U32(Operation);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out CallRefusedMessage told)
    {
        var reader = new WireReader(message, WireKind.CallRefused);
        var kind = (RequestKind)reader.Below((int)RequestKind.Unlock + 1);
        var result = (RawResult)reader.Below((int)RawResult.Unavailable + 1);
        reader.Require(result != RawResult.Accepted, WireFault.BadNumber);
        reader.Reserved(1);
        told = new CallRefusedMessage(reader.U32(), reader.U32(), kind, result);
        return reader.End();
    }
}

/// <summary>
/// What a cancel did. If it came in time, the end of the call that it undid has been told just before.
/// <code>
///  0 kind u8    1 outcome u8    2 reserved 2    4 key u32    8 operation u32 (the one that was to be undone)
/// </code>
/// </summary>
public readonly record struct CancelAnsweredMessage(uint Key, uint Operation, CancelOutcome Outcome)
{
    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.CancelAnswered);
        writer.U8((byte)Outcome);
        writer.Reserved(2);
        writer.U32(Key);
        writer.U32(Operation);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out CancelAnsweredMessage told)
    {
        var reader = new WireReader(message, WireKind.CancelAnswered);
        var outcome = (CancelOutcome)reader.Below((int)CancelOutcome.NotFound + 1);
        reader.Reserved(2);
        told = new CancelAnsweredMessage(reader.U32(), reader.U32(), outcome);
        return reader.End();
    }
}
