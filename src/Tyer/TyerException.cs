namespace Tyer;

/// <summary>
/// The base of all outcomes that are not a grant. Each kind has a stable <see cref="Code"/>, with a page under <c>docs/errors</c>, and a
/// message that says what happened to which lock and what to do next.
/// </summary>
public abstract class TyerException : Exception
{
    /// <summary>Makes an exception whose message begins with its code and ends with its page.</summary>
    /// <param name="code">The stable code, such as <c>TYER-BUSY</c>.</param>
    /// <param name="message">What happened and what to do, in whole sentences.</param>
    /// <param name="innerException">What it came from, if anything.</param>
    protected TyerException(string code, string message, Exception? innerException = null)
        : base($"{code}: {message} (docs/errors/{code}.md)", innerException)
    {
        Code = code;
    }

    /// <summary>The kind of outcome, stable over versions: to search for, to count, to alert on.</summary>
    public string Code { get; }
}
