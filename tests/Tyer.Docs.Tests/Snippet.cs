using System.Text.RegularExpressions;

namespace Tyer.Docs.Tests;

/// <summary>A region of a file under <c>Snippets</c>: code that pages show, and that is compiled with these tests.</summary>
/// <param name="Name">The region's name, with its file's: <c>FirstLock.cs: TakeALock</c>.</param>
/// <param name="Code">Its text, moved to the left edge.</param>
/// <param name="Usings">The using directives of its file.</param>
internal sealed partial record Snippet(string Name, string Code, IReadOnlyList<string> Usings)
{
    /// <summary>All regions of all files.</summary>
    internal static IReadOnlyList<Snippet> All { get; } =
    [
        .. Directory.EnumerateFiles(Repository.PathOf("tests/Tyer.Docs.Tests/Snippets"), "*.cs").Order(StringComparer.Ordinal).SelectMany(InFile),
    ];

    /// <summary>Whether a page shows this, with or without the using directives that it needs in front.</summary>
    internal bool IsShownBy(string code)
    {
        var lines = code.Split('\n');
        var usings = lines.TakeWhile(line => line.Length == 0 || Using().IsMatch(line)).Where(line => line.Length > 0).ToList();
        var rest = lines.SkipWhile(line => line.Length == 0 || Using().IsMatch(line));
        return usings.All(Usings.Contains) && string.Join('\n', rest).Trim() == Code;
    }

    private static IEnumerable<Snippet> InFile(string path)
    {
        var text = File.ReadAllText(path);
        var usings = text.Split('\n').Where(line => Using().IsMatch(line)).ToList();
        return Region().Matches(text).Select(region =>
            new Snippet($"{Path.GetFileName(path)}: {region.Groups["name"].Value}", Dedent(region.Groups["code"].Value), usings));
    }

    private static string Dedent(string code)
    {
        var lines = code.Split('\n');
        var margin = lines.Where(line => line.Trim().Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length < margin ? "" : line[margin..].TrimEnd())).Trim();
    }

    [GeneratedRegex(@"^[ ]*#region (?<name>\S+)\n(?<code>.*?)^[ ]*#endregion", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Region();

    [GeneratedRegex(@"^using [\w.]+;$")]
    private static partial Regex Using();
}
