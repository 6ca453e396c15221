namespace Tyer.Sessions.Wire;

/// <summary>In which class of outcome something failed.</summary>
public enum FailureClass : byte
{
    /// <summary>Refused; the reason is a <see cref="RefusalReason"/>.</summary>
    Refused = 0,

    /// <summary>Nobody could decide; the reason is an <see cref="UnavailableReason"/>.</summary>
    Unavailable = 1,

    /// <summary>The other side sent what it must not; the reason is a <see cref="WireFault"/>.</summary>
    Protocol = 2,

    /// <summary>A bug of the side that answers; its log has more.</summary>
    Internal = 3,
}

/// <summary>
/// Something could not be done, and why. The answer to a request; or, with request 0, to the connection as a whole, which then ends. Its
/// form is the same in every version of the protocol.
/// <code>
///  0 kind u8    1 class u8    2 reason u8    3 reserved    4 request u32    8 texts: what, detail
/// </code>
/// </summary>
public readonly record struct FailedMessage
{
    /// <summary>Bytes of the longest one.</summary>
    public const int BytesMax = 8 + 2 * (2 + WireLimits.SentenceBytesMax);

    /// <summary>The class.</summary>
    public FailureClass Class { get; init; }

    /// <summary>The reason within the class.</summary>
    public byte Reason { get; init; }

    /// <summary>The request; 0 = the connection.</summary>
    public uint Request { get; init; }

    /// <summary>What was asked, for the beginning of a sentence.</summary>
    public string What { get; init; }

    /// <summary>What was in the way, as a sentence without its full stop.</summary>
    public string Detail { get; init; }

    /// <summary>How the side that fails says it.</summary>
    public static FailedMessage From(uint request, Exception exception, string what) => exception switch
    {
        LockRefusedException refused => new FailedMessage
        {
            Class = FailureClass.Refused, Reason = (byte)refused.Reason, Request = request, What = refused.What, Detail = refused.Detail,
        },
        LockUnavailableException unavailable => new FailedMessage
        {
            Class = FailureClass.Unavailable, Reason = (byte)unavailable.Reason, Request = request, What = unavailable.What, Detail = unavailable.Detail,
        },
        ArgumentException argument => new FailedMessage
        {
            Class = FailureClass.Refused, Reason = (byte)RefusalReason.BadRequest, Request = request, What = what, Detail = argument.Message.TrimEnd('.'),
        },
        _ => new FailedMessage
        {
            Class = FailureClass.Internal, Request = request, What = what, Detail = $"an error inside the node, which its log tells more about ({exception.GetType().Name})",
        },
    };

    /// <summary>How the side that is told says it to its caller.</summary>
    public Exception ToException() => Class switch
    {
        FailureClass.Refused => new LockRefusedException((RefusalReason)Reason, What, Detail),
        FailureClass.Unavailable => new LockUnavailableException((UnavailableReason)Reason, What, Detail),
        FailureClass.Protocol => new LockUnavailableException(
            UnavailableReason.Unreachable, What, $"the node ended the connection because of a malformed message ({(WireFault)Reason}): {Detail}"),
        _ => new LockUnavailableException(UnavailableReason.Unreachable, What, Detail),
    };

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Failed);
        writer.U8((byte)Class);
        writer.U8(Reason);
        writer.Reserved(1);
        writer.U32(Request);
        writer.Text(What, WireLimits.SentenceBytesMax);
        writer.Text(Detail, WireLimits.SentenceBytesMax);
        return writer.Length;
    }

    /// <summary>Reads it. Reasons that this version does not know are left as their numbers: a newer node may have more.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out FailedMessage failed)
    {
        var reader = new WireReader(message, WireKind.Failed);
        var failure = (FailureClass)reader.Below((int)FailureClass.Internal + 1);
        var reason = reader.U8();
        reader.Reserved(1);
        var request = reader.U32();
        var what = reader.Text(WireLimits.SentenceBytesMax);
        var detail = reader.Text(WireLimits.SentenceBytesMax);
        var fault = reader.End();
        failed = fault != WireFault.None
            ? default
            : new FailedMessage { Class = failure, Reason = reason, Request = request, What = what, Detail = detail };
        return fault;
    }
}
