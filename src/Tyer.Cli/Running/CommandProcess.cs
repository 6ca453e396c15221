using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tyer.Cli.Running;

/// <summary>
/// The command of <c>run</c>: prepared as a helper process that waits (<see cref="CommandHelper"/>), started by "go", ended by itself or
/// by signals to its process group.
/// </summary>
/// <remarks>
/// One thread starts the process, waits for it and handles its stops, from beginning to end. The kernel takes the *thread* that started a
/// process for its parent: when that thread ends, the command gets its parent-death signal, so it must not be a thread of the pool.
/// </remarks>
internal sealed unsafe class CommandProcess : IDisposable
{
    private readonly SelfCommand _self;
    private readonly IReadOnlyList<byte[]> _command;
    private readonly JobTerminal? _terminal;
    private readonly Func<bool> _mayContinue;
    private readonly TaskCompletionSource<CommandEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private int _socket = -1;
    private readonly List<int> _early = [];
    private int _process;
    private bool _isCommand;
    private bool _reaped;

    private CommandProcess(SelfCommand self, IReadOnlyList<byte[]> command, JobTerminal? terminal, Func<bool> mayContinue)
    {
        _self = self;
        _command = command;
        _terminal = terminal;
        _mayContinue = mayContinue;
    }

    /// <summary>How it ended.</summary>
    public Task<CommandEnd> Ended => _ended.Task;

    /// <summary>Its process id, which is that of its process group too; 0 before it exists.</summary>
    public int ProcessId => Volatile.Read(ref _process);

    /// <summary>Whether its last stop or end came while it had the terminal.</summary>
    public bool HadTerminal { get; private set; }

    /// <summary>Begins to prepare the command; it does not run yet.</summary>
    /// <param name="self">How to start this program.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="terminal">The terminal to share with it, if there is one.</param>
    /// <param name="mayContinue">Asked before a stopped command is continued: the lock may have been lost meanwhile.</param>
    public static CommandProcess Prepare(SelfCommand self, IReadOnlyList<byte[]> command, JobTerminal? terminal, Func<bool> mayContinue)
    {
        var process = new CommandProcess(self, command, terminal, mayContinue);
        process.OpenSockets(out int helpersEnd);
        new Thread(() => process.Live(helpersEnd)) { Name = "command", IsBackground = true }.Start();
        return process;
    }

    /// <summary>Lets the command run, with these variables added to its environment.</summary>
    public void Go(IEnumerable<KeyValuePair<string, string>> variables)
    {
        lock (_gate)
        {
            if (_socket >= 0) HelperProtocol.Send(_socket, HelperProtocol.Encode(variables));
        }
    }

    /// <summary>
    /// Sends a signal to its process group; nothing happens when it is not there any more. While the helper has not become the command, a
    /// signal waits: the helper's own runtime would swallow it. Only a kill does not.
    /// </summary>
    public void Signal(int signal)
    {
        lock (_gate)
        {
            // Once it is reaped, its number may belong to somebody else.
            if (_reaped) return;
            if (_isCommand || (_process != 0 && signal == Signals.Kill)) _ = Native.Kill(-_process, signal);
            else _early.Add(signal);
        }
    }

    /// <summary>Lets go of it: a command that was not told to go never runs.</summary>
    public void Dispose()
    {
        // Only shut: the thread still has a use for the descriptor, whose number must not become somebody else's before.
        lock (_gate)
        {
            if (_socket >= 0) _ = Native.Shutdown(_socket, Native.BothWays);
        }
    }

    private void OpenSockets(out int helpersEnd)
    {
        int* pair = stackalloc int[2];
        if (Native.SocketPair(Native.FamilyUnix, Native.SocketStream | Native.SocketCloseOnExec, 0, pair) != 0)
            throw new IOException($"No socket pair could be made: {Marshal.GetLastPInvokeErrorMessage()}.");
        _socket = pair[0];
        helpersEnd = pair[1];
    }

    private void Live(int helpersEnd)
    {
        try
        {
            int error = Spawn(helpersEnd);
            _ = Native.Close(helpersEnd);
            if (error == 0) SendEarlySignals();
            _ended.SetResult(error == 0 ? Wait() : new CommandEnd(CommandEndKind.HelperFailed, error));
        }
        catch (Exception exception)
        {
            _ended.SetException(exception);
        }

        lock (_gate)
        {
            _ = Native.Close(_socket);
            _socket = -1;
        }
    }

