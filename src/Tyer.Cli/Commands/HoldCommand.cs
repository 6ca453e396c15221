using System.CommandLine;
using Tyer.Cli.CommandLine;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer hold NAME</c>: holds a lock for whoever reads its output, until its input ends.</summary>
internal sealed class HoldCommand
{
    private readonly LockRequest _request = new();

    public Command Build(CommandRunner runner)
    {
        var command = new Command("hold", "Hold a lock until the end of input or Ctrl-C; print one line with its id and token when it is held.");
        _request.AddTo(command);
        runner.Attach(command, (invocation, cancellationToken) =>
            Holding.RunAsync(invocation, token => _request.TakeAsync(invocation, usualLabel: null, token), cancellationToken));
        return command;
    }
}
