using System.CommandLine;
using System.Globalization;
using System.Text;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Running;

namespace Tyer.Cli.Commands;

/// <summary>The part that <c>run</c> and <c>orphans adopt</c> share: a command that runs while a lock is held, and not a moment longer.</summary>
internal sealed class GuardedCommand
{
    private static readonly TimeSpan UsualGrace = TimeSpan.FromSeconds(5);

    private readonly Option<TimeSpan?> _grace = new("--grace")
    {
        Description = "When the lock is lost, the command gets SIGTERM at once and SIGKILL after this time, or sooner if somebody else may have the lock then. Default: 5s.",
        HelpName = "SPAN",
        CustomParser = Values.OptionalSpan,
    };

    private readonly Option<int?> _ownCode = new("--exit-code", "-E")
    {
        Description = "Exit with this code whenever the command did not run to its own end, to tell that from the command's codes.",
        HelpName = "N",
        CustomParser = Values.ExitCode,
    };

    public Argument<string[]> Words { get; } = new("command")
    {
        HelpName = "CMD",
        Description = "The command and its arguments, after '--'.",
        Arity = ArgumentArity.OneOrMore,
    };

    public void AddTo(Command command)
    {
        command.Add(Words);
        command.Add(_grace);
        command.Add(_ownCode);
    }

    /// <summary>The code that takes the place of those of failures, if one was asked for.</summary>
    public int? OwnCode(Invocation invocation) => invocation.Get(_ownCode);

    /// <summary>Gets the lock, and runs the command under it.</summary>
    /// <param name="invocation">What was asked for.</param>
    /// <param name="take">Gets the lock; it is given what to call the holder where nothing was said.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The command's exit code.</returns>
    public async Task<int> RunAsync(Invocation invocation, Func<string?, CancellationToken, Task<HeldLock>> take, CancellationToken cancellationToken)
    {
        string[] words = invocation.Get(Words)!;
        if (!CommandLookup.Exists(words[0], Environment.GetEnvironmentVariable("PATH")))
            throw new CommandFailure(CommandEnd.NotFoundCode, $"the command '{words[0]}' was not found.");

        using JobTerminal? terminal = JobTerminal.TryOpen();
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        HeldLock? held = null;
        using CommandProcess command = CommandProcess.Prepare(
            invocation.Surroundings.Self, Bytes(words), terminal, () => held is not null && LossGuard.IsSafe(held.Handle));
        int interruptedBy = 0;
        using var signals = new SignalForwarding(terminal is not null, signal =>
        {
            if (Volatile.Read(ref held) is not null) command.Signal(signal);
            else if (signal == Signals.TerminalStop) JobTerminal.Suspend(signal);
            else if (signal is not (Signals.User1 or Signals.User2)) GiveUp(signal);
        });
        if (terminal is not null) JobTerminal.KeepSettings();

        try
        {
            Volatile.Write(ref held, await take(LabelFor(words[0]), givenUp.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (interruptedBy != 0)
        {
            throw new CommandFailure(CommandEnd.CodeOfSignal(interruptedBy), $"{Signals.NameOf(interruptedBy)} ended the wait for the lock.");
        }

        await using (held.ConfigureAwait(false))
            return await RunUnderAsync(held, command, invocation, words[0]).ConfigureAwait(false);

        void GiveUp(int signal)
        {
            interruptedBy = signal;
            givenUp.Cancel();
        }
    }

    private async Task<int> RunUnderAsync(HeldLock held, CommandProcess command, Invocation invocation, string name)
    {
        command.Go(held.Variables);
        var guard = new LossGuard(held.Handle, invocation.Surroundings.Clock, invocation.Get(_grace) ?? UsualGrace, command.Signal, invocation.Say);
        using var over = new CancellationTokenSource();
        Task watch = guard.RunAsync(over.Token);
        CommandEnd end = await command.Ended.ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        await watch.ConfigureAwait(false);

        held.StaysBehind &= end is not { Kind: CommandEndKind.Exited, Number: 0 };

        // Also when the command came to its end just then: part of its work may have been done without the lock.
        if (guard.HasStopped || held.Handle.LostBecause is not null)
            throw new CommandFailure(ExitCodes.Lost, Describe(held.Handle, name, end));
        return end.Kind switch
        {
            CommandEndKind.NotExecuted => throw new CommandFailure(
                end.ExitCode, $"the command '{name}' cannot be executed: {new System.ComponentModel.Win32Exception(end.Number).Message}."),
            CommandEndKind.HelperFailed => throw new CommandFailure(
                ExitCodes.Error, string.Create(CultureInfo.InvariantCulture, $"the command was not started: the helper process failed ({end.Number}).")),
            _ => Pass(end, command.HadTerminal),
        };
    }

    private static string Describe(LockHandle handle, string name, CommandEnd end)
    {
        string how = end.Kind == CommandEndKind.Killed ? $"was ended by {Signals.NameOf(end.Number)}" : "has ended";
        string why = handle.LostBecause is { } reason ? $"was lost while it ran ({reason})" : "was about to be lost";
        return $"'{name}' {how}: the lock on '{handle.Resource}' ({handle.Id}, token {handle.Token}) {why}. Systems that check the token refuse what it still writes.";
    }

    /// <summary>The command's code. A Ctrl-C that ended it while it had the terminal would have reached the rest of the job, too.</summary>
    private static int Pass(CommandEnd end, bool hadTerminal)
    {
        if (hadTerminal && end is { Kind: CommandEndKind.Killed, Number: Signals.Interrupt }) JobTerminal.TellJob(Signals.Interrupt);
        return end.ExitCode;
    }

    /// <summary>The command's name says best what holds the lock; a name that is too odd for that says nothing.</summary>
    private static string? LabelFor(string command) => Path.GetFileName(command) is { Length: > 0 } name && Values.IsLabel(name) ? name : null;

    /// <summary>The command's words as they were given; this process's own tail, unless it was called with other words.</summary>
    private static IReadOnlyList<byte[]> Bytes(string[] words)
    {
        IReadOnlyList<byte[]> raw = RawArguments.Last(words.Length);
        return raw.Select(Encoding.UTF8.GetString).SequenceEqual(words) ? raw : [.. words.Select(NativeText.Encode)];
    }
}
