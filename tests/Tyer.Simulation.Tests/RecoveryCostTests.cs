namespace Tyer.Simulation.Tests;

public sealed class RecoveryCostTests
{
    [Theory]
    [InlineData(3, 1_000)]
    [InlineData(10, 1_000)]
    [InlineData(10, 10_000)]
    [InlineData(32, 10_000)]
    public void Recovery_costs_what_the_dead_node_touched(int nodes, int locks)
    {
        var cost = RecoveryCost.Measure(nodes, locks);
        var survivors = nodes - 1;

        Assert.True(cost.Rebuilt > 0);
        // Two markers from everybody to everybody; and who is told of a new master's sessions, at most everybody of everybody.
        var forAll = 3L * survivors * survivors;
        var touched = (RecoveryCost.MessagesPerRebuilt * (long)cost.Rebuilt) + (RecoveryCost.MessagesPerMoved * (long)cost.Moved);
        Assert.InRange(cost.Messages, 1, touched + forAll);
    }

    [Fact]
    public void No_operation_on_an_untouched_resource_is_delayed_by_the_death_of_the_master_of_a_tenth()
    {
        var cost = RecoveryCost.Measure(nodes: 10, locks: 4_000, operations: 1_500);
        Assert.Equal(1_500, cost.Operations);
        Assert.Equal(0, cost.Delayed);
    }
}
