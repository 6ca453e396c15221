using Tyer.Cli.Output;
using Tyer.Cluster.State;

namespace Tyer.Cli;

/// <summary>What an exception means to whoever called: an exit code and words.</summary>
internal static class Failures
{
    /// <summary>The failure behind an exception; null when it is a bug, which the runtime reports best.</summary>
    public static FailureDetails? Of(Exception exception) => exception switch
    {
        CommandFailure failure => new FailureDetails { ExitCode = failure.ExitCode, Message = failure.Message, Code = (failure.InnerException as TyerException)?.Code },
        LockTimeoutException busy => Detailed(ExitCodes.Busy, busy) with
        {
            Holders = busy.Holders,
            QueuePosition = busy.QueuePosition,
            RootBlocker = busy.RootBlocker,
            Waited = busy.Waited,
        },
        LockLostException lost => Detailed(ExitCodes.Lost, lost) with { Reason = lost.Reason.ToString() },
        LockUnavailableException unavailable => Detailed(ExitCodes.Unavailable, unavailable) with { Reason = unavailable.Reason.ToString() },
        LockRefusedException refused => Detailed(ExitCodes.Refused, refused) with { Reason = refused.Reason.ToString() },
        DeadlockException deadlock => Detailed(ExitCodes.Deadlock, deadlock) with { Cycle = deadlock.Cycle },
        OutcomeUnknownException unknown => Detailed(ExitCodes.Unknown, unknown),
        StateDirectoryException state => new FailureDetails { ExitCode = ExitCodes.Error, Message = state.Message, Reason = state.Fault.ToString() },
        IOException or UnauthorizedAccessException => new FailureDetails { ExitCode = ExitCodes.Error, Message = exception.Message },
        _ => null,
    };

    /// <summary>Prints a failure where and how the caller expects it.</summary>
    public static void Print(TextWriter error, OutputFormat format, FailureDetails failure)
    {
        if (format == OutputFormat.Json) JsonPrinter.Print(error, new FailureDocument(failure));
        else error.WriteLine($"{CommandLine.TyerCommand.Name}: {failure.Message}");
    }

    private static FailureDetails Detailed(int exitCode, TyerException exception) =>
        new() { ExitCode = exitCode, Code = exception.Code, Message = exception.Message };
}
