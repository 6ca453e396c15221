using Tyer.Client.Connections;

namespace Tyer.Client.Tests.Connections;

public class SessionDeadlineTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Start = TimeSpan.FromHours(1);

    [Fact]
    public void It_counts_from_when_the_hello_was_sent()
    {
        var deadline = new SessionDeadline(Timeout, Margin, Start, TimeSpan.MaxValue);
        Assert.Equal(Start + TimeSpan.FromSeconds(9.75), deadline.Value);
        Assert.Equal(Start + TimeSpan.FromSeconds(2), deadline.NextBeat);
        Assert.Equal(TimeSpan.FromSeconds(2.5), deadline.JumpMax);
    }

    [Fact]
    public void The_nodes_own_deadline_decides_where_it_is_earlier()
    {
        var deadline = new SessionDeadline(Timeout, Margin, Start, TimeSpan.FromSeconds(4));
        Assert.Equal(Start + TimeSpan.FromSeconds(3.75), deadline.Value);
        deadline.Sent(Start + TimeSpan.FromSeconds(2));
        Assert.True(deadline.TryHeard(Start + TimeSpan.FromSeconds(2), TimeSpan.Zero));
        Assert.Equal(Start + TimeSpan.FromSeconds(1.75), deadline.Value);
    }

    [Fact]
    public void It_is_heard_of_often_enough_for_a_node_whose_own_time_is_short()
    {
        var deadline = new SessionDeadline(Timeout, Margin, Start, TimeSpan.FromSeconds(2));
        Assert.Equal(Start + TimeSpan.FromSeconds(0.4), deadline.NextBeat);
        deadline.Sent(Start + TimeSpan.FromSeconds(0.4));
        Assert.Equal(Start + TimeSpan.FromSeconds(0.8), deadline.NextBeat);
        Assert.True(deadline.TryHeard(Start + TimeSpan.FromSeconds(0.4), TimeSpan.FromSeconds(1)));
        Assert.Equal(Start + TimeSpan.FromSeconds(0.6), deadline.NextBeat);
        Assert.True(deadline.TryHeard(Start + TimeSpan.FromSeconds(0.4), TimeSpan.Zero));
        Assert.True(deadline.NextBeat > Start + TimeSpan.FromSeconds(0.4));
    }

    [Fact]
    public void What_was_heard_counts_from_when_it_was_sent_however_late_the_answer_is()
    {
        var deadline = new SessionDeadline(Timeout, Margin, Start, TimeSpan.MaxValue);
        deadline.Sent(Start + TimeSpan.FromSeconds(2));
        deadline.Sent(Start + TimeSpan.FromSeconds(4));
        Assert.True(deadline.TryHeard(Start + TimeSpan.FromSeconds(2), TimeSpan.MaxValue));
        Assert.Equal(Start + TimeSpan.FromSeconds(11.75), deadline.Value);
    }

    [Fact]
    public void An_answer_to_what_was_never_sent_is_none()
    {
        var deadline = new SessionDeadline(Timeout, Margin, Start, TimeSpan.MaxValue);
        Assert.False(deadline.TryHeard(Start + TimeSpan.FromTicks(1), TimeSpan.MaxValue));
        Assert.False(deadline.TryHeard(TimeSpan.FromTicks(-1), TimeSpan.MaxValue));
        Assert.Equal(Start + TimeSpan.FromSeconds(9.75), deadline.Value);
    }

    [Fact]
    public void A_jump_is_what_one_clock_did_and_the_other_did_not()
    {
        var (clock, steady) = (new ManualClock(), new ManualClock());
        var watch = new ClockWatch(clock, steady);
        Assert.Equal(TimeSpan.Zero, watch.Jump());
        clock.Advance(TimeSpan.FromSeconds(3));
        steady.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.Zero, watch.Jump());
        clock.Advance(TimeSpan.FromSeconds(5));
        steady.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(4), watch.Jump());
        Assert.Equal(TimeSpan.Zero, watch.Jump());
        steady.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(2), watch.Jump());
    }
}
