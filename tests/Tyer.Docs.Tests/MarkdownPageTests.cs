namespace Tyer.Docs.Tests;

/// <summary>The checks below are worth as much as the reading of the pages.</summary>
public class MarkdownPageTests
{
    private readonly MarkdownPage _page = MarkdownPage.Parse(
        """
        # The `one` idea, explained
        See [the contract](contract.md#safety "S1"), ![a picture](pictures/a.png) and [`code`](../src).
        Not a link: `[x](y)`.

        ```csharp
        var a = b[c](d);

        # not a heading
        ```
        ## Locks & keys
        [later]: operating.md
        ```
        plain
        ```
        """);

    [Fact]
    public void Links_are_found_in_prose_and_not_in_code() =>
        Assert.Equal(["contract.md#safety", "pictures/a.png", "../src", "operating.md"], _page.Links);

    [Fact]
    public void Headings_become_anchors() => Assert.Equal(["the-one-idea-explained", "locks--keys"], _page.Anchors);

    [Fact]
    public void Blocks_of_code_keep_their_language_their_text_and_their_line() => Assert.Equal(
        [new CodeBlock("csharp", "var a = b[c](d);\n\n# not a heading\n", 6), new CodeBlock("", "plain\n", 13)], _page.Blocks);
}
