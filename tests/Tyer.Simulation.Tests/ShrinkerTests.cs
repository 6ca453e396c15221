namespace Tyer.Simulation.Tests;

public sealed class ShrinkerTests
{
    [Fact]
    public void What_a_violation_does_not_need_is_left_out()
    {
        var profile = SimProfile.Find("stormy")!;
        var seed = Enumerable.Range(1, 100).Select(number => (ulong)number)
            .First(number => Simulation.Run(number, profile, 4, false, SimMistake.SkipsRebuild).Violation is not null);
        var whole = Simulation.Run(seed, profile, 4, false, SimMistake.SkipsRebuild);

        var reduction = Shrinker.Shrink(seed, profile, 4, SimMistake.SkipsRebuild);
        var rest = Simulation.Run(seed, profile, 4, false, SimMistake.SkipsRebuild, reduction);

        Assert.NotNull(rest.Violation);
        var faults = reduction.FaultsEnd - reduction.WithoutFaults.Count;
        Assert.True(faults <= 2, $"{reduction.FaultsEnd} faults, without {reduction.WithoutFaults.Count}");
        var clients = whole.Operations.Count;
        Assert.True(reduction.WithoutClients.Count > clients / 2, $"{clients} clients, without {reduction.WithoutClients.Count}");
        var operations = rest.Operations.Where((_, client) => !reduction.WithoutClients.Contains(client + 1)).Sum();
        var without = reduction.WithoutOperations.Values.Sum(numbers => numbers.Count);
        Assert.True(without > operations / 2, $"{operations} operations, without {without}");
    }

    [Fact]
    public void A_life_without_violation_is_left_as_it_is() =>
        Assert.Equal(SimReduction.None, Shrinker.Shrink(1, SimProfile.Find("calm")!, 2));
}
