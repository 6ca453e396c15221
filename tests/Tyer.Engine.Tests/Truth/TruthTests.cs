namespace Tyer.Engine.Tests.Truth;

/// <summary>What a real kernel did, step by step, and what Tyer does: equal, but for the deliberate differences, which have names.</summary>
public sealed class TruthTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, TruthProgram> Programs = TruthProgram.ReadAll().ToDictionary(program => program.Name);

    public static TheoryData<string> Names => [.. Programs.Keys.Order(StringComparer.Ordinal)];

    [Fact]
    public void All_programs_are_here()
    {
        Assert.Equal(267, Programs.Count);
        Assert.Equal(7004, Programs.Values.Sum(program => program.Steps.Count));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Tyer_answers_as_the_kernel_did(string name) => Compare(Programs[name], _ => { });

    [Fact]
    public void Every_difference_is_needed()
    {
        var uses = Differences.All.ToDictionary(difference => difference.Name, _ => 0);
        foreach (var program in Programs.Values)
            Compare(program, difference => uses[difference.Name]++);

        foreach (var (name, count) in uses)
            output.WriteLine($"{count,5}  {name}");
        Assert.All(uses, use => Assert.NotEqual(0, use.Value));
        // A listed step that no program has would never be looked up.
        var steps = Programs.Values.SelectMany(program => program.Steps.Select(step => $"{program.Name}:{step.Number}"));
        Assert.Subset(steps.ToHashSet(), Divergences.All.ToHashSet());
    }

    private static void Compare(TruthProgram program, Action<Difference> used)
    {
        var replay = new TruthReplay(program);
        var translation = new Translation(program, used);
        foreach (var step in program.Steps)
            AssertEqual($"{program.Name}:{step.Number}", step.Outcomes, translation.Step(step), replay.Run(step));
        var end = replay.End();
        AssertEqual($"{program.Name}:end", program.End, translation.End(end), end);
    }

    private static void AssertEqual(
        string place, IReadOnlyList<string> kernel, IReadOnlyList<string> expected, IReadOnlyList<string> actual) =>
        Assert.True(expected.SequenceEqual(actual), $"""
            {place}
            kernel:   {string.Join(" | ", kernel)}
            expected: {string.Join(" | ", expected)}
            actual:   {string.Join(" | ", actual)}
            """);
}
