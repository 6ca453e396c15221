namespace Tyer.Docs.Tests;

/// <summary>What a page shows as C# compiles: it stands, word for word, in a region of a file under <c>Snippets</c>.</summary>
public class SnippetTests
{
    private const string CSharp = "csharp";

    public static TheoryData<string> Pages => [.. Repository.Pages.Where(page => CodeOn(page).Any())];

    public static TheoryData<string> Snippets => [.. Snippet.All.Select(snippet => snippet.Name)];

    [Fact]
    public void The_front_page_shows_code() => Assert.NotEmpty(CodeOn("README.md"));

    [Theory]
    [MemberData(nameof(Pages))]
    public void Code_on_a_page_is_compiled(string page)
    {
        foreach (var block in CodeOn(page))
        {
            Assert.True(
                Snippet.All.Any(snippet => snippet.IsShownBy(block.Code)),
                $"{page}, line {block.Line}: no region under tests/Tyer.Docs.Tests/Snippets has this text. Bring the two in line:\n{block.Code}");
        }
    }

    [Theory]
    [MemberData(nameof(Snippets))]
    public void A_snippet_is_shown_on_some_page(string name)
    {
        var snippet = Snippet.All.Single(snippet => snippet.Name == name);
        Assert.Contains(Repository.Pages.SelectMany(CodeOn), block => snippet.IsShownBy(block.Code));
    }

    private static IEnumerable<CodeBlock> CodeOn(string page) => MarkdownPage.Read(page).Blocks.Where(block => block.Language == CSharp);
}
