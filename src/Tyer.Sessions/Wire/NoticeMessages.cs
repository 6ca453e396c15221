namespace Tyer.Sessions.Wire;

/// <summary>
/// A lock is in somebody's way.
/// <code>
///  0 kind u8    1 wanted mode u8    2 reserved 2    4 key u32    8 waited i64    16 requester (OwnerCodec)
/// </code>
/// </summary>
public readonly ref struct BlockingMessage
{
    /// <summary>Bytes of the longest one.</summary>
    public const int BytesMax = 16 + RequesterBytesMax;

    private const int RequesterBytesMax = 2048;

    /// <summary>The lock.</summary>
    public uint Key { get; init; }

    /// <summary>The mode that somebody wants.</summary>
    public LockMode Wanted { get; init; }

    /// <summary>How long he has waited.</summary>
    public TimeSpan WaitedFor { get; init; }

    /// <summary>Who wants it, by <see cref="OwnerCodec"/>.</summary>
    public ReadOnlySpan<byte> Requester { get; init; }

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Blocking);
        writer.U8((byte)Wanted);
        writer.Reserved(2);
        writer.U32(Key);
        writer.Ticks(WaitedFor);
        // An identity that is too long to send is not worth the notice that it comes with.
        if (Requester.Length <= RequesterBytesMax)
            writer.Bytes(Requester);
        return writer.Length;
    }

    /// <summary>Reads it; the requester is the message's.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out BlockingMessage told)
    {
        var reader = new WireReader(message, WireKind.Blocking);
        var wanted = reader.Mode();
        reader.Reserved(2);
        told = new BlockingMessage
        {
            Wanted = wanted,
            Key = reader.U32(),
            WaitedFor = reader.Ticks(),
            Requester = reader.Rest(RequesterBytesMax),
        };
        return reader.End();
    }
}

/// <summary>
/// A request without a time limit has waited for long: what for, as far as the node can tell. It changes nothing; the client logs it.
/// <code>
///  0 kind u8    1 reserved 3    4 key u32    8 operation u32    12 waited i64    20 why text
/// </code>
/// </summary>
public readonly record struct WaitsLongMessage(uint Key, uint Operation, TimeSpan Waited, string Why)
{
    /// <summary>Bytes of the longest one.</summary>
    public const int BytesMax = 22 + WireLimits.ReasonBytesMax;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.WaitsLong);
        writer.Reserved(3);
        writer.U32(Key);
        writer.U32(Operation);
        writer.Ticks(Waited);
        writer.Text(Why, WireLimits.ReasonBytesMax);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out WaitsLongMessage told)
    {
        var reader = new WireReader(message, WireKind.WaitsLong);
        reader.Reserved(3);
        told = new WaitsLongMessage(reader.U32(), reader.U32(), reader.Ticks(), reader.Text(WireLimits.ReasonBytesMax));
        return reader.End();
    }
}

/// <summary>
/// One lock is lost. The node forgets the key.
/// <code>
///  0 kind u8    1 reason u8    2 reserved 2    4 key u32
/// </code>
/// </summary>
public readonly record struct LockLostMessage(uint Key, LossReason Reason)
{
    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.LockLost);
        writer.U8((byte)Reason);
        writer.Reserved(2);
        writer.U32(Key);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out LockLostMessage told)
    {
        var reader = new WireReader(message, WireKind.LockLost);
        var reason = (LossReason)reader.Below((int)LossReason.ClockJumped + 1);
        reader.Reserved(2);
        told = new LockLostMessage(reader.U32(), reason);
        return reader.End();
    }
}

/// <summary>
/// The session is lost, with all its locks. The last message on its connection.
/// <code>
///  0 kind u8    1 reason u8    2 reserved 2
/// </code>
/// </summary>
public readonly record struct SessionLostMessage(LossReason Reason)
{
    /// <summary>Bytes of it.</summary>
    public const int Bytes = 4;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.SessionLost);
        writer.U8((byte)Reason);
        writer.Reserved(2);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out SessionLostMessage told)
    {
        var reader = new WireReader(message, WireKind.SessionLost);
        told = new SessionLostMessage((LossReason)reader.Below((int)LossReason.ClockJumped + 1));
        reader.Reserved(2);
        return reader.End();
    }
}
