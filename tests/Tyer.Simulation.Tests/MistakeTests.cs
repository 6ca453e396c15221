namespace Tyer.Simulation.Tests;

/// <summary>Whether the simulator would find it out if recovery were wrong: a watcher that never barks proves nothing.</summary>
public sealed class MistakeTests
{
    private const int RunsMax = 2000;

    // Those with leases are tried where there are leases: LeaseTests.
    public static TheoryData<string> Mistakes =>
        [.. Enum.GetNames<SimMistake>().Except([nameof(SimMistake.None), nameof(SimMistake.ActsBeyondItsLease), nameof(SimMistake.BelievesOneSurvivor)])];

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_found(string name)
    {
        var mistake = Enum.Parse<SimMistake>(name);
        for (ulong seed = 1; seed <= RunsMax; seed++)
        {
            if (Simulation.Run(seed, SimProfile.Of(seed), nodes: 0, traces: false, mistake).Violation is not { } violation)
                continue;
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: seed {seed}, {violation}");
            return;
        }

        Assert.Fail($"{name} goes unnoticed for {RunsMax} runs.");
    }
}
