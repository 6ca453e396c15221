using System.CommandLine;
using Tyer.Cli.Output;
using Tyer.Cli.Running;

namespace Tyer.Cli.CommandLine;

/// <summary>Runs the actions of commands: what goes wrong becomes a message and an exit code.</summary>
internal sealed class CommandRunner(GlobalOptions globals, Surroundings surroundings)
{
    /// <summary>Gives a command its action.</summary>
    /// <param name="command">The command.</param>
    /// <param name="action">What it does; returns the exit code.</param>
    /// <param name="failureCode">The code that takes the place of those of failures, if one was asked for.</param>
    public void Attach(Command command, Func<Invocation, CancellationToken, Task<int>> action, Func<Invocation, int?>? failureCode = null) =>
        command.SetAction((parsed, cancellationToken) =>
        {
            var invocation = new Invocation(parsed, globals, surroundings);
            return RunAsync(invocation, action, failureCode?.Invoke(invocation), cancellationToken);
        });

    private static async Task<int> RunAsync(
        Invocation invocation, Func<Invocation, CancellationToken, Task<int>> action, int? failureCode, CancellationToken cancellationToken)
    {
        try
        {
            return await action(invocation, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return failureCode ?? CommandEnd.CodeOfSignal(Signals.Interrupt);
        }
        catch (Exception exception) when (Failures.Of(exception) is { } known)
        {
            FailureDetails failure = failureCode is { } code ? known with { ExitCode = code } : known;
            Failures.Print(invocation.Surroundings.Error, invocation.Format, failure);
            return failure.ExitCode;
        }
    }
}
