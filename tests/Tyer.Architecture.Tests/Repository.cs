namespace Tyer.Architecture.Tests;

/// <summary>The source tree that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>All projects under <c>src</c>, in the order of their names.</summary>
    public static IReadOnlyList<SourceProject> Projects { get; } =
    [
        .. ProjectFiles("src").Select(path => new SourceProject(path)).OrderBy(project => project.Name, StringComparer.Ordinal),
    ];

    /// <summary>For tests that run once for each project.</summary>
    public static TheoryData<string> ProjectNames => [.. Projects.Select(project => project.Name)];

    public static SourceProject Project(string name) => Projects.Single(project => project.Name == name);

    /// <summary>The project files in the folders of <paramref name="folder"/>.</summary>
    public static IEnumerable<string> ProjectFiles(string folder) =>
        Directory.EnumerateDirectories(Path.Combine(Root, folder)).SelectMany(project => Directory.EnumerateFiles(project, "*.csproj"));

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Tyer.slnx"))) return directory.FullName;
        }

        throw new InvalidOperationException($"No Tyer.slnx above {AppContext.BaseDirectory}: these tests read the source tree.");
    }
}
