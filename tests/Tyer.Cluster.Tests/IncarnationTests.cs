namespace Tyer.Cluster.Tests;

public sealed class IncarnationTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_000_000);

    [Fact]
    public void A_start_without_a_stored_one_is_still_later_than_those_before() =>
        Assert.Equal(new Incarnation(1_000_000), Incarnation.Next(default, Now));

    [Fact]
    public void A_wall_clock_that_went_back_does_not_take_it_back() =>
        Assert.Equal(new Incarnation(2_000_001), Incarnation.Next(new Incarnation(2_000_000), Now));

    [Fact]
    public void A_wall_clock_before_1970_still_counts() =>
        Assert.Equal(new Incarnation(1), Incarnation.Next(default, DateTimeOffset.FromUnixTimeMilliseconds(-5)));
}
