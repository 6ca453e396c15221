using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Tyer.Cluster.Fencing;

/// <summary>How a run of a fence agent ended.</summary>
/// <param name="Agent">What the agent is called.</param>
/// <param name="Code">What it ended with; null: it was not started, or killed.</param>
/// <param name="Why">For operators: what it printed, or why it has printed nothing. The values of its options are not in it.</param>
/// <param name="Took">How long it ran.</param>
public sealed record AgentResult(string Agent, int? Code, string Why, TimeSpan Took)
{
    /// <summary>Whether it has done what it was told.</summary>
    public bool IsDone => Code == 0;
}

/// <summary>Runs a fence agent, once.</summary>
internal static class AgentRun
{
    // What is left in a pipe when its writer has gone is read at once, unless a child of the agent keeps it open.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    /// <summary>Runs it to its end, or to the end of its time.</summary>
    /// <param name="agent">Which.</param>
    /// <param name="node">The name of the node that it is about.</param>
    /// <param name="action">What it is to do.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <exception cref="OperationCanceledException">It was killed by that.</exception>
    public static async Task<AgentResult> RunAsync(FenceAgent agent, string node, string action, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        AgentResult Result(int? code, string why) => new(agent.Name, code, why, Stopwatch.GetElapsedTime(began));
        IReadOnlyList<KeyValuePair<string, string>> told;
        Process process;
        try
        {
            told = agent.Told(node, action);
            process = Start(agent.Locate() ?? throw new IOException($"{agent.Program} is not there any more, or is no program"));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or Win32Exception)
        {
            return Result(null, $"it cannot be run: {fault.Message}");
        }

        using (process)
        {
            var output = new AgentOutput(told);
            Task reading = Task.WhenAll(output.ReadAsync(process.StandardOutput), output.ReadAsync(process.StandardError));
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(agent.Timeout);
            try
            {
                await TellAsync(process, told, limit.Token).ConfigureAwait(false);
                await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                Kill(process);
                cancellationToken.ThrowIfCancellationRequested();
                string killed = string.Create(CultureInfo.InvariantCulture, $"it was killed, as it had not ended after {agent.Timeout.TotalSeconds:0.#} s");
                return Result(null, output.After(killed));
            }

            await Task.WhenAny(reading, Task.Delay(LastWords, CancellationToken.None)).ConfigureAwait(false);
            return Result(process.ExitCode, output.After(string.Create(CultureInfo.InvariantCulture, $"it ended with {process.ExitCode}")));
        }
    }

    private static Process Start(string program)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        // The daemon's own configuration may hold secrets, and is none of its business.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("TYER__", StringComparison.OrdinalIgnoreCase)).ToArray()) start.Environment.Remove(name);
        return Process.Start(start)!;
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception fault) when (fault is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended meanwhile, or one of its children is not ours to kill.
        }
    }

    private static async Task TellAsync(Process process, IReadOnlyList<KeyValuePair<string, string>> told, CancellationToken cancellationToken)
    {
        try
        {
            string lines = string.Concat(told.Select(option => $"{option.Key}={option.Value}\n"));
            await process.StandardInput.WriteAsync(lines.AsMemory(), cancellationToken).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended without reading them; what it ended with tells why.
        }
    }
}

/// <summary>What an agent prints, cut to a length, and without the values that are secret.</summary>
internal sealed class AgentOutput(IReadOnlyList<KeyValuePair<string, string>> told)
{
    private const int CharsMax = 600;

    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();

    public async Task ReadAsync(StreamReader from)
    {
        char[] piece = new char[1024];
        try
        {
            while (await from.ReadAsync(piece.AsMemory()).ConfigureAwait(false) is var length and > 0)
            {
                lock (_gate)
                {
                    // The end tells why it failed; a secret that is cut would not be known again, so far more is kept than is shown.
                    _text.Append(piece, 0, length);
                    if (_text.Length > 16 * CharsMax) _text.Remove(0, _text.Length - (8 * CharsMax));
                }
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // It was killed, or is not waited for any more.
        }
    }

    /// <summary>A sentence's beginning, and what was printed.</summary>
    public string After(string beginning)
    {
        string text;
        lock (_gate) text = _text.ToString();
        foreach (string secret in told.Where(option => FenceAgent.IsSecret(option.Key)).Select(option => option.Value).Where(value => value.Length > 0).OrderByDescending(value => value.Length))
            text = text.Replace(secret, "***", StringComparison.Ordinal);
        text = string.Join(" | ", text.Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        if (text.Length > CharsMax) text = $"… {text[^CharsMax..]}";
        return text.Length == 0 ? $"{beginning}, and said nothing" : $"{beginning}, and said: {text}";
    }
}
