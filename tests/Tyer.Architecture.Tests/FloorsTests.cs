using System.Reflection;

namespace Tyer.Architecture.Tests;

public class FloorsTests
{
    public static TheoryData<string> Projects => Repository.ProjectNames;

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_file_references_only_what_is_below(string name) =>
        Assert.DoesNotContain(Repository.Project(name).ProjectReferences, used => !Floors.MayUse(name, used));

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_built_assembly_references_only_what_is_below(string name)
    {
        // What comes in through another project's references compiles without a line in the project file.
        IEnumerable<string> used = ReferencesOf(name).Where(reference => reference.Split('.')[0] == "Tyer");
        Assert.DoesNotContain(used, reference => !Floors.MayUse(name, reference));
    }

    [Theory]
    [InlineData("Tyer")]
    [InlineData("Tyer.Engine")]
    public void Words_and_engine_use_no_package(string name)
    {
        Assert.Empty(Repository.Project(name).PackageReferences);
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        IEnumerable<string> strangers = ReferencesOf(name)
            .Where(reference => reference != "Tyer" && !File.Exists(Path.Combine(framework, reference + ".dll")));
        Assert.Empty(strangers);
    }

    [Fact]
    public void The_engine_references_the_words_and_nothing_else() =>
        Assert.Equal(["Tyer"], Repository.Project("Tyer.Engine").ProjectReferences);

    [Fact]
    public void The_known_floors_are_there()
    {
        // Were they renamed, the rules above would pass for the wrong reason.
        string[] known = ["Tyer", "Tyer.Client", "Tyer.Cluster", "Tyer.Comms", "Tyer.Engine", "Tyer.Node", "Tyer.Sessions"];
        Assert.Subset(Repository.Projects.Select(project => project.Name).ToHashSet(), known.ToHashSet());
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        string solution = File.ReadAllText(Path.Combine(Repository.Root, "Tyer.slnx")).Replace('\\', '/');
        string[] folders = ["src", "tests"];
        IEnumerable<string> missing = folders
            .SelectMany(Repository.ProjectFiles)
            .Select(path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'))
            .Where(path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal));
        Assert.Empty(missing);
    }

    [Theory]
    [InlineData("Tyer.Engine", "Tyer", true)]
    [InlineData("Tyer.Engine", "Tyer.Comms", false)] // sideways
    [InlineData("Tyer.Comms", "Tyer.Engine", false)]
    [InlineData("Tyer", "Tyer.Engine", false)] // up
    [InlineData("Tyer.Engine", "Tyer.Node", false)]
    [InlineData("Tyer.Node", "Tyer.Engine", true)]
    [InlineData("Tyer.Node", "Tyer.Client", false)]
    [InlineData("Tyer.Node", "Tyer.Cluster.Etcd", false)]
    [InlineData("Tyer.Client", "Tyer.Engine", false)]
    [InlineData("Tyer.Client", "Tyer.Sessions", true)]
    [InlineData("Tyer.Cluster.Etcd", "Tyer.Cluster", true)]
    [InlineData("Tyer.Cluster.Etcd", "Tyer.Cluster.Corosync", false)]
    [InlineData("Tyer.Cluster", "Tyer.Cluster.Etcd", false)]
    [InlineData("Tyer.Daemon", "Tyer.Cluster.Etcd", true)]
    [InlineData("Tyer.Daemon", "Tyer.Node", true)]
    [InlineData("Tyer.Daemon", "Tyer.Cli", false)]
    [InlineData("Tyer.SomethingNew", "Tyer.Client", true)]
    [InlineData("Tyer.Client", "Tyer.SomethingNew", false)]
    public void Arrows_point_down(string user, string used, bool may) => Assert.Equal(may, Floors.MayUse(user, used));

    private static IEnumerable<string> ReferencesOf(string name) =>
        Repository.Project(name).LoadAssembly().GetReferencedAssemblies().Select((AssemblyName reference) => reference.Name!);
}
