namespace Tyer.Architecture.Tests;

/// <summary>
/// The public surface of each project stands in a file beside it, <c>PublicApi.txt</c>, so that every change to it is seen in a review.
/// Rewrite the files with <c>TYER_ACCEPT_API=1 dotnet run --project tests/Tyer.Architecture.Tests</c>.
/// </summary>
public class PublicApiTests
{
    private const string AcceptVariable = "TYER_ACCEPT_API";

    public static TheoryData<string> Projects =>
        [.. Repository.Projects.Where(project => !project.IsProgram).Select(project => project.Name)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void The_public_surface_is_the_one_that_was_reviewed(string name)
    {
        SourceProject project = Repository.Project(name);
        string path = Path.Combine(project.Directory, "PublicApi.txt");
        string[] now = [.. ApiListing.Of(project.LoadAssembly().GetExportedTypes())];
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1") Accept(path, now);

        string[] reviewed = File.Exists(path) ? File.ReadAllLines(path) : [];
        Assert.True(now.SequenceEqual(reviewed), Difference(path, reviewed, now));
    }

    [Fact]
    public void A_difference_is_told_line_by_line()
    {
        string text = Difference("PublicApi.txt", ["a", "b", "d"], ["a", "c", "d"]);
        Assert.Contains("\n- b\n+ c\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("a\n+", text, StringComparison.Ordinal);
    }

    private static void Accept(string path, string[] lines)
    {
        if (lines.Length > 0) File.WriteAllText(path, string.Join('\n', lines) + "\n");
        else File.Delete(path);
    }

    private static string Difference(string path, string[] reviewed, string[] now)
    {
        IEnumerable<string> gone = reviewed.Except(now).Select(line => "- " + line);
        IEnumerable<string> added = now.Except(reviewed).Select(line => "+ " + line);
        string lines = string.Join('\n', gone.Concat(added).DefaultIfEmpty("(the same lines in another order)"));
        return $"{path} is not the public surface any more. If that is meant, run with {AcceptVariable}=1 and commit it.\n{lines}\n";
    }
}
