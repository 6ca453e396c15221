namespace Tyer.Sessions.Wire;

/// <summary>
/// I am alive. The node repeats the moment in its answer, so that the client counts from when it sent what was heard.
/// <code>
///  0 kind u8, reserved 7    8 sent at i64 (ticks of the client's clock)
/// </code>
/// </summary>
public readonly record struct KeepAliveMessage(TimeSpan SentAt)
{
    /// <summary>Bytes of it.</summary>
    public const int Bytes = 16;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.KeepAlive);
        writer.Reserved(7);
        writer.Ticks(SentAt);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out KeepAliveMessage told)
    {
        var reader = new WireReader(message, WireKind.KeepAlive);
        reader.Reserved(7);
        told = new KeepAliveMessage(reader.Ticks());
        return reader.End();
    }
}

/// <summary>
/// I heard it.
/// <code>
///  0 kind u8, reserved 7    8 sent at i64    16 safe for i64
/// </code>
/// </summary>
/// <param name="SentAt">When the client sent what was heard, by the client's clock.</param>
/// <param name="SafeFor">For how long the node's sessions are safe, from then or later; <see cref="TimeSpan.MaxValue"/> without a lease.</param>
public readonly record struct KeepAliveHeardMessage(TimeSpan SentAt, TimeSpan SafeFor)
{
    /// <summary>Bytes of it.</summary>
    public const int Bytes = 24;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.KeepAliveHeard);
        writer.Reserved(7);
        writer.Ticks(SentAt);
        writer.Ticks(SafeFor);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out KeepAliveHeardMessage told)
    {
        var reader = new WireReader(message, WireKind.KeepAliveHeard);
        reader.Reserved(7);
        told = new KeepAliveHeardMessage(reader.Ticks(), reader.Ticks());
        reader.Require(told.SafeFor >= TimeSpan.Zero, WireFault.BadNumber);
        return reader.End();
    }
}
