using System.Diagnostics;

namespace Tyer.Tests.Shared.Labs;

/// <summary>Runs a system program to its end.</summary>
internal static class LabCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>What it printed; a failure is an exception with its words.</summary>
    internal static async Task<string> RunAsync(string program, params IEnumerable<string> arguments)
    {
        var (code, output, errors) = await TryAsync(program, arguments);
        return code == 0
            ? output
            : throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' ended with {code}: {errors}{output}");
    }

    /// <summary>Its exit code, and what it printed.</summary>
    internal static async Task<(int Code, string Output, string Errors)> TryAsync(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        process.StandardInput.Close();
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(patience.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"'{program} {string.Join(' ', arguments)}' did not end within {Patience}.");
        }
    }
}
