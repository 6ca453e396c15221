using System.Text;
using System.Text.RegularExpressions;

namespace Tyer.Docs.Tests;

/// <summary>A block of code on a page.</summary>
/// <param name="Language">What stands after the opening fence: <c>csharp</c>, <c>sh</c>; empty if nothing does.</param>
/// <param name="Code">The lines between the fences.</param>
/// <param name="Line">The number of the first of them, from 1.</param>
internal sealed record CodeBlock(string Language, string Code, int Line);

/// <summary>A page, as far as it can be checked: its blocks of code, its links, and the headings that links can point at.</summary>
internal sealed partial class MarkdownPage
{
    private readonly List<CodeBlock> _blocks = [];
    private readonly List<string> _links = [];
    private readonly HashSet<string> _anchors = new(StringComparer.Ordinal);

    private MarkdownPage(IEnumerable<string> lines)
    {
        CodeBlock? open = null;
        var code = new StringBuilder();
        var number = 0;
        foreach (var line in lines)
        {
            number++;
            if (line.TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                if (open is not null)
                    _blocks.Add(open with { Code = code.ToString() });
                open = open is null ? new CodeBlock(line.Trim().TrimStart('`').Trim(), "", number + 1) : null;
                code.Clear();
            }
            else if (open is not null)
            {
                code.Append(line).Append('\n');
            }
            else
            {
                ReadProse(line);
            }
        }
    }

    internal IReadOnlyList<CodeBlock> Blocks => _blocks;

    internal IReadOnlyList<string> Links => _links;

    internal IReadOnlySet<string> Anchors => _anchors;

    internal static MarkdownPage Read(string relative) => new(File.ReadLines(Repository.PathOf(relative)));

    internal static MarkdownPage Parse(string text) => new(text.Split('\n'));

    private void ReadProse(string line)
    {
        if (Heading().Match(line) is { Success: true } heading)
            _anchors.Add(AnchorOf(heading.Groups["text"].Value));
        foreach (Match link in Link().Matches(InlineCode().Replace(line, "")))
            _links.Add(link.Groups["target"].Value);
    }

    /// <summary>A heading's anchor, as code hosts make it: lower case, spaces to hyphens, of the rest only letters, digits, - and _.</summary>
    private static string AnchorOf(string heading) =>
        string.Concat(heading.Trim().ToLowerInvariant().Replace(' ', '-').Where(letter => char.IsLetterOrDigit(letter) || letter is '-' or '_'));

    [GeneratedRegex(@"^#{1,6}\s+(?<text>.+?)\s*#*$")]
    private static partial Regex Heading();

    // [text](target), [text](target "title"), ![alt](target), and [label]: target on a line of its own
    [GeneratedRegex(@"(\]\(|^\[[^\]]+\]:\s+)(?<target>[^)\s]+)(\s+""[^""]*"")?(\)|$)")]
    private static partial Regex Link();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex InlineCode();
}