    private int Spawn(int helpersEnd)
    {
        var helper = new List<byte[]>();
        helper.AddRange(_self.Arguments.Select(NativeText.Encode));
        helper.AddRange(CommandHelper.Arguments(helpersEnd, Native.GetProcessId(), _command.Count).Select(NativeText.Encode));
        helper.AddRange(_command);

        byte* attributes = stackalloc byte[Native.OpaqueBytes];
        byte* actions = stackalloc byte[Native.OpaqueBytes];
        using var arguments = new NativeText(helper);
        byte[] path = [.. NativeText.Encode(_self.Path), 0];

        _ = Native.InitializeSpawnAttributes(attributes);
        _ = Native.InitializeSpawnActions(actions);
        _ = Native.SetSpawnFlags(attributes, Native.SpawnSetGroup);
        _ = Native.SetSpawnGroup(attributes, 0);
        // A duplicate onto itself is how a spawn clears close-on-exec.
        _ = Native.AddSpawnDuplicate(actions, helpersEnd, helpersEnd);

        int error;
        lock (_gate)
        {
            fixed (byte* file = path)
            fixed (int* process = &_process)
                error = Native.Spawn(process, file, actions, attributes, arguments.Pointer, Native.Environment);
            if (error != 0) _process = 0;
        }

        _ = Native.DestroySpawnActions(actions);
        _ = Native.DestroySpawnAttributes(attributes);
        return error;
    }

    private void SendEarlySignals()
    {
        lock (_gate)
        {
            if (_early.Contains(Signals.Kill)) _ = Native.Kill(-_process, Signals.Kill);
        }

        WaitUntilCommand();
        lock (_gate)
        {
            _isCommand = true;
            foreach (int signal in _early) _ = Native.Kill(-_process, signal);
        }
    }

    /// <summary>Returns when the helper has become the command, or has ended: either closes its end of the socket.</summary>
    private void WaitUntilCommand()
    {
        var socket = new PollRequest { Descriptor = _socket };
        int result;
        do result = Native.Poll(&socket, 1, milliseconds: -1);
        while (result < 0 && Marshal.GetLastPInvokeError() == Native.ErrorInterrupted);
    }

    private CommandEnd Wait()
    {
        while (true)
        {
            int status = WaitForChange();
            if (CommandEnd.StoppedBy(status) is { } signal) OnStopped(signal);
            else return Finish(status);
        }
    }

    private int WaitForChange()
    {
        byte* unread = stackalloc byte[Native.OpaqueBytes];
        int result;
        do result = Native.WaitFor(Native.ById, (uint)_process, unread, Native.Ended | Native.Stopped | Native.LeaveReapable);
        while (result < 0 && Marshal.GetLastPInvokeError() == Native.ErrorInterrupted);
        if (result < 0) throw new UnreachableException($"Process {_process} is this one's child, and nobody else waits for it.");

        // Reaped under the gate: from then on its number may belong to somebody else, and nothing may be sent there.
        lock (_gate)
        {
            int status;
            _ = Native.WaitForProcess(_process, &status, Native.StopsToo | Native.DoNotHang);
            _reaped = CommandEnd.StoppedBy(status) is null;
            return status;
        }
    }

    private CommandEnd Finish(int status)
    {
        HadTerminal = _terminal is { IsLent: true };
        _terminal?.TakeBack();

        Span<byte> said = stackalloc byte[1 + sizeof(int)];
        int length = HelperProtocol.Receive(_socket, said, Native.DoNotWait);
        return length switch
        {
            1 => CommandEnd.OfStatus(status),
            1 + sizeof(int) => new CommandEnd(CommandEndKind.NotExecuted, MemoryMarshal.Read<int>(said[1..])),
            _ => new CommandEnd(CommandEndKind.HelperFailed, status),
        };
    }

    private void OnStopped(int signal)
    {
        // SIGSTOP is sent on purpose, by somebody who will also continue it.
        if (_terminal is null || signal == Signals.Stop) return;

        bool asksForTerminal = signal is Signals.TerminalInput or Signals.TerminalOutput;
        if (asksForTerminal && _terminal.TryLend(_process))
        {
            Signal(Signals.Continue);
            return;
        }

        bool hadTerminal = _terminal.IsLent;
        _terminal.TakeBack();
        JobTerminal.Suspend(signal);
        Resume(hadTerminal, asksForTerminal);
    }

    private void Resume(bool hadTerminal, bool asksForTerminal)
    {
        if (!_mayContinue())
        {
            Signal(Signals.Kill);
            return;
        }

        // Continued in the background: it asks again when it needs the terminal, but not in a tight circle where nobody can stop.
        bool lent = (hadTerminal || asksForTerminal) && _terminal!.TryLend(_process);
        if (asksForTerminal && !lent) Thread.Sleep(TimeSpan.FromSeconds(1));
        Signal(Signals.Continue);
    }
}
