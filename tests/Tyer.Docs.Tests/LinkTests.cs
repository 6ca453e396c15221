namespace Tyer.Docs.Tests;

public class LinkTests
{
    public static TheoryData<string> Pages => [.. Repository.Pages];

    [Fact]
    public void There_is_a_front_page() => Assert.Contains("README.md", Repository.Pages);

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_link_leads_somewhere(string page)
    {
        var broken = MarkdownPage.Read(page).Links.Where(link => !IsElsewhere(link) && !Leads(page, link));
        Assert.True(!broken.Any(), $"{page} links to what is not there: {string.Join(", ", broken)}");
    }

    /// <summary>Other hosts are not asked: a test needs no network.</summary>
    private static bool IsElsewhere(string link) => link.Contains("://", StringComparison.Ordinal) || link.StartsWith("mailto:", StringComparison.Ordinal);

    private static bool Leads(string page, string link)
    {
        var (path, anchor) = link.Split('#', 2) is [var before, var after] ? (before, after) : (link, null);
        var target = path.Length == 0 ? page : Path.Combine(Path.GetDirectoryName(page)!, path);
        var full = Path.GetFullPath(Repository.PathOf(target));
        if (!full.StartsWith(Repository.Root, StringComparison.Ordinal) || !Path.Exists(full))
            return false;
        return anchor is null || (full.EndsWith(".md", StringComparison.Ordinal) && MarkdownPage.Read(full).Anchors.Contains(anchor));
    }
}
