namespace Tyer.Tests;

public class DurationTests
{
    [Theory]
    [InlineData(0, "0 µs")]
    [InlineData(9, "0 µs")]
    [InlineData(9_990, "999 µs")]
    [InlineData(10_000, "1 ms")]
    [InlineData(9_999_999, "999 ms")]
    [InlineData(10_000_000, "1 s")]
    [InlineData(23_900_000, "2.3 s")]
    [InlineData(599_999_999, "59.9 s")]
    [InlineData(600_000_000, "1 min 0 s")]
    [InlineData(35_999_999_999, "59 min 59 s")]
    [InlineData(36_000_000_000, "1 h 0 min")]
    [InlineData(864_000_000_000, "1 d 0 h")]
    [InlineData(-23_900_000, "-2.3 s")]
    public void Two_units_at_most_and_never_rounded_up(long ticks, string text) => Assert.Equal(text, Duration.Format(new TimeSpan(ticks)));
}
