using System.Diagnostics;
using Tyer.Cli.Running;

namespace Tyer.Cli.Trials;

/// <summary>A process of a trial. Its end, however the trial ends, is this object's.</summary>
internal sealed class TrialProcess : IAsyncDisposable
{
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly Task _log;
    private bool _isDisposed;

    private TrialProcess(Process process, string log)
    {
        _process = process;
        _log = Task.WhenAll(CopyAsync(process.StandardError, log + ".err"), CopyAsync(process.StandardOutput, log + ".out"));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Starts this program again under one of its hidden commands; what it says goes to files.</summary>
    public static TrialProcess Start(SelfCommand self, IReadOnlyList<string> arguments, string log)
    {
        return new TrialProcess(Process.Start(self.Talking(arguments)) ?? throw new CommandFailure(ExitCodes.Error, "a process of the trial did not start."), log);
    }

    /// <summary>SIGKILL: it gets no chance to say or release anything.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Asks it to end by closing its standard input, and waits.</summary>
    public async Task EndAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(EndTime);
        await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
    }

    /// <summary>Waits for its end, however it comes.</summary>
    public Task ExitedAsync() => _process.WaitForExitAsync();

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync().ConfigureAwait(false);
        await _log.ConfigureAwait(false);
        _process.Dispose();
    }

    private static async Task CopyAsync(StreamReader from, string path)
    {
        FileStream file = File.Create(path);
        await using var end = file.ConfigureAwait(false);
        await from.BaseStream.CopyToAsync(file).ConfigureAwait(false);
    }
}
