namespace Tyer.Cluster.Corosync.Tests.Agreement;

/// <summary>Many runs of the agreement under splits, merges, crashes, freezes and evictions; each rule after each view.</summary>
public sealed class AgreementSimulationTests
{
    private const int Seeds = 400;
    private const int Steps = 2500;

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void The_same_id_is_the_same_view_and_nobody_comes_back_stale(int nodes)
    {
        int views = 0;
        for (int seed = 1; seed <= Seeds; seed++)
        {
            var simulation = new AgreementSimulation(seed, nodes);
            try
            {
                simulation.Run(Steps);
            }
            catch (Exception broken)
            {
                throw new InvalidOperationException($"Seed {seed} with {nodes} nodes: {broken.Message}", broken);
            }

            views += simulation.History.Count;
        }

        // A simulation in which little happens proves little.
        Assert.True(views > 3 * Seeds, $"only {views} views in {Seeds} runs");
    }

    [Theory]
    [InlineData(Mistake.MinorityGoesOn)]
    [InlineData(Mistake.NothingOnDisk)]
    [InlineData(Mistake.HighestOfTheStart)]
    [InlineData(Mistake.OneReadyIsEnough)]
    [InlineData(Mistake.HealedMemberIsTakenForNew)]
    [InlineData(Mistake.SaysTheViewBefore)]
    [InlineData(Mistake.KeepsProofsToItself)]
    [InlineData(Mistake.ForgetsWhatItPromised)]
    public void A_mistake_is_found(Mistake mistake)
    {
        for (int seed = 1; seed <= 4 * Seeds; seed++)
        {
            try
            {
                new AgreementSimulation(seed, nodes: 3 + (seed % 3), mistake).Run(Steps);
            }
            catch (Exception found) when (found is BrokenRuleException or InvariantBrokenException)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"{mistake} was found by seed {seed}: {found.Message}");
                return;
            }
        }

        Assert.Fail($"{mistake} was not found by {4 * Seeds} seeds.");
    }
}
