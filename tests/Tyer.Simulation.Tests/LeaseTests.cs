using System.Text.RegularExpressions;

namespace Tyer.Simulation.Tests;

/// <summary>
/// Lives in which nobody is fenced: who is out of reach stops by its own clock before others may have what it held.
/// </summary>
public sealed partial class LeaseTests
{
    private const int Runs = 100;

    private static readonly SimProfile Leased = SimProfile.Find("leased")!;

    [Fact]
    [Trait("Category", "Long")]
    public void Nobody_holds_what_was_given_to_others_when_a_lease_had_run_out()
    {
        var leasesRunOut = 0L;
        for (ulong seed = 1; seed <= Runs; seed++)
        {
            var result = Simulation.Run(seed, Leased);
            Assert.True(result.Violation is null, $"seed {seed}: {result.Violation}");
            leasesRunOut += result.Counts.GetValueOrDefault("leases run out");
        }

        Assert.True(leasesRunOut > Runs / 2, $"{leasesRunOut} leases have run out");
    }

    // Found in what was held beside what, and not only in that a cluster which did not stop does not come to rest.
    [Theory]
    [InlineData(nameof(SimMistake.ActsBeyondItsLease))]
    [InlineData(nameof(SimMistake.BelievesOneSurvivor))]
    public void A_mistake_with_leases_is_found(string name)
    {
        for (ulong seed = 1; seed <= 2000; seed++)
        {
            if (Simulation.Run(seed, Leased, nodes: 0, traces: false, Enum.Parse<SimMistake>(name)).Violation is not { } violation || !SafetyRule().IsMatch(violation))
                continue;
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: seed {seed}, {violation}");
            return;
        }

        Assert.Fail($"{name} goes unnoticed.");
    }

    [GeneratedRegex(@" ms: (S\d|I1|I3|I5)")]
    private static partial Regex SafetyRule();
}
