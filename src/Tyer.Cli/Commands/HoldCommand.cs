using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Output;
using Tyer.Cli.Running;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer hold NAME</c>: holds a lock for whoever reads its output, until its input ends.</summary>
internal sealed class HoldCommand
{
    private readonly LockRequest _request = new();

    public Command Build(CommandRunner runner)
    {
        var command = new Command("hold", "Hold a lock until the end of input or Ctrl-C; print one line with its id and token when it is held.");
        _request.AddTo(command);
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        using var interruption = new Interruption(cancellationToken);
        HeldLock held;
        try
        {
            held = await _request.TakeAsync(invocation, usualLabel: null, interruption.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (interruption.Signal != 0)
        {
            throw new CommandFailure(CommandEnd.CodeOfSignal(interruption.Signal), $"{Signals.NameOf(interruption.Signal)} ended the wait for the lock.");
        }

        await using (held.ConfigureAwait(false))
        {
            Print(invocation, held);
            await UntilToldAsync(invocation.Surroundings.In, held.Handle.Lost, interruption.Token).ConfigureAwait(false);
            held.Handle.ThrowIfLost();
            return ExitCodes.Ok;
        }
    }

    private static void Print(Invocation invocation, HeldLock held)
    {
        LockHandle handle = held.Handle;
        if (invocation.Format == OutputFormat.Json)
            JsonPrinter.Print(invocation.Out, new HeldDocument(held.Lockspace, handle.Resource, handle.Mode, handle.Id, handle.Token, handle.Token.ToInt64()), onOneLine: true);
        else
            invocation.Out.WriteLine($"{handle.Id} {handle.Token}");
        invocation.Out.Flush();
    }

    private static async Task UntilToldAsync(TextReader input, CancellationToken lost, CancellationToken told)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(lost, told);
        // A read from a terminal or a pipe cannot be called off; it is left behind when something else ends the command.
        Task ended = Task.Run(() => ReadToEnd(input), CancellationToken.None);
        await Task.WhenAny(ended, Task.Delay(Timeout.Infinite, either.Token)).ConfigureAwait(false);
    }

    private static void ReadToEnd(TextReader input)
    {
        while (input.ReadLine() is not null)
        {
            // What is typed means nothing; only the end does.
        }
    }
}
