using System.Reflection;
using Tyer.Cluster.State;

namespace Tyer.Architecture.Tests;

/// <summary>A code that a user meets can be looked up.</summary>
public class ErrorPagesTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "docs", "errors");

    /// <summary>The codes of all exceptions of all projects.</summary>
    private static IReadOnlyList<(Type Exception, string? Code)> Codes { get; } =
    [
        .. Repository.Projects
            .Where(project => !project.IsProgram)
            .SelectMany(project => project.LoadAssembly().GetTypes())
            .Where(type => type.IsSubclassOf(typeof(TyerException)) && !type.IsAbstract)
            .Select(type => (type, (string?)type.GetField("ErrorCode", BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue())),
    ];

    [Fact]
    public void Every_exception_has_a_code_of_its_own()
    {
        Assert.NotEmpty(Codes);
        Assert.Empty(Codes.Where(each => each.Code is null).Select(each => each.Exception));
        Assert.Empty(Codes.GroupBy(each => each.Code).Where(group => group.Count() > 1).Select(group => group.Key));
        Assert.All(Codes, each => Assert.Matches("^TYER-[A-Z]+(-[A-Z]+)*$", each.Code));
    }

    [Fact]
    public void Every_code_has_a_page_and_every_page_a_code()
    {
        IEnumerable<string> pages = Directory.EnumerateFiles(Folder, "TYER-*.md").Select(path => Path.GetFileNameWithoutExtension(path)!);
        Assert.Equal(Codes.Select(each => each.Code!).Order(StringComparer.Ordinal), pages.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_page_begins_with_its_code_and_says_what_to_do()
    {
        foreach ((Type _, string? code) in Codes)
        {
            string page = File.ReadAllText(Path.Combine(Folder, code + ".md"));
            Assert.StartsWith($"# {code}\n", page, StringComparison.Ordinal);
            Assert.Contains("what to do", page, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void The_index_lists_every_code_with_its_exception()
    {
        string index = File.ReadAllText(Path.Combine(Folder, "README.md"));
        foreach ((Type exception, string? code) in Codes)
            Assert.Contains($"| [{code}]({code}.md) | `{exception.Name}` |", index, StringComparison.Ordinal);
    }

    /// <summary>A reason that is missing from its page is one that nobody can look up.</summary>
    [Theory]
    [InlineData("TYER-LOST", typeof(LossReason))]
    [InlineData("TYER-REFUSED", typeof(RefusalReason))]
    [InlineData("TYER-UNAVAILABLE", typeof(UnavailableReason))]
    [InlineData("TYER-STATE", typeof(StateFault))]
    public void Every_reason_is_on_its_page(string code, Type reasons)
    {
        string page = File.ReadAllText(Path.Combine(Folder, code + ".md"));
        Assert.All(Enum.GetNames(reasons), reason => Assert.Contains($"| `{reason}` |", page, StringComparison.Ordinal));
    }
}
