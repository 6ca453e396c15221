namespace Tyer.Comms.Frames;

/// <summary>
/// What was wrong with the bytes that came over a link. Each closes that link and touches nothing else. The numbers are stable: they go
/// to the other side and into logs.
/// </summary>
public enum FrameError
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>The length field is beyond the limit of this link; what a stranger's protocol usually looks like.</summary>
    BodyTooLong = 1,

    /// <summary>A kind that this version does not know and must not skip.</summary>
    UnknownKind = 2,

    /// <summary>A bit is set that this version keeps for later.</summary>
    ReservedBits = 3,

    /// <summary>The checksum does not fit: the bytes were damaged, or are no frame.</summary>
    BadChecksum = 4,

    /// <summary>A known kind at the wrong time or on the wrong sort of link.</summary>
    KindNotAllowed = 5,

    /// <summary>The frame is whole, its body is not what its kind demands.</summary>
    MalformedBody = 6,

    /// <summary>A message is missing between the last one and this one.</summary>
    SequenceGap = 7,

    /// <summary>An acknowledgement of something that was never sent.</summary>
    AckBeyondSent = 8,

    /// <summary>The link ended in the middle of a frame.</summary>
    Truncated = 9,

    /// <summary>More was sent than had been allowed.</summary>
    CreditOverrun = 10,

    /// <summary>The seal does not fit: the bytes were damaged or changed on the way, or come from somebody else.</summary>
    BadSeal = 20,
}
