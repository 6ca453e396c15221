namespace Tyer.Cli.Running;

/// <summary>How the command of <c>run</c> ended.</summary>
/// <param name="Kind">In which way.</param>
/// <param name="Number">The exit code, the signal or the error number, by <paramref name="Kind"/>.</param>
internal readonly record struct CommandEnd(CommandEndKind Kind, int Number)
{
    /// <summary>Exit code for a command that exists and cannot be executed, as with every shell.</summary>
    public const int CannotRunCode = 126;

    /// <summary>Exit code for a command that was not found, as with every shell.</summary>
    public const int NotFoundCode = 127;

    private const int SignalCodeBase = 128;
    private const int SignalMask = 0x7f;
    private const int StopMark = 0x7f;

    /// <summary>The exit code that a shell would give.</summary>
    public int ExitCode => Kind switch
    {
        CommandEndKind.Exited => Number,
        CommandEndKind.Killed => CodeOfSignal(Number),
        CommandEndKind.NotExecuted => Number == Native.ErrorNoEntry ? NotFoundCode : CannotRunCode,
        _ => ExitCodes.Error,
    };

    public static int CodeOfSignal(int signal) => SignalCodeBase + signal;

    /// <summary>The signal that stopped it, from a status of <c>waitpid</c>; null when it ended.</summary>
    public static int? StoppedBy(int status) => (status & 0xff) == StopMark ? (status >> 8) & 0xff : null;

    /// <summary>Reads a status of <c>waitpid</c> for a process that ended.</summary>
    public static CommandEnd OfStatus(int status) => (status & SignalMask) is var signal and not 0
        ? new CommandEnd(CommandEndKind.Killed, signal)
        : new CommandEnd(CommandEndKind.Exited, (status >> 8) & 0xff);
}

internal enum CommandEndKind
{
    /// <summary>By itself, with an exit code.</summary>
    Exited,

    /// <summary>By a signal.</summary>
    Killed,

    /// <summary>It never ran: the system refused to execute it, with an error number.</summary>
    NotExecuted,

    /// <summary>It never ran: the helper did not start.</summary>
    HelperFailed,
}
