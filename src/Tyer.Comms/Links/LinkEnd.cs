using System.Net.Sockets;
using Tyer.Comms.Frames;

namespace Tyer.Comms.Links;

/// <summary>Which of the ways in which a link can end it was.</summary>
public enum LinkEndReason
{
    /// <summary>It has not ended.</summary>
    None = 0,

    /// <summary>This side closed it.</summary>
    Closed = 1,

    /// <summary>The other side closed it, or its process ended.</summary>
    RemoteClosed = 2,

    /// <summary>The system reported an error; see <see cref="LinkEnd.SocketError"/>.</summary>
    NetworkFailure = 3,

    /// <summary>The other side sent what it must not; see <see cref="LinkEnd.FrameError"/>.</summary>
    ProtocolError = 4,

    /// <summary>One side refused the other; see <see cref="LinkEnd.Refusal"/>.</summary>
    Refused = 5,

    /// <summary>A time budget ran out.</summary>
    Timeout = 6,

    /// <summary>A newer link between the same two nodes took its place.</summary>
    Replaced = 7,

    /// <summary>The other node said goodbye: it has left, and nothing is lost.</summary>
    TearDown = 8,

    /// <summary>Membership cut the node off.</summary>
    Fenced = 9,

    /// <summary>The receiver threw; see <see cref="LinkEnd.Fault"/>.</summary>
    HandlerFailed = 10,

    /// <summary>What the other side had proved itself by is not believed any more; see <see cref="LinkEnd.Refusal"/>.</summary>
    Withdrawn = 11,
}

/// <summary>Why a link ended: the first cause, not what followed from it.</summary>
/// <param name="Reason">The way in which it ended.</param>
/// <param name="FrameError">What was malformed, for <see cref="LinkEndReason.ProtocolError"/>.</param>
/// <param name="Refusal">The code, for <see cref="LinkEndReason.Refused"/> and <see cref="LinkEndReason.Withdrawn"/>.</param>
/// <param name="SocketError">The system's error, for <see cref="LinkEndReason.NetworkFailure"/>.</param>
/// <param name="Fault">What was thrown, for <see cref="LinkEndReason.HandlerFailed"/>.</param>
public readonly record struct LinkEnd(
    LinkEndReason Reason,
    FrameError FrameError = FrameError.None,
    RefusalCode Refusal = RefusalCode.None,
    SocketError SocketError = SocketError.Success,
    Exception? Fault = null)
{
    /// <summary>What happened, in words for logs and operators: the rest of a sentence.</summary>
    public override string ToString() => Reason switch
    {
        LinkEndReason.Closed => "this side closed the connection",
        LinkEndReason.RemoteClosed => "the other side closed the connection, or its process ended",
        LinkEndReason.NetworkFailure when SocketError == SocketError.ConnectionReset => "the other side reset the connection, or its process ended",
        LinkEndReason.NetworkFailure => $"the system reported an error on the connection ({SocketError})",
        LinkEndReason.ProtocolError => $"the other side sent what it must not ({FrameError})",
        LinkEndReason.Refused => $"the connection was refused ({Refusal})",
        LinkEndReason.Timeout => "the other side did not answer in time",
        LinkEndReason.Replaced => "a newer connection took its place",
        LinkEndReason.TearDown => "the other side has left in order",
        LinkEndReason.Fenced => "membership cut the other side off",
        LinkEndReason.HandlerFailed => $"a message could not be handled ({Fault?.Message})",
        LinkEndReason.Withdrawn => $"what the other side had proved itself by is not believed any more ({Refusal})",
        _ => "it has not ended",
    };
}
