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

    [Fact]
    public void A_node_that_acts_beyond_its_lease_is_found_out() => AssertFound(SimMistake.ActsBeyondItsLease, Leased);

    [Fact]
    public void To_believe_one_survivor_is_found_out()
    {
        // n3 answers n1 until n1 is cut off from all; n2 has not answered for as long as a lease lasts by then.
        var script = SimFault.Parse(
            """
            at 3000 cut n1 n2 for 3000
            at 5500 partition n1 for 4000
            """);
        AssertFound(SimMistake.BelievesOneSurvivor, Leased with { Script = script });
    }

    /// <summary>Found in what is held beside what, and not only in that a cluster which does not stop does not come to rest.</summary>
    private static void AssertFound(SimMistake mistake, SimProfile profile)
    {
        for (ulong seed = 1; seed <= 100; seed++)
        {
            Assert.Null(Simulation.Run(seed, profile, nodes: 3).Violation);
            if (Simulation.Run(seed, profile, nodes: 3, traces: false, mistake).Violation is not { } violation || !SafetyRule().IsMatch(violation))
                continue;
            TestContext.Current.TestOutputHelper?.WriteLine($"{mistake}: seed {seed}, {violation}");
            return;
        }

        Assert.Fail($"{mistake} goes unnoticed.");
    }

    [GeneratedRegex(@" ms: (S\d|I1|I3|I5)")]
    private static partial Regex SafetyRule();
}
