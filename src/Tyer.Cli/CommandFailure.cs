namespace Tyer.Cli;

/// <summary>A command cannot go on, for a reason of its own: an exit code and what to tell.</summary>
internal sealed class CommandFailure(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
