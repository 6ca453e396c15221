using Tyer.Comms.Paths;

namespace Tyer.Comms.Tests.Paths;

public class QueueWatchTests
{
    private const long Much = CommsLimits.QueueDifferenceBytes;

    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(10);

    private readonly QueueWatch _watch = new();
    private TimeSpan _now = TimeSpan.FromMinutes(1);

    [Fact]
    public void The_path_that_carries_is_left_when_much_waits_on_it_at_two_looks_in_a_row()
    {
        Assert.Equal(-1, Look(0, Much, 0));
        Assert.Equal(-1, Look(0, Much - 1, 0));
        Assert.Equal(-1, Look(0, Much, 0));
        Assert.Equal(1, Look(0, Much, 0));
    }

    [Fact]
    public void The_one_with_the_least_is_taken_and_those_that_are_not_up_are_not()
    {
        Look(1, 900, 10 * Much, -1, 700, 800);
        Assert.Equal(3, Look(1, 900, 10 * Much, -1, 700, 800));
        Assert.Equal(-1, Look(0, 10 * Much, -1));
        Assert.Equal(-1, Look(0, 10 * Much, -1));
        Assert.Equal(-1, Look(-1, 0, 0));
    }

    [Fact]
    public void What_was_left_is_not_come_back_to_before_the_delay()
    {
        Look(0, Much, 0);
        Assert.Equal(1, Look(0, Much, 0));
        for (TimeSpan until = _now + Delay; _now < until; _now += TimeSpan.FromMilliseconds(200)) Assert.Equal(-1, Look(1, 0, Much));
        Look(1, 0, Much);
        Assert.Equal(0, Look(1, 0, Much));
    }

    [Fact]
    public void A_path_that_has_just_begun_to_carry_is_looked_at_anew()
    {
        Look(0, Much, Much, 0);
        Assert.Equal(-1, Look(1, Much, Much, 0));
        Assert.Equal(2, Look(1, Much, Much, 0));
    }

    private int Look(int carrier, params ReadOnlySpan<long> queued) => _watch.Look(queued, carrier, _now, Delay);
}
