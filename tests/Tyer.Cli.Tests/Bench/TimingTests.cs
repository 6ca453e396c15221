using Tyer.Cli.Bench.Recovery;

namespace Tyer.Cli.Tests.Bench;

public class TimingTests
{
    [Theory]
    [InlineData(50, 51)]
    [InlineData(99, 100)]
    [InlineData(100, 100)]
    public void A_percentile_is_one_of_the_times(double percent, long expected) =>
        Assert.Equal(expected, Timing.Percentile([.. Enumerable.Range(1, 100).Reverse().Select(each => (long)each)], percent));

    [Fact]
    public void Of_nothing_there_is_none() => Assert.Equal(0, Timing.Percentile([], 99));
}
