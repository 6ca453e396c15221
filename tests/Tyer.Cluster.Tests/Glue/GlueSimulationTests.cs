using Tyer.Cluster.Leases;

namespace Tyer.Cluster.Tests.Glue;

/// <summary>Thousands of clusters in which all goes wrong that can: nobody's locks are given away while he may act, and in the end all is well again.</summary>
public class GlueSimulationTests
{
    private const int Seeds = 800;

    private static readonly LeaseTerms Terms = new(TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(500), 0.01);

    [Fact]
    public void Nobody_is_taken_to_have_stopped_who_may_act_and_all_come_back()
    {
        var seen = new Dictionary<string, int>();
        for (int seed = 0; seed < Seeds; seed++)
        {
            var simulation = new GlueSimulation(seed, Terms, clockError: 0.01);
            simulation.Misbehave();
            simulation.Recover();
            Assert.True(simulation.Violation is null, $"seed {seed}: {simulation.Violation}\n{simulation.Log}");
            foreach ((string what, int count) in simulation.Seen) seen[what] = seen.GetValueOrDefault(what) + count;
        }

        foreach (string what in (string[])["crashes", "freezes", "cuts", "broken connections", "living ones removed", "expulsions", "evictions", "proofs", "views"])
            Assert.True(seen.GetValueOrDefault(what) > Seeds / 10, $"'{what}' happened {seen.GetValueOrDefault(what)} times");
    }

    [Fact]
    public void Clocks_that_are_worse_than_agreed_are_found_out() => Assert.Contains(Enumerable.Range(0, Seeds), seed =>
    {
        var simulation = new GlueSimulation(seed, Terms, clockError: 0.08);
        simulation.Misbehave();
        return simulation.Violation?.Contains("is taken to have stopped", StringComparison.Ordinal) == true;
    });
}
