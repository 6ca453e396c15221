using System.Text.RegularExpressions;

namespace Tyer.Docs.Tests;

/// <summary>The table of log events in <c>docs/operating.md</c> has those of the sources, each with its level, and no others.</summary>
public partial class LogEventsPageTests
{
    private static readonly IReadOnlyList<(string Id, string Level)> OfSources =
    [
        .. from file in Directory.EnumerateFiles(Repository.PathOf("src"), "*.cs", SearchOption.AllDirectories)
           let inner = Path.GetRelativePath(Repository.Root, file).Split(Path.DirectorySeparatorChar)
           where !inner.Contains("obj") && !inner.Contains("bin")
           from Match found in Declared().Matches(File.ReadAllText(file))
           orderby int.Parse(found.Groups["id"].Value, null)
           select (found.Groups["id"].Value, found.Groups["level"].Value),
    ];

    [Fact]
    public void Each_id_means_one_thing()
    {
        Assert.NotEmpty(OfSources);
        Assert.Empty(OfSources.GroupBy(each => each.Id).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Fact]
    public void The_table_lists_them_all()
    {
        var page = File.ReadAllText(Repository.PathOf("docs/operating.md"));
        Assert.Equal(OfSources, Listed().Matches(page).Select(row => (row.Groups["id"].Value, row.Groups["level"].Value)));
    }

    [GeneratedRegex(@"EventId = (?<id>\d+), Level = LogLevel\.(?<level>\w+)")]
    private static partial Regex Declared();

    [GeneratedRegex(@"^\| (?<id>\d+) \| (?<level>\w+) \| \S", RegexOptions.Multiline)]
    private static partial Regex Listed();
}
