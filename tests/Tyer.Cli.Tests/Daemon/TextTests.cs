using Tyer.Daemon.Text;

namespace Tyer.Cli.Tests.Daemon;

/// <summary>Spans of time and suggestions, as people write and read them.</summary>
public sealed class TextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("5", 5)]
    [InlineData("2.5", 2.5)]
    [InlineData("30s", 30)]
    [InlineData("500ms", 0.5)]
    [InlineData("1h30m", 5400)]
    [InlineData("1d", 86400)]
    [InlineData(" 2m ", 120)]
    public void A_span_is_read(string text, double seconds)
    {
        Assert.True(DurationText.TryParse(text, out TimeSpan span));
        Assert.Equal(TimeSpan.FromSeconds(seconds), span);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5x")]
    [InlineData("5 minutes")]
    [InlineData("1h30")]
    [InlineData("1..5s")]
    [InlineData("99999999999999999999d")]
    [InlineData("999999999999d")]
    public void What_is_no_span_is_not_read(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.0005, "0.5ms")]
    [InlineData(0.25, "250ms")]
    [InlineData(12.37, "12.3s")]
    [InlineData(60, "1m")]
    [InlineData(61, "1m1s")]
    [InlineData(3600, "1h")]
    [InlineData(7500, "2h5m")]
    [InlineData(93600, "1d2h")]
    [InlineData(-5, "-5s")]
    public void A_span_is_written_short(double seconds, string text) => Assert.Equal(text, DurationText.Format(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("lsiten", "Listen")]
    [InlineData("PEER", "Peers")]
    [InlineData("cluser", "Cluster")]
    [InlineData("xyzzy", null)]
    [InlineData("", null)]
    public void What_was_meant_is_guessed_when_it_is_near(string word, string? meant) =>
        Assert.Equal(meant, Suggestion.For(word, ["Listen", "Peers", "Cluster", "Name"]));
}
