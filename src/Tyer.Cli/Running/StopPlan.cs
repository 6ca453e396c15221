namespace Tyer.Cli.Running;

/// <summary>
/// When the command of <c>run</c> must be told to stop, and when killed, so that it is dead before anybody else can hold the lock (S6).
/// Pure: the times go in, the decision comes out.
/// </summary>
/// <remarks>
/// A lock is lost either by a message or because none comes any more. In the second case the end is known in advance (the session's
/// deadline), so the command is asked to stop shortly before it. How much time a loss by message leaves depends on its reason: where the
/// node itself gives the lock away (revoked, session or connection ended, node stopped), the next holder may have it at once, and so the
/// kill follows at once; where the node lost its place in the cluster, others wait at least until the deadline that was told last.
/// </remarks>
internal static class StopPlan
{
    /// <summary>So long before the deadline, at most, the command is dead: a kill takes effect within milliseconds, unless the machine is starved.</summary>
    public static readonly TimeSpan Reserve = TimeSpan.FromMilliseconds(500);

    /// <summary>What a command gets at most, before a deadline that may still be put off by the next sign of life.</summary>
    private static readonly TimeSpan AdvanceMax = TimeSpan.FromSeconds(1.5);

    // Of the time that a sign of life gives. Where that is little, as with a short lease, the deadline is always near.
    private const int PartReserved = 8;
    private const int PartInAdvance = 5;

    /// <summary>Decides.</summary>
    /// <param name="state">What is known.</param>
    /// <returns>What to do now, and when to ask again at the latest; null: when something happens.</returns>
    public static (StopAction Action, TimeSpan? AskAgainIn) Decide(in StopState state)
    {
        TimeSpan untilDeadline = state.Lost is { } reason && !WaitsForDeadline(reason) ? TimeSpan.Zero : state.UntilDeadline;
        TimeSpan untilKill = Subtract(untilDeadline, Min(Reserve, state.LongestSafe / PartReserved));
        TimeSpan advance = Min(state.Grace, Min(AdvanceMax, state.LongestSafe / PartInAdvance));

        if (state.StoppingFor is { } since) untilKill = Min(untilKill, Subtract(state.Grace, since));
        else if (state.Lost is not null) untilKill = Min(untilKill, state.Grace);
        else if (untilKill > advance) return (StopAction.None, untilDeadline == TimeSpan.MaxValue ? null : untilKill - advance);

        if (untilKill <= TimeSpan.Zero) return (StopAction.Kill, null);
        return (state.StoppingFor is null ? StopAction.Terminate : StopAction.None, untilKill);
    }

    private static bool WaitsForDeadline(LossReason reason) => reason is LossReason.NodeExpelled or LossReason.QuorumLost;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    // An endless span stays endless.
    private static TimeSpan Subtract(TimeSpan from, TimeSpan part) => from == TimeSpan.MaxValue ? from : from - part;
}

/// <summary>What a decision depends on.</summary>
/// <param name="Lost">Why the lock is lost; null while it is not.</param>
/// <param name="UntilDeadline">Time until the deadline as it was told last; <see cref="TimeSpan.MaxValue"/> where none can run out.</param>
/// <param name="LongestSafe">The longest that the deadline was away, so far: what a sign of life gives.</param>
/// <param name="StoppingFor">How long ago the command was told to stop; null: it was not.</param>
/// <param name="Grace">What a command is given to stop, at most.</param>
internal readonly record struct StopState(LossReason? Lost, TimeSpan UntilDeadline, TimeSpan LongestSafe, TimeSpan? StoppingFor, TimeSpan Grace);

internal enum StopAction
{
    /// <summary>Let it run.</summary>
    None,

    /// <summary>Ask it to stop: SIGTERM.</summary>
    Terminate,

    /// <summary>Kill it: SIGKILL.</summary>
    Kill,
}
