namespace Tyer.Sessions.Wire;

/// <summary>
/// What is wrong with a message. Any of them ends the connection that it came over, and touches nothing else. The names go into logs and
/// to the other side.
/// </summary>
public enum WireFault
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Not a kind of message that this side takes.</summary>
    UnknownKind,

    /// <summary>It ends too early.</summary>
    Truncated,

    /// <summary>It goes on after its end.</summary>
    TrailingBytes,

    /// <summary>A field that must be zero is not.</summary>
    ReservedBits,

    /// <summary>A number is none of those that the field can have.</summary>
    BadNumber,

    /// <summary>A name or value is longer than it may be, or empty where it must not be.</summary>
    BadLength,

    /// <summary>A text is not UTF-8, or has characters that it must not have.</summary>
    BadText,

    /// <summary>It is not this protocol at all.</summary>
    BadMagic,

    /// <summary>It makes sense, but not now.</summary>
    WrongState,
}
