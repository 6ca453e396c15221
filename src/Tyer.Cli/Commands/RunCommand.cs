using System.CommandLine;
using Tyer.Cli.CommandLine;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer run NAME -- CMD…</c>: runs a command while it holds a lock.</summary>
internal sealed class RunCommand
{
    private readonly LockRequest _request = new();
    private readonly GuardedCommand _command = new();

    public Command Build(CommandRunner runner)
    {
        var command = new Command("run", "Run a command while holding a lock; exit with its exit code.");
        _request.AddTo(command);
        _command.AddTo(command);
        runner.Attach(
            command,
            (invocation, cancellationToken) => _command.RunAsync(invocation, (label, token) => _request.TakeAsync(invocation, label, token), cancellationToken),
            _command.OwnCode);
        return command;
    }
}
