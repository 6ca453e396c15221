namespace Tyer.Cli.CommandLine;

/// <summary>What a command is about: a lock or a resource.</summary>
/// <param name="Lock">The lock; null: it is a resource.</param>
/// <param name="Resource">The resource; null: it is a lock.</param>
internal readonly record struct Subject(LockId? Lock, ResourceName? Resource)
{
    private const string IdPrefix = "id:";

    /// <summary>Reads a lock id or a name.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="isName">Whether it is a name, whatever it looks like.</param>
    /// <exception cref="CommandFailure">It is neither.</exception>
    public static Subject Parse(string text, bool isName)
    {
        try
        {
            return text.StartsWith(IdPrefix, StringComparison.Ordinal) && !isName
                ? new Subject(LockId.Parse(text), null)
                : new Subject(null, ResourceName.Parse(text));
        }
        catch (FormatException exception)
        {
            string hint = text.StartsWith(IdPrefix, StringComparison.Ordinal) && !isName ? " If it is the name of a resource, say --name." : "";
            throw new CommandFailure(ExitCodes.Usage, exception.Message + hint, exception);
        }
    }

    /// <summary>The query for it.</summary>
    public ResourceQuery Query => new() { Lock = Lock, Resource = Resource };

    /// <summary>For messages: the id, or the name in quotes.</summary>
    public override string ToString() => Lock is { } id ? id.ToString() : $"'{Resource}'";
}
