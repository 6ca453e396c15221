namespace Tyer;

/// <summary>Why something was refused: asking again changes nothing until somebody changes something.</summary>
public enum RefusalReason
{
    /// <summary>A limit is reached; the message names it and its value.</summary>
    LimitReached,

    /// <summary>A name is malformed or reserved.</summary>
    BadName,

    /// <summary>Mode, flags, sizes or ids make no sense together.</summary>
    BadRequest,

    /// <summary>The user may not do this here.</summary>
    NotPermitted,

    /// <summary>The lockspace is open with other <see cref="LockspaceOptions"/>; the message tells which.</summary>
    OptionsDiffer,

    /// <summary>An administrator has frozen the lockspace.</summary>
    Frozen,

    /// <summary>The counter of fencing tokens is at its end and no new view could be had.</summary>
    TokensExhausted,

    /// <summary>A member is too old for what was asked, or the node cannot be one as it is.</summary>
    NotSupported,
}

/// <summary><c>TYER-REFUSED</c>: the answer is no, for a reason that waiting does not cure.</summary>
public sealed class LockRefusedException : TyerException
{
    /// <summary>The value of <see cref="TyerException.Code"/>.</summary>
    public const string ErrorCode = "TYER-REFUSED";

    /// <summary>Makes the exception.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="what">What was asked, for the beginning of a sentence: a <see cref="LockAttempt"/>, or <c>opening lockspace
    /// 'x'</c>.</param>
    /// <param name="detail">The limit, the name, the difference: what must change, as a sentence without its full stop.</param>
    public LockRefusedException(RefusalReason reason, string what, string detail)
        : base(ErrorCode, $"{what} was refused ({Describe(reason)}): {detail}.")
    {
        Reason = reason;
        What = what;
        Detail = detail;
    }

    /// <summary>Why.</summary>
    public RefusalReason Reason { get; }

    /// <summary>What was asked: the message's subject.</summary>
    public string What { get; }

    /// <summary>What must change, as the message says it, without its full stop.</summary>
    public string Detail { get; }

    private static string Describe(RefusalReason reason) => reason switch
    {
        RefusalReason.LimitReached => "a limit is reached",
        RefusalReason.BadName => "bad name",
        RefusalReason.BadRequest => "bad request",
        RefusalReason.NotPermitted => "not permitted",
        RefusalReason.OptionsDiffer => "options differ",
        RefusalReason.Frozen => "frozen",
        RefusalReason.TokensExhausted => "tokens exhausted",
        RefusalReason.NotSupported => "not supported",
        _ => reason.ToString(),
    };
}
