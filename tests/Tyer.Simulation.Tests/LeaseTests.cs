using System.Text.RegularExpressions;

namespace Tyer.Simulation.Tests;

/// <summary>
/// Lives in which nobody is fenced: who is out of reach stops by its own clock before others may have what it held. About safety; that all
/// comes to rest in the end is looked for where nodes are fenced.
/// </summary>
public sealed partial class LeaseTests
{
    private const int Runs = 200;

    [Fact]
    [Trait("Category", "Long")]
    public void Nobody_holds_what_was_given_to_others_when_a_lease_had_run_out()
    {
        var leasesRunOut = 0L;
        for (ulong seed = 1; seed <= Runs; seed++)
        {
            var result = Simulation.Run(seed, SimProfile.Leased);
            Assert.False(IsUnsafe(result.Violation), $"seed {seed}: {result.Violation}");
            leasesRunOut += result.Counts.GetValueOrDefault("leases run out");
        }

        Assert.True(leasesRunOut > Runs / 2, $"{leasesRunOut} leases have run out");
    }

    [Theory]
    [InlineData(nameof(SimMistake.ActsBeyondItsLease))]
    [InlineData(nameof(SimMistake.BelievesOneSurvivor))]
    public void A_mistake_with_leases_is_found(string name)
    {
        for (ulong seed = 1; seed <= 2000; seed++)
        {
            if (Simulation.Run(seed, SimProfile.Leased, nodes: 0, traces: false, Enum.Parse<SimMistake>(name)).Violation is not { } violation || !IsUnsafe(violation))
                continue;
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: seed {seed}, {violation}");
            return;
        }

        Assert.Fail($"{name} goes unnoticed.");
    }

    private static bool IsUnsafe(string? violation) =>
        violation is not null && (SafetyRule().IsMatch(violation) || violation.Contains("Exception", StringComparison.Ordinal));

    [GeneratedRegex(@" ms: (S\d|I1|I3|I5)")]
    private static partial Regex SafetyRule();
}
