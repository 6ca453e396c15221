namespace Tyer.Docs.Tests;

/// <summary>The source tree that these tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] NotOurs = ["bin", "obj", "artifacts", "BenchmarkDotNet.Artifacts"];

    internal static string Root { get; } = FindRoot();

    /// <summary>Every page, relative to the root: what a reader of the repository may open.</summary>
    internal static IReadOnlyList<string> Pages { get; } = [.. FilesUnder(Root, "*.md").Select(RelativeName).Order(StringComparer.Ordinal)];

    internal static string PathOf(string relative) => Path.Combine(Root, relative);

    private static IEnumerable<string> FilesUnder(string folder, string pattern) => Directory.EnumerateFiles(folder, pattern).Concat(
        from inner in Directory.EnumerateDirectories(folder)
        let name = Path.GetFileName(inner)
        where !NotOurs.Contains(name) && !name.StartsWith('.')
        from file in FilesUnder(inner, pattern)
        select file);

    private static string RelativeName(string path) => Path.GetRelativePath(Root, path);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Tyer.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No Tyer.slnx above {AppContext.BaseDirectory}: these tests read the source tree.");
    }
}
