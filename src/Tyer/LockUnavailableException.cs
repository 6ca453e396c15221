namespace Tyer;

/// <summary>Why nobody could decide.</summary>
public enum UnavailableReason
{
    /// <summary>No node answers: none runs there, or the connection was lost while a request waited.</summary>
    Unreachable,

    /// <summary>The node's side of the cluster has no quorum and grants nothing (rule S2).</summary>
    NoQuorum,

    /// <summary>The node is stopping or has left.</summary>
    Stopping,

    /// <summary>The node is starting, and must not grant yet: holders from before an unclean stop may still be at work.</summary>
    Starting,

    /// <summary>Some members did not answer in time: what was answered is not the whole.</summary>
    Incomplete,
}

/// <summary>
/// <c>TYER-UNAVAILABLE</c>: nobody could decide, and nothing was granted. Asking again later may succeed; asking again is harmless.
/// </summary>
public sealed class LockUnavailableException : TyerException
{
    /// <summary>The value of <see cref="TyerException.Code"/>.</summary>
    public const string ErrorCode = "TYER-UNAVAILABLE";

    /// <summary>Makes the exception.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="what">What was asked, for the beginning of a sentence: a <see cref="LockAttempt"/>, or <c>connecting to
    /// unix:/…</c>.</param>
    /// <param name="detail">Which node, which address, which members are missing: as a sentence without its full stop.</param>
    /// <param name="innerException">What it came from, if anything.</param>
    public LockUnavailableException(UnavailableReason reason, string what, string detail, Exception? innerException = null)
        : base(ErrorCode, $"{what} {Describe(reason)}: {detail}.", innerException)
    {
        Reason = reason;
        What = what;
        Detail = detail;
    }

    /// <summary>Why.</summary>
    public UnavailableReason Reason { get; }

    /// <summary>What was asked: the message's subject.</summary>
    public string What { get; }

    /// <summary>Who or what is missing, as the message says it, without its full stop.</summary>
    public string Detail { get; }

    private static string Describe(UnavailableReason reason) => reason switch
    {
        UnavailableReason.Unreachable => "failed (unreachable)",
        UnavailableReason.NoQuorum => "could not be decided (no quorum)",
        UnavailableReason.Stopping => "could not be decided (the node is stopping)",
        UnavailableReason.Starting => "could not be decided (the node is starting)",
        UnavailableReason.Incomplete => "is incomplete",
        _ => $"could not be decided ({reason})",
    };
}
