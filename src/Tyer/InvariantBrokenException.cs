namespace Tyer;

/// <summary><c>TYER-INVARIANT</c>: a rule that no input may break was broken. It is a bug; the node that found it stops.</summary>
public sealed class InvariantBrokenException : TyerException
{
    /// <summary>The value of <see cref="TyerException.Code"/>.</summary>
    public const string ErrorCode = "TYER-INVARIANT";

    /// <summary>Makes the exception; most callers use <see cref="Invariant.Check"/>.</summary>
    /// <param name="rule">The rule, in words, without a full stop.</param>
    public InvariantBrokenException(string rule)
        : base(
            ErrorCode,
            $"A rule was broken that no input may break: {rule}. "
            + "This is a bug in Tyer: the node stops rather than grant. Please report it with the log before it.")
    {
        Rule = rule;
    }

    /// <summary>The rule, in words.</summary>
    public string Rule { get; }
}
