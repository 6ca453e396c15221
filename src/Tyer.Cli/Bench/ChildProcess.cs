using System.Diagnostics;
using Tyer.Cli.Running;

namespace Tyer.Cli.Bench;

/// <summary>A child that runs as long as this object: it ends when its standard input is closed.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    /// <summary>How long a child may take to be there.</summary>
    public static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(10);

    private readonly Process _process;

    private ChildProcess(Process process, string firstLine)
    {
        _process = process;
        FirstLine = firstLine;
    }

    /// <summary>What it said when it was there.</summary>
    public string FirstLine { get; }

    /// <summary>Starts one, and waits for what it has to say.</summary>
    public static async Task<ChildProcess> StartAsync(
        SelfCommand self, IReadOnlyList<string> arguments, TimeSpan patience, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = self.Talking(arguments);
        start.RedirectStandardError = false;
        // As applications run, and not as a command does that lives briefly; and compiled for good without waiting for a quiet moment.
        start.Environment["DOTNET_TieredPGO"] = "1";
        start.Environment["DOTNET_TC_CallCountingDelayMs"] = "0";
        Process process = Process.Start(start) ?? throw new InvalidOperationException("A process of the benchmark did not start.");
        try
        {
            string? line = await process.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(patience, cancellationToken).ConfigureAwait(false);
            return new ChildProcess(process, line ?? throw new InvalidOperationException("A process of the benchmark ended at once."));
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(EndTime);
        try
        {
            await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
