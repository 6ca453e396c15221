namespace Tyer;

/// <summary><c>TYER-INVARIANT</c>: a rule that no input may break was broken. It is a bug; the node that found it stops.</summary>
public sealed class InvariantException : TyerException
{
    /// <summary>The value of <see cref="TyerException.Code"/>.</summary>
    public const string ErrorCode = "TYER-INVARIANT";

    internal InvariantException(string rule, string expression)
        : base(ErrorCode, $"A rule was broken that no input may break: {rule} (checked: {expression}). This is a bug in Tyer; please report it with this text and the log before it.")
    {
        Rule = rule;
    }

    /// <summary>The rule, in words.</summary>
    public string Rule { get; }
}
