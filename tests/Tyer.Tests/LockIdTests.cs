namespace Tyer.Tests;

public class LockIdTests
{
    [Theory]
    [InlineData(1, 42, "id:4000000000002a")]
    [InlineData(1, 0, "id:40000000000000")]
    [InlineData(1023, LockId.CounterMax, "id:ffffffffffffffff")]
    public void It_holds_the_issuing_node_and_a_counter(uint node, ulong counter, string text)
    {
        LockId id = LockId.Create(node, counter);
        Assert.Equal(node, id.Node);
        Assert.Equal(counter, id.Counter);
        Assert.Equal(text, id.ToString());
        Assert.Equal(id, LockId.Parse(text));
    }

    [Fact]
    public void The_node_is_the_top_ten_bits()
    {
        Assert.Equal(1UL << 54, LockId.Create(1, 0).Value);
        Assert.Equal((1UL << 54) - 1, LockId.CounterMax);
        Assert.Equal(0u, default(LockId).Node);
        Assert.Equal("id:0", default(LockId).ToString());
    }

    [Fact]
    public void A_part_out_of_range_is_refused()
    {
        Assert.Equal("node", Assert.Throws<ArgumentOutOfRangeException>(() => LockId.Create(0, 1)).ParamName);
        Assert.Equal("node", Assert.Throws<ArgumentOutOfRangeException>(() => LockId.Create(1024, 1)).ParamName);
        Assert.Equal("counter", Assert.Throws<ArgumentOutOfRangeException>(() => LockId.Create(1, LockId.CounterMax + 1)).ParamName);
        Assert.Equal(1023u, Limits.NodeIdMax);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2a")]
    [InlineData("id:")]
    [InlineData("ID:2a")]
    [InlineData("id:xyz")]
    [InlineData("id: 2a")]
    [InlineData("id:-1")]
    [InlineData("id:10000000000000000")]
    public void Other_text_is_no_id(string text)
    {
        Assert.False(LockId.TryParse(text, out LockId id));
        Assert.Equal(default, id);
        Assert.Throws<FormatException>(() => LockId.Parse(text));
    }
}
