using System.Diagnostics;
using Tyer.Cli.Running;

namespace Tyer.Cli.Trials;

/// <summary>A process of a trial that is told what to do, a line at a time, and answers each with a line. It ends with this object.</summary>
internal sealed class TrialServant : IAsyncDisposable
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private TrialServant(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts this program again under one of its hidden commands.</summary>
    public static TrialServant Start(SelfCommand self, params IEnumerable<string> arguments)
    {
        return new TrialServant(Process.Start(self.Talking(arguments)) ?? throw new CommandFailure(ExitCodes.Error, "a process of the trial did not start."));
    }

    /// <summary>Tells it what to do; returns what it says when it has done it.</summary>
    /// <exception cref="CommandFailure">It ended, or did not answer in time.</exception>
    public async Task<string> AskAsync(string order, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(order.AsMemory(), cancellationToken).ConfigureAwait(false);
        await _process.StandardInput.FlushAsync(cancellationToken).ConfigureAwait(false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerTime);
        try
        {
            return await _process.StandardOutput.ReadLineAsync(limit.Token).ConfigureAwait(false)
                ?? throw new CommandFailure(ExitCodes.Error, $"a process of the trial ended at '{order}':\n{await _errors.ConfigureAwait(false)}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailure(ExitCodes.Error, $"a process of the trial has not done '{order}' within {AnswerTime.TotalSeconds:0} s.");
        }
    }

    /// <summary>SIGKILL: it gets no chance to say or release anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
    }
}
