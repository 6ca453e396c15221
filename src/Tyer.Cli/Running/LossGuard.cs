using Tyer.Time;

namespace Tyer.Cli.Running;

/// <summary>Watches over the lock while the command runs, and stops the command when the lock is lost or about to be.</summary>
internal sealed class LossGuard(LockHandle handle, IClock clock, TimeSpan grace, Action<int> signal, Action<string> say)
{
    // The deadline moves with every keep-alive, and the last one known before a loss is what counts after it.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private TimeSpan _deadline = TimeSpan.MaxValue;
    private TimeSpan _longestSafe;
    private TimeSpan? _stoppingSince;

    /// <summary>Whether the command was told to stop because of the lock.</summary>
    public bool HasStopped => _stoppingSince is not null;

    /// <summary>Whether the lock is surely held now: asked before a command that was suspended goes on.</summary>
    public static bool IsSafe(LockHandle handle) => handle.LostBecause is null && handle.SafeFor > StopPlan.Reserve;

    /// <summary>Watches until <paramref name="ended"/>.</summary>
    public async Task RunAsync(CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            TimeSpan? askAgainIn = Step();
            using var wake = CancellationTokenSource.CreateLinkedTokenSource(ended);
            // Once it is lost nothing but time changes any more.
            CancellationTokenRegistration lost = handle.LostBecause is null ? handle.Lost.Register(static source => ((CancellationTokenSource)source!).Cancel(), wake) : default;
            await using (lost.ConfigureAwait(false))
                await Task.Delay(Limited(askAgainIn), wake.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private TimeSpan? Step()
    {
        TimeSpan now = clock.Now;
        LossReason? lost = handle.LostBecause;
        if (lost is null)
        {
            TimeSpan safe = handle.SafeFor;
            _deadline = safe > TimeSpan.FromDays(1) ? TimeSpan.MaxValue : now + safe;
            if (safe > _longestSafe) _longestSafe = safe;
        }

        var state = new StopState(lost, _deadline == TimeSpan.MaxValue ? _deadline : _deadline - now, _longestSafe, now - _stoppingSince, grace);
        (StopAction action, TimeSpan? askAgainIn) = StopPlan.Decide(state);
        if (action == StopAction.None) return askAgainIn;

        _stoppingSince ??= now;
        signal(action == StopAction.Kill ? Signals.Kill : Signals.Terminate);
        say(Describe(lost, action));
        return askAgainIn;
    }

    private string Describe(LossReason? lost, StopAction action)
    {
        string what = lost is { } reason
            ? $"the lock on '{handle.Resource}' is lost ({reason})"
            : $"the lock on '{handle.Resource}' is about to be lost: the node does not answer";
        return $"{what}; the command is sent {(action == StopAction.Kill ? "SIGKILL" : "SIGTERM")}.";
    }

    private static TimeSpan Limited(TimeSpan? askAgainIn) => askAgainIn switch
    {
        null => Timeout.InfiniteTimeSpan,
        { } span when span > LookInterval => LookInterval,
        { } span => span,
    };
}
