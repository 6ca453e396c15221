using System.Globalization;
using System.Runtime.InteropServices;

namespace Tyer.Cli.Running;

/// <summary>Passes the signals that this process gets on to somebody, instead of their usual effect.</summary>
internal sealed class SignalForwarding : IDisposable
{
    private static readonly int[] Forwarded =
        [Signals.Interrupt, Signals.Terminate, Signals.Hangup, Signals.Quit, Signals.User1, Signals.User2];

    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>Begins to pass signals on; <paramref name="receive"/> is called on a thread of the pool.</summary>
    /// <param name="withTerminal">Whether the key that suspends a job is passed on too.</param>
    /// <param name="receive">Takes the number of the signal.</param>
    public SignalForwarding(bool withTerminal, Action<int> receive)
    {
        ulong ignored = IgnoredAtStart();
        foreach (int signal in withTerminal ? [.. Forwarded, Signals.TerminalStop] : Forwarded)
        {
            // Whoever started this program with a signal ignored (nohup) means the command too.
            if ((ignored >> (signal - 1) & 1) != 0) continue;
            _registrations.Add(PosixSignalRegistration.Create((PosixSignal)signal, context =>
            {
                context.Cancel = true;
                receive(signal);
            }));
        }
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
    }

    /// <summary>One bit per signal, the lowest for signal 1.</summary>
    private static ulong IgnoredAtStart()
    {
        const string label = "SigIgn:";
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(label, StringComparison.Ordinal));
        return line is null ? 0 : ulong.Parse(line.AsSpan(label.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
