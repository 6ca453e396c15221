using Tyer.Cli.Running;

namespace Tyer.Cli.Tests.Running;

/// <summary>When a command is asked to stop, and when it is killed.</summary>
public sealed class StopPlanTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private static (StopAction Action, TimeSpan? AskAgainIn) Decide(
        LossReason? lost = null, double untilDeadline = double.PositiveInfinity, double? stoppingFor = null, TimeSpan? grace = null, double longestSafe = 9.75) =>
        StopPlan.Decide(new StopState(
            lost,
            double.IsInfinity(untilDeadline) ? TimeSpan.MaxValue : TimeSpan.FromSeconds(untilDeadline),
            TimeSpan.FromSeconds(longestSafe),
            stoppingFor is { } since ? TimeSpan.FromSeconds(since) : null,
            grace ?? Grace));

    [Fact]
    public void While_the_lock_is_safe_nothing_happens() =>
        Assert.Equal((StopAction.None, TimeSpan.FromSeconds(7.75)), Decide(untilDeadline: 9.75));

    [Fact]
    public void Without_a_deadline_only_a_loss_counts() => Assert.Equal((StopAction.None, null), Decide());

    [Fact]
    public void A_deadline_that_comes_near_asks_the_command_to_stop_in_time() =>
        Assert.Equal((StopAction.Terminate, TimeSpan.FromSeconds(1.5)), Decide(untilDeadline: 2));

    [Fact]
    public void Where_a_lease_is_short_the_deadline_is_always_near_and_it_is_asked_later()
    {
        Assert.Equal(StopAction.None, Decide(untilDeadline: 1.1, longestSafe: 2.2).Action);
        Assert.Equal(StopAction.Terminate, Decide(untilDeadline: 0.7, longestSafe: 2.2).Action);
        Assert.Equal(StopAction.Kill, Decide(untilDeadline: 0.27, longestSafe: 2.2, stoppingFor: 0.4).Action);
    }

    [Fact]
    public void Half_a_second_before_the_deadline_it_is_killed() =>
        Assert.Equal(StopAction.Kill, Decide(untilDeadline: 0.5, stoppingFor: 1.5).Action);

    [Fact]
    public void A_deadline_that_was_put_off_does_not_call_a_stop_off() =>
        Assert.Equal((StopAction.None, TimeSpan.FromSeconds(4)), Decide(untilDeadline: 9, stoppingFor: 1));

    [Fact]
    public void After_its_grace_it_is_killed() => Assert.Equal(StopAction.Kill, Decide(untilDeadline: 9, stoppingFor: 5).Action);

    [Fact]
    public void A_short_grace_shortens_the_notice_before_the_deadline() =>
        Assert.Equal((StopAction.None, TimeSpan.FromSeconds(1)), Decide(untilDeadline: 2, grace: TimeSpan.FromSeconds(0.5)));

    [Theory]
    [InlineData(LossReason.Revoked)]
    [InlineData(LossReason.SessionExpired)]
    [InlineData(LossReason.ConnectionClosed)]
    [InlineData(LossReason.ClockJumped)]
    [InlineData(LossReason.NodeStopped)]
    [InlineData(LossReason.LockspaceClosed)]
    public void Where_the_next_may_hold_it_at_once_it_is_killed_at_once(LossReason reason) =>
        Assert.Equal(StopAction.Kill, Decide(reason, untilDeadline: 9).Action);

    [Theory]
    [InlineData(LossReason.QuorumLost)]
    [InlineData(LossReason.NodeExpelled)]
    public void Where_the_others_wait_for_the_deadline_it_may_use_the_time(LossReason reason)
    {
        Assert.Equal((StopAction.Terminate, Grace), Decide(reason, untilDeadline: 9));
        Assert.Equal((StopAction.Terminate, TimeSpan.FromSeconds(1)), Decide(reason, untilDeadline: 1.5));
        Assert.Equal(StopAction.Kill, Decide(reason, untilDeadline: 0.4).Action);
    }

    [Fact]
    public void No_grace_is_a_kill() => Assert.Equal(StopAction.Kill, Decide(LossReason.QuorumLost, untilDeadline: 9, grace: TimeSpan.Zero).Action);
}
