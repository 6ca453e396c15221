namespace Tyer.Sessions.Wire;

/// <summary>
/// Open a lockspace for this session.
/// <code>
///  0 kind u8    1 has options u8    2 reserved 2    4 request u32
///  8 value size i32    12 locks per session i32    16 queue length i32    20 text: name
/// </code>
/// </summary>
public readonly record struct OpenLockspaceMessage(uint Request, string Name, LockspaceOptions? Options)
{
    /// <summary>Bytes of the longest one.</summary>
    public const int BytesMax = 22 + Limits.SystemNameLengthMax;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.OpenLockspace);
        writer.U8(Options is null ? (byte)0 : (byte)1);
        writer.Reserved(2);
        writer.U32(Request);
        writer.I32(Options?.ValueSize ?? 0);
        writer.I32(Options?.LocksPerSessionMax ?? 0);
        writer.I32(Options?.QueueLengthMax ?? 0);
        writer.Text(Name, Limits.SystemNameLengthMax);
        return writer.Length;
    }

    /// <summary>Reads it. Whether name and options are good is for whoever opens to say.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out OpenLockspaceMessage call)
    {
        var reader = new WireReader(message, WireKind.OpenLockspace);
        var hasOptions = reader.Below(2) == 1;
        reader.Reserved(2);
        var request = reader.U32();
        var (valueSize, locks, queue) = (reader.I32(), reader.I32(), reader.I32());
        reader.Require(hasOptions || (valueSize | locks | queue) == 0, WireFault.ReservedBits);
        var name = reader.Text(Limits.SystemNameLengthMax);
        var options = hasOptions
            ? new LockspaceOptions { ValueSize = valueSize, LocksPerSessionMax = locks, QueueLengthMax = queue }
            : null;
        call = new OpenLockspaceMessage(request, name, options);
        return reader.End();
    }
}

/// <summary>
/// A lockspace is open.
/// <code>
///  0 kind u8, reserved 3    4 request u32    8 lockspace u32    12 value size i32    16 locks per session i32    20 queue length i32
/// </code>
/// </summary>
/// <param name="Request">The request that this answers.</param>
/// <param name="Space">The number by which this session names the lockspace.</param>
/// <param name="Options">Its options, whoever decided them.</param>
public readonly record struct LockspaceOpenedMessage(uint Request, uint Space, LockspaceOptions Options)
{
    /// <summary>Bytes of it.</summary>
    public const int Bytes = 24;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.LockspaceOpened);
        writer.Reserved(3);
        writer.U32(Request);
        writer.U32(Space);
        writer.I32(Options.ValueSize);
        writer.I32(Options.LocksPerSessionMax);
        writer.I32(Options.QueueLengthMax);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out LockspaceOpenedMessage told)
    {
        var reader = new WireReader(message, WireKind.LockspaceOpened);
        reader.Reserved(3);
        var (request, space) = (reader.U32(), reader.U32());
        var options = new LockspaceOptions { ValueSize = reader.I32(), LocksPerSessionMax = reader.I32(), QueueLengthMax = reader.I32() };
        reader.Require(options.ValueSize is >= 0 and <= Limits.ValueBytesMax && options.LocksPerSessionMax > 0 && options.QueueLengthMax > 0, WireFault.BadNumber);
        told = new LockspaceOpenedMessage(request, space, options);
        return reader.End();
    }
}

/// <summary>
/// Close a lockspace: the session's locks in it are released.
/// <code>
///  0 kind u8, reserved 3    4 request u32    8 lockspace u32
/// </code>
/// </summary>
public readonly record struct CloseLockspaceMessage(uint Request, uint Space)
{
    /// <summary>Bytes of it.</summary>
    public const int Bytes = 12;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.CloseLockspace);
        writer.Reserved(3);
        writer.U32(Request);
        writer.U32(Space);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out CloseLockspaceMessage call)
    {
        var reader = new WireReader(message, WireKind.CloseLockspace);
        reader.Reserved(3);
        call = new CloseLockspaceMessage(reader.U32(), reader.U32());
        return reader.End();
    }
}

/// <summary>
/// A lockspace is closed.
/// <code>
///  0 kind u8, reserved 3    4 request u32
/// </code>
/// </summary>
public readonly record struct LockspaceClosedMessage(uint Request)
{
    /// <summary>Bytes of it.</summary>
    public const int Bytes = 8;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.LockspaceClosed);
        writer.Reserved(3);
        writer.U32(Request);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out LockspaceClosedMessage told)
    {
        var reader = new WireReader(message, WireKind.LockspaceClosed);
        reader.Reserved(3);
        told = new LockspaceClosedMessage(reader.U32());
        return reader.End();
    }
}

/// <summary>
/// Remove orphans.
/// <code>
///  0 kind u8, reserved 3    4 request u32    8 lockspace u32    12 node u32 (0 = any)    16 process i32 (0 = any)
/// </code>
/// </summary>
public readonly record struct PurgeMessage(uint Request, uint Space, uint Node, int ProcessId)
{
    /// <summary>Bytes of it.</summary>
    public const int Bytes = 20;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Purge);
        writer.Reserved(3);
        writer.U32(Request);
        writer.U32(Space);
        writer.U32(Node);
        writer.I32(ProcessId);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out PurgeMessage call)
    {
        var reader = new WireReader(message, WireKind.Purge);
        reader.Reserved(3);
        call = new PurgeMessage(reader.U32(), reader.U32(), reader.U32(), reader.I32());
        reader.Require(call.Node <= Limits.NodeIdMax && call.ProcessId >= 0, WireFault.BadNumber);
        return reader.End();
    }
}

/// <summary>
/// Orphans are removed.
/// <code>
///  0 kind u8, reserved 3    4 request u32    8 how many i32
/// </code>
/// </summary>
public readonly record struct PurgedMessage(uint Request, int Count)
{
    /// <summary>Bytes of it.</summary>
    public const int Bytes = 12;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Purged);
        writer.Reserved(3);
        writer.U32(Request);
        writer.I32(Count);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out PurgedMessage told)
    {
        var reader = new WireReader(message, WireKind.Purged);
        reader.Reserved(3);
        told = new PurgedMessage(reader.U32(), reader.I32());
        reader.Require(told.Count >= 0, WireFault.BadNumber);
        return reader.End();
    }
}
