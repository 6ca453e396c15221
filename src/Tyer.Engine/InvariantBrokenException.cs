namespace Tyer.Engine;

/// <summary>The engine found itself in a state that its rules exclude: a bug. The node that meets it must stop.</summary>
public sealed class InvariantBrokenException : Exception
{
    /// <summary>Creates the exception without a rule.</summary>
    public InvariantBrokenException()
    {
    }

    /// <summary>Creates the exception for the rule that was broken.</summary>
    public InvariantBrokenException(string rule)
        : base($"Invariant broken: {rule}. This is a bug in Tyer; the node stops rather than grant.")
    {
    }

    /// <summary>Creates the exception for a rule, with its cause.</summary>
    public InvariantBrokenException(string rule, Exception innerException)
        : base(rule, innerException)
    {
    }
}
