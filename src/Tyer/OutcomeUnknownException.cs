namespace Tyer;

/// <summary>Names one operation on one lock. Whoever repeats an operation under its old id gets the old answer.</summary>
/// <param name="Lock">The lock.</param>
/// <param name="Operation">Counts the operations on it.</param>
public readonly record struct RequestId(LockId Lock, ulong Operation)
{
    /// <summary>Lock id, slash, operation: <c>id:4000000000002a/3</c>.</summary>
    public override string ToString() => $"{Lock}/{Operation}";
}

/// <summary>
/// <c>TYER-UNKNOWN</c>: the operation may or may not have happened, and nobody can tell any more (rule S5). It is not a failure.
/// </summary>
/// <remarks>
/// It happens to a release that carries a value, when the connection breaks before the answer: the lock is free, whether the value was
/// committed is in doubt. Lock again and read the value.
/// </remarks>
public sealed class OutcomeUnknownException : TyerException
{
    /// <summary>The value of <see cref="TyerException.Code"/>.</summary>
    public const string ErrorCode = "TYER-UNKNOWN";

    /// <summary>Makes the exception.</summary>
    /// <param name="requestId">The operation.</param>
    /// <param name="what">What was asked, for the beginning of a sentence: <c>The release of EX on 'orders/42' with a value</c>.</param>
    /// <param name="detail">What happened instead of an answer, as a sentence without its full stop.</param>
    /// <param name="innerException">What it came from, if anything.</param>
    public OutcomeUnknownException(RequestId requestId, string what, string detail, Exception? innerException = null)
        : base(
            ErrorCode,
            $"{what} may or may not have happened: {detail}. Request {requestId}. "
            + "Lock again and look at the value before you rely on either.",
            innerException)
    {
        RequestId = requestId;
    }

    /// <summary>The operation, as it stands in the logs of both sides.</summary>
    public RequestId RequestId { get; }
}
