namespace Tyer.Tests;

public class LockspaceOptionsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(64)]
    [InlineData(1016)]
    [InlineData(1024)]
    public void Value_sizes_in_steps_of_eight_are_accepted(int size) => new LockspaceOptions { ValueSize = size }.Validate();

    [Theory]
    [InlineData(-8)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(12)]
    [InlineData(63)]
    [InlineData(1023)]
    [InlineData(1032)]
    public void Other_value_sizes_are_refused_by_name(int size)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => new LockspaceOptions { ValueSize = size }.Validate());
        Assert.Equal("ValueSize", e.ParamName);
        Assert.Contains("8 to 1024 in steps of 8", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_limit_is_at_least_one()
    {
        Refused("LocksPerSessionMax", new LockspaceOptions { LocksPerSessionMax = 0 });
        Refused("QueueLengthMax", new LockspaceOptions { QueueLengthMax = 0 });

        static void Refused(string property, LockspaceOptions options) =>
            Assert.Equal(property, Assert.Throws<ArgumentOutOfRangeException>(options.Validate).ParamName);
    }

    [Fact]
    public void The_defaults_are_the_documented_ones()
    {
        var options = new LockspaceOptions();
        options.Validate();
        Assert.Equal(64, options.ValueSize);
        Assert.Equal(100_000, options.LocksPerSessionMax);
        Assert.Equal(10_000, options.QueueLengthMax);
        Assert.Equal(options, new LockspaceOptions());
    }
}
