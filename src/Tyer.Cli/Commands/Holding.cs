using Tyer.Cli.CommandLine;
using Tyer.Cli.Output;
using Tyer.Cli.Running;

namespace Tyer.Cli.Commands;

/// <summary>The part that <c>hold</c> and <c>orphans adopt</c> share: a lock for whoever reads the output, until the input ends.</summary>
internal static class Holding
{
    /// <summary>Gets the lock, says so, and holds it until the end of input or a signal.</summary>
    /// <param name="invocation">What was asked for.</param>
    /// <param name="take">Gets the lock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<int> RunAsync(Invocation invocation, Func<CancellationToken, Task<HeldLock>> take, CancellationToken cancellationToken)
    {
        using var interruption = new Interruption(cancellationToken);
        HeldLock held;
        try
        {
            held = await take(interruption.Token).ConfigureAwait(false);
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
            held.StaysBehind &= interruption.Signal != 0;
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
