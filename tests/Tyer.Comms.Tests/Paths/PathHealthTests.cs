using Tyer.Comms.Paths;
using Tyer.Comms.Peers;

namespace Tyer.Comms.Tests.Paths;

public class PathHealthTests
{
    private static readonly TimeSpan Timeout = CommsLimits.HeartbeatTimeout;

    private readonly PathHealth _health = new(new NetSettings(new NetOptions()));
    private TimeSpan _now = TimeSpan.FromMinutes(1);

    [Fact]
    public void A_new_path_is_proven_by_three_pongs_as_fast_as_they_come()
    {
        _health.Begin(_now);
        for (ulong number = 1; number <= 3; number++)
        {
            Assert.False(_health.IsProven);
            Assert.Equal(number, _health.TakePing(_now));
            Assert.Equal(0ul, _health.TakePing(_now));
            Pass(milliseconds: 1);
            _health.Pong(number, _now);
        }

        Assert.True(_health.IsProven);
        Assert.Equal(_now - TimeSpan.FromMilliseconds(1) + CommsLimits.HeartbeatInterval, _health.NextPing);
    }

    [Fact]
    public void A_ping_that_is_almost_due_goes_with_others_and_the_next_an_interval_later()
    {
        TimeSpan early = CommsLimits.HeartbeatInterval / 8;
        _health.Begin(_now);
        _health.TakePing(_now);
        TimeSpan due = _health.NextPing;

        Assert.Equal(0ul, _health.TakePing(due - early - TimeSpan.FromTicks(1)));
        Assert.Equal(2ul, _health.TakePing(due - early));
        Assert.Equal(due - early + CommsLimits.HeartbeatInterval, _health.NextPing);
    }

    [Fact]
    public void A_path_that_has_failed_is_proven_no_faster_than_pings_go()
    {
        _health.Begin(_now);
        _health.End(_now);
        _health.Begin(_now);
        for (int pong = 1; pong <= 3; pong++)
        {
            ulong number = _health.TakePing(_now);
            Assert.NotEqual(0ul, number);
            Pass(milliseconds: 1);
            _health.Pong(number, _now);
            Assert.Equal(0ul, _health.TakePing(_now));
            Pass(milliseconds: 200);
        }

        Assert.True(_health.IsProven);
    }

    [Fact]
    public void A_pong_that_comes_late_begins_the_count_anew_and_an_old_one_does_not_count()
    {
        _health.Begin(_now);
        Answer(milliseconds: 1);
        Answer(milliseconds: 1);
        Answer(milliseconds: (int)Timeout.TotalMilliseconds);
        Assert.False(_health.IsProven);
        ulong number = _health.TakePing(_now);
        _health.Pong(number - 1, _now);
        _health.Pong(number, _now);
        _health.TakePing(_now);
        Assert.False(_health.IsProven);
    }

    [Fact]
    public void Silence_beyond_the_limit_is_overdue_and_any_sign_of_life_is_not()
    {
        _health.Begin(_now);
        _now += Timeout;
        Assert.False(_health.IsOverdue(_now));
        _health.Heard(_now);
        _now += Timeout;
        Assert.False(_health.IsOverdue(_now));
        Pass(milliseconds: 1);
        Assert.True(_health.IsOverdue(_now));
    }

    [Fact]
    public void A_slow_path_gets_the_time_that_its_round_trips_take()
    {
        _health.Begin(_now);
        Answer(milliseconds: 100);
        Assert.Equal(TimeSpan.FromMilliseconds(100), _health.RoundTrip);
        _now += Timeout + TimeSpan.FromMilliseconds(200);
        Assert.False(_health.IsOverdue(_now));
        Pass(milliseconds: 1);
        Assert.True(_health.IsOverdue(_now));
    }

    [Fact]
    public void A_path_that_has_failed_is_judged_with_patience_that_wears_off()
    {
        _health.Begin(_now);
        _health.End(_now);
        for (int patience = 4; patience >= 1; patience--)
        {
            _health.Begin(_now);
            Assert.Equal(Timeout * patience, _health.Limit(_now));
            _now += TimeSpan.FromSeconds(5);
        }

        Assert.Equal(Timeout, _health.Limit(_now));
    }

    [Fact]
    public void Time_in_which_this_process_stood_still_is_nobody_elses_silence()
    {
        _health.Begin(_now);
        TimeSpan stoodStill = TimeSpan.FromSeconds(30);
        _now += stoodStill;
        Assert.True(_health.IsOverdue(_now));
        _health.Excuse(stoodStill);
        Assert.False(_health.IsOverdue(_now));
    }

    [Fact]
    public void A_path_that_is_not_watched_is_neither_pinged_nor_overdue()
    {
        Assert.Equal(0ul, _health.TakePing(_now));
        Assert.False(_health.IsOverdue(_now));
        _health.Begin(_now);
        _health.End(_now);
        _now += TimeSpan.FromHours(1);
        Assert.Equal(0ul, _health.TakePing(_now));
        Assert.False(_health.IsOverdue(_now));
    }

    [Theory]
    [InlineData(19, 1000, 3, 6000, "hb-interval")]
    [InlineData(200, 30_001, 3, 60_000, "hb-timeout")]
    [InlineData(200, 599, 3, 6000, "three times")]
    [InlineData(200, 1000, 0, 6000, "pong-count")]
    [InlineData(200, 1000, 3, 1000, "stall-timeout")]
    public void Options_out_of_range_or_against_each_other_are_refused(int interval, int timeout, int pongs, int stall, string named)
    {
        var options = new NetOptions
        {
            HeartbeatInterval = TimeSpan.FromMilliseconds(interval),
            HeartbeatTimeout = TimeSpan.FromMilliseconds(timeout),
            PongsToProve = pongs,
            StallTimeout = TimeSpan.FromMilliseconds(stall),
        };
        Assert.Contains(named, Assert.Throws<CommsException>(options.ThrowIfInvalid).Message, StringComparison.Ordinal);
        new NetOptions().ThrowIfInvalid();
    }

    private void Answer(int milliseconds)
    {
        ulong number = _health.TakePing(_now);
        Pass(milliseconds);
        _health.Pong(number, _now);
    }

    private void Pass(int milliseconds) => _now += TimeSpan.FromMilliseconds(milliseconds);
}
