namespace Tyer.Tests;

public class FencingTokenTests
{
    [Fact]
    public void The_epoch_decides_before_the_counter()
    {
        FencingToken[] ordered =
        [
            default, new(0, 1), new(0, ulong.MaxValue), new(1, 0), new(7, 1041), new(7, 1042), new(8, 0), new(ulong.MaxValue, 0),
        ];
        for (int i = 0; i < ordered.Length; i++)
        {
            for (int j = 0; j < ordered.Length; j++)
            {
                Assert.Equal(Math.Sign(i - j), Math.Sign(ordered[i].CompareTo(ordered[j])));
                Assert.Equal(i < j, ordered[i] < ordered[j]);
                Assert.Equal(i <= j, ordered[i] <= ordered[j]);
                Assert.Equal(i > j, ordered[i] > ordered[j]);
                Assert.Equal(i >= j, ordered[i] >= ordered[j]);
            }
        }
    }

    [Theory]
    [InlineData(7, 1042, "7.1042")]
    [InlineData(0, 0, "0.0")]
    [InlineData(ulong.MaxValue, ulong.MaxValue, "18446744073709551615.18446744073709551615")]
    public void It_prints_epoch_dot_counter_and_is_read_back(ulong epoch, ulong counter, string text)
    {
        var token = new FencingToken(epoch, counter);
        Assert.Equal(text, token.ToString());
        Assert.Equal(token, FencingToken.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("7.")]
    [InlineData(".7")]
    [InlineData("7.1.2")]
    [InlineData("-7.1")]
    [InlineData(" 7.1")]
    [InlineData("7.1e3")]
    [InlineData("18446744073709551616.0")]
    public void Other_text_is_no_token(string text)
    {
        Assert.False(FencingToken.TryParse(text, out FencingToken token));
        Assert.Equal(default, token);
        Assert.Contains("7.1042", Assert.Throws<FormatException>(() => FencingToken.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_folded_form_has_23_bits_of_epoch_above_40_of_counter()
    {
        Assert.Equal(0, default(FencingToken).ToInt64());
        Assert.Equal((7L << 40) + 1042, new FencingToken(7, 1042).ToInt64());
        Assert.Equal(long.MaxValue, new FencingToken(FencingToken.FoldedEpochMax, FencingToken.FoldedCounterMax).ToInt64());
        Assert.Equal((1UL << 23) - 1, FencingToken.FoldedEpochMax);
        Assert.Equal((1UL << 40) - 1, FencingToken.FoldedCounterMax);
    }

    [Fact]
    public void The_folded_form_keeps_the_order_over_the_seam()
    {
        long last = new FencingToken(7, FencingToken.FoldedCounterMax).ToInt64();
        Assert.Equal(last + 1, new FencingToken(8, 0).ToInt64());
    }

    [Fact]
    public void A_part_that_does_not_fold_is_named()
    {
        var e = Assert.Throws<OverflowException>(() => new FencingToken(FencingToken.FoldedEpochMax + 1, 0).ToInt64());
        Assert.StartsWith("The epoch 8388608 ", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<OverflowException>(() => new FencingToken(1, FencingToken.FoldedCounterMax + 1).ToInt64());
        Assert.StartsWith("The counter 1099511627776 ", e.Message, StringComparison.Ordinal);
    }
}
