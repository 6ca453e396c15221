namespace Tyer.Cli.Running;

/// <summary>
/// The controlling terminal, shared with the command as a shell would. The command has a process group of its own, so it is in the
/// background until the terminal is lent to it; that happens when it first asks for it (it stops with SIGTTIN or SIGTTOU). A command that
/// never does leaves the keyboard to the others of a pipeline or script, and Ctrl-C reaches it through <c>run</c>'s forwarding.
/// </summary>
internal sealed unsafe class JobTerminal : IDisposable
{
    private const string Path = "/dev/tty";

    private static bool s_keepsSettings;

    private readonly int _terminal;
    private bool _isLent;

    private JobTerminal(int terminal) => _terminal = terminal;

    /// <summary>Whether the command has the terminal.</summary>
    public bool IsLent => _isLent;

    /// <summary>The controlling terminal; null when this process has none.</summary>
    public static JobTerminal? TryOpen()
    {
        int terminal = Native.Open(Path, Native.OpenReadWrite | Native.OpenCloseOnExec);
        return terminal < 0 ? null : new JobTerminal(terminal);
    }

    /// <summary>
    /// Keeps the runtime's hands off the terminal. It believes that the settings it found are this program's, and sets them again after
    /// every stop and at exit; started in the background it found those of the shell's line editor, which are no use to the command.
    /// To be called when the runtime has set its signal handlers up.
    /// </summary>
    public static void KeepSettings()
    {
        _ = Native.SetSignalHandler(Signals.Continue, Native.SignalDefault);
        s_keepsSettings = true;
    }

    /// <summary>The last act of a process: ends it without what the runtime would do to the terminal at exit.</summary>
    public static void EndProcess(int exitCode)
    {
        if (s_keepsSettings) Native.ExitNow(exitCode);
    }

    /// <summary>Makes <paramref name="group"/> the one that reads the keyboard; false when this process is in the background itself.</summary>
    public bool TryLend(int group)
    {
        if (Native.GetForegroundGroup(_terminal) != Native.GetProcessGroup()) return false;
        _isLent = Native.SetForegroundGroup(_terminal, group) == 0;
        return _isLent;
    }

    /// <summary>Takes the terminal back if it is lent.</summary>
    public void TakeBack()
    {
        if (!_isLent) return;
        byte* stop = stackalloc byte[Native.OpaqueBytes];
        byte* former = stackalloc byte[Native.OpaqueBytes];
        _ = Native.EmptySignalSet(stop);
        _ = Native.AddToSignalSet(stop, Signals.TerminalOutput);
        // Whoever reaches for the terminal from the background is stopped, unless it blocks the signal. Ignoring it would not do: the
        // runtime sets the handler as it needs it.
        _ = Native.ChangeSignalMask(Native.Block, stop, former);
        _ = Native.SetForegroundGroup(_terminal, Native.GetProcessGroup());
        _ = Native.ChangeSignalMask(Native.SetMask, former, null);
        _isLent = false;
    }

    /// <summary>
    /// Stops this process and its whole group, as the key would have if the command were in it, so that the shell notices; returns when
    /// somebody continues it. Returns at once where the kernel does not let it stop (no shell is left that could continue it).
    /// </summary>
    public static void Suspend(int signal)
    {
        byte* former = stackalloc byte[Native.OpaqueBytes];
        _ = Native.ExchangeSignalAction(signal, null, former);
        // The others first, passing over this process; then this one, by a signal to the thread itself, which stops it here and now.
        _ = Native.SetSignalHandler(signal, Native.SignalIgnore);
        _ = Native.Kill(0, signal);
        _ = Native.SetSignalHandler(signal, Native.SignalDefault);
        _ = Native.Raise(signal);
        _ = Native.ExchangeSignalAction(signal, former, null);
    }

    /// <summary>
    /// Passes on a key that reached only the command because it had the terminal: the rest of the job would have got it too. This
    /// process does not hear it.
    /// </summary>
    public static void TellJob(int signal)
    {
        byte* former = stackalloc byte[Native.OpaqueBytes];
        _ = Native.ExchangeSignalAction(signal, null, former);
        _ = Native.SetSignalHandler(signal, Native.SignalIgnore);
        _ = Native.Kill(0, signal);
        _ = Native.ExchangeSignalAction(signal, former, null);
    }

    public void Dispose()
    {
        TakeBack();
        _ = Native.Close(_terminal);
    }
}
