namespace Tyer.Node.Administration;

/// <summary>Refusals of what an operator, or a control daemon, has ordered.</summary>
internal static class BadRequest
{
    /// <param name="what">What was ordered, for the beginning of a sentence.</param>
    /// <param name="why">Why it is refused: the rest of the sentence.</param>
    internal static LockRefusedException Of(string what, string why) => new(RefusalReason.BadRequest, what, why);

    /// <summary>The same by an exception's words, without the parameter that .NET appends: whoever ordered has never seen it.</summary>
    internal static LockRefusedException Of(string what, Exception fault) =>
        Of(what, fault.Message.Replace($" (Parameter '{(fault as ArgumentException)?.ParamName}')", "", StringComparison.Ordinal).TrimEnd('.'));
}
