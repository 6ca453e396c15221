using System.Runtime.CompilerServices;

namespace Tyer.Engine.Tests.Scenarios;

/// <summary>
/// Plays the stories of this folder. With <c>TYER_ACCEPT_SCENARIOS=1</c> in the environment a story that comes out differently is
/// rewritten, to be read as a change like any other.
/// </summary>
public sealed class ScenarioTests
{
    /// <summary>Fewer are a sign that they were not found.</summary>
    private const int StoriesMin = 160;

    private static readonly bool Accepts = Environment.GetEnvironmentVariable("TYER_ACCEPT_SCENARIOS") == "1";

    public static TheoryData<string> Names =>
    [
        .. from file in new DirectoryInfo(Folder()).GetFiles("*.txt")
           let name = Path.GetFileNameWithoutExtension(file.Name)
           orderby name
           select name,
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_story_comes_out_as_told(string name)
    {
        var path = Path.Combine(Folder(), name + ".txt");
        var told = File.ReadAllText(path);
        var played = ScenarioFile.Parse(told).Play().ToString();
        if (played != told && Accepts)
            File.WriteAllText(path, played);
        else if (played != told)
            Assert.Fail($"{name}.txt comes out differently (- told, + played; see TYER_ACCEPT_SCENARIOS):\n{LineDiff.Of(told, played)}");
    }

    [Fact]
    public void The_stories_are_found() => Assert.True(Names.Count >= StoriesMin, $"There are {Names.Count} scenarios in {Folder()}.");

    public static TheoryData<RawFlags> Flags => [.. Enum.GetValues<RawFlags>().Where(flag => flag != RawFlags.None)];

    [Theory]
    [MemberData(nameof(Flags))]
    public void Every_flag_has_a_story_of_its_own_in_which_a_call_has_it(RawFlags flag)
    {
        var name = FlagNames.NameOf(flag);
        var stories = Names.Select(row => row.Data).Where(story => story == $"flag-{name}" || story.StartsWith($"flag-{name}-", StringComparison.Ordinal));

        Assert.Contains(stories, story => File.ReadLines(Path.Combine(Folder(), story + ".txt")).Any(line => IsCallWith(line, name)));
    }

    [Fact]
    public void A_story_told_wrongly_is_noticed()
    {
        const string told = "cluster 1\nn1 lock a r1 PR\n----\na granted EX token 1.1\n";

        var played = ScenarioFile.Parse(told).Play().ToString();

        const string difference = "  cluster 1\n  n1 lock a r1 PR\n  ----\n- a granted EX token 1.1\n+ a granted PR token 1.1\n  \n";
        Assert.Equal(difference, LineDiff.Of(told, played));
    }

    private static bool IsCallWith(string line, string flag) =>
        line.Split(' ') is [_, "lock" or "convert" or "unlock", ..] words && words.Contains(flag);

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
