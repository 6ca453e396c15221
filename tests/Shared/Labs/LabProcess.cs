using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tyer.Tests.Shared.Labs;

/// <summary>A process that a lab started, to be frozen and killed; what it says goes to a file.</summary>
internal sealed partial class LabProcess : IAsyncDisposable
{
    private const int Kill = 9;
    private const int Terminate = 15;
    private const int Continue = 18;
    private const int Stop = 19;

    private readonly Process _process;
    private readonly Task _written;

    private LabProcess(Process process, string log)
    {
        _process = process;
        Log = log;
        _written = WriteAsync();
    }

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <summary>The file with what it said.</summary>
    internal string Log { get; }

    /// <param name="command">Words of the command line.</param>
    /// <param name="log">The file for what it says; what is in it stays.</param>
    internal static LabProcess Start(string[] command, string log)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return new LabProcess(process, log);
    }

    /// <summary>Stops it where it is; it does not notice.</summary>
    internal void Freeze() => Signal(Stop);

    internal void Thaw() => Signal(Continue);

    internal Task KillAsync() => EndAsync(Kill);

    /// <summary>Asks it to end, and waits for that.</summary>
    internal Task TerminateAsync() => EndAsync(Terminate);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) Signal(Kill);
        await _process.WaitForExitAsync();
        await _written;
        _process.Dispose();
    }

    private async Task EndAsync(int signal)
    {
        Signal(signal);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process.WaitForExitAsync(patience.Token);
    }

    private void Signal(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0) throw new InvalidOperationException($"Process {_process.Id} cannot be signalled: it has ended.");
    }

    private async Task WriteAsync()
    {
        await using var file = new StreamWriter(Log, append: true) { AutoFlush = true };
        var gate = new SemaphoreSlim(1);
        await Task.WhenAll(CopyAsync(_process.StandardOutput), CopyAsync(_process.StandardError));

        async Task CopyAsync(StreamReader from)
        {
            while (await from.ReadLineAsync() is { } line)
            {
                await gate.WaitAsync();
                await file.WriteLineAsync(line);
                gate.Release();
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
