namespace Tyer.Tests;

public class SystemNameTests
{
    [Theory]
    [InlineData("default")]
    [InlineData("n1")]
    [InlineData("a")]
    [InlineData("A-b_c.9")]
    [InlineData("...")]
    public void Letters_digits_dot_underscore_and_hyphen_are_allowed(string name)
    {
        Assert.True(SystemName.IsValid(name));
        SystemName.ThrowIfInvalid(name, "node name");
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(".", "paths")]
    [InlineData("..", "paths")]
    [InlineData("a/b", "position 2 (U+002F)")]
    [InlineData("a b", "position 2 (U+0020)")]
    [InlineData("größe", "position 3 (U+00F6)")]
    [InlineData("a\n", "position 2 (U+000A)")]
    public void Anything_else_is_refused_with_the_reason(string name, string reason)
    {
        Assert.False(SystemName.IsValid(name));
        var e = Assert.Throws<ArgumentException>(() => SystemName.ThrowIfInvalid(name, "node name"));
        Assert.StartsWith("The node name ", e.Message, StringComparison.Ordinal);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.Equal("name", e.ParamName);
    }

    [Fact]
    public void Sixty_four_characters_are_the_limit()
    {
        Assert.True(SystemName.IsValid(new string('n', 64)));
        Assert.False(SystemName.IsValid(new string('n', 65)));
        var e = Assert.Throws<ArgumentException>(() => SystemName.ThrowIfInvalid(new string('n', 65), "lockspace name"));
        Assert.Contains("65 characters; the limit is 64", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_name_at_all_is_refused()
    {
        Assert.False(SystemName.IsValid(null));
        Assert.Throws<ArgumentNullException>(() => SystemName.ThrowIfInvalid(null, "cluster name"));
    }
}
