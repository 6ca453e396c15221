namespace Tyer.Engine.Tests.Truth;

public sealed class SemanticsPageTests
{
    private const string Heading = "## Where Tyer differs from the Linux kernel";

    [Fact]
    public void The_page_lists_exactly_the_deliberate_differences()
    {
        var page = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "docs", "semantics.md"));

        var listed = page.SkipWhile(line => line != Heading).Skip(1)
            .TakeWhile(line => !line.StartsWith('#'))
            .Where(line => line.StartsWith("- ", StringComparison.Ordinal));

        Assert.Equal(Differences.All.Select(difference => $"- **{difference.Name}.** {difference.Reason}"), listed);
    }
}
