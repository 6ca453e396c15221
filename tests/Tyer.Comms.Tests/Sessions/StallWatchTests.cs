using Tyer.Comms.Sessions;

namespace Tyer.Comms.Tests.Sessions;

public class StallWatchTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(6);

    private readonly StallWatch _watch = new();
    private TimeSpan _now = TimeSpan.FromMinutes(1);

    [Fact]
    public void Who_takes_nothing_for_too_long_is_found_once()
    {
        Assert.False(Look(after: 0));
        Assert.False(Look(after: 5));
        Assert.True(Look(after: 1));
        Assert.False(Look(after: 100));
    }

    [Fact]
    public void Who_takes_something_or_has_nothing_to_take_is_not()
    {
        Look(after: 0);
        Assert.False(Look(after: 5, progress: 2));
        Assert.False(Look(after: 5, progress: 3));
        Assert.False(Look(after: 50, progress: 3, isOwed: false));
        Assert.False(Look(after: 5, progress: 3));
        Assert.True(Look(after: 1, progress: 3));
        Assert.False(Look(after: 5, progress: 4));
        Assert.True(Look(after: 6, progress: 4));
    }

    [Fact]
    public void Time_in_which_this_process_stood_still_does_not_count()
    {
        Look(after: 0);
        Assert.False(Look(after: 20, lateness: 19));
        Assert.True(Look(after: 5));
    }

    private bool Look(int after, ulong progress = 1, bool isOwed = true, int lateness = 0)
    {
        _now += TimeSpan.FromSeconds(after);
        return _watch.IsStalled(progress, isOwed, _now, Limit, TimeSpan.FromSeconds(lateness));
    }
}
