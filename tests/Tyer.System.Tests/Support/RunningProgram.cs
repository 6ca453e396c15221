using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Tyer.System.Tests.Support;

/// <summary>A process that a test started. What it prints is kept; with this object it ends, however the test ends.</summary>
internal sealed partial class RunningProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly List<(Func<string, bool> IsIt, TaskCompletionSource<string> Seen)> _awaited = [];
    private readonly Task _read;

    private RunningProgram(Process process)
    {
        _process = process;
        _read = Task.WhenAll(ReadAsync(process.StandardOutput, _output), ReadAsync(process.StandardError, _errors));
    }

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    internal string Output => TextOf(_output);

    internal string Errors => TextOf(_errors);

    /// <summary>Starts a program in a clean environment: nothing that the tests' own surroundings say about daemons reaches it.</summary>
    internal static RunningProgram Start(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? variables = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("TYER", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new RunningProgram(Process.Start(start)!);
    }

    /// <summary>The first line, of output or errors, that has this in it.</summary>
    internal Task<string> LineWithAsync(string text) => LineAsync(line => line.Contains(text, StringComparison.Ordinal), $"a line with '{text}'");

    /// <summary>The next line from now on that has this in it.</summary>
    internal Task<string> NextLineWithAsync(string text) => LineAsync(line => line.Contains(text, StringComparison.Ordinal), $"another line with '{text}'", isNew: true);

    /// <summary>The first line that it prints.</summary>
    internal Task<string> FirstLineAsync() => LineAsync(_ => true, "a line");

    /// <summary>Its exit code, and all that it printed.</summary>
    internal async Task<Ended> EndAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).SoonAsync();
        await _read.SoonAsync();
        return new Ended(_process.ExitCode, Output, Errors);
    }

    internal void CloseInput() => _process.StandardInput.Close();

    internal void Signal(int signal) => SignalTo(_process.Id, signal);

    internal static void SignalTo(int process, int signal) => Assert.Equal(0, SendSignal(process, signal));

    internal void Kill() => Signal(Signals.Kill);

    /// <summary>Bytes of its memory that are in use: VmRSS.</summary>
    internal long ResidentBytes()
    {
        const string label = "VmRSS:";
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(label, StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(label.Length, line.Length - label.Length - "kB".Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<string> LineAsync(Func<string, bool> isIt, string what, bool isNew = false)
    {
        var seen = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            var before = $"{_output}{_errors}".Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(isIt);
            if (before is not null && !isNew)
                return before;
            _awaited.Add((isIt, seen));
        }

        var first = await Task.WhenAny(seen.Task, _read).SoonAsync();
        if (first != seen.Task && !seen.Task.IsCompleted)
            Assert.Fail($"It ended without {what}; it printed:\n{Output}\n{Errors}");
        return await seen.Task;
    }

    private async Task ReadAsync(StreamReader from, StringBuilder into)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            lock (_gate)
            {
                into.Append(line).Append('\n');
                foreach (var (_, seen) in _awaited.Where(each => each.IsIt(line)))
                    seen.TrySetResult(line);
            }
        }
    }

    private string TextOf(StringBuilder builder)
    {
        lock (_gate)
            return builder.ToString();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}

/// <summary>How a program ended.</summary>
internal sealed record Ended(int Code, string Output, string Errors)
{
    /// <summary>Asserts the code; what was printed is in the failure.</summary>
    internal Ended With(int code)
    {
        Assert.True(code == Code, $"Exit code {Code}, not {code}; it printed:\n{Output}\n{Errors}");
        return this;
    }
}

/// <summary>Signals by name.</summary>
internal static class Signals
{
    internal const int Interrupt = 2;
    internal const int Kill = 9;
    internal const int Terminate = 15;
}
