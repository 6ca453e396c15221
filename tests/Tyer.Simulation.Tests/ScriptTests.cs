namespace Tyer.Simulation.Tests;

public sealed class ScriptTests
{
    [Fact]
    public void A_script_says_what_goes_wrong_when_and_nothing_else_does()
    {
        var script = SimFault.Parse(
            """
            at 1000 freeze n2 for 300      # shorter than it takes to notice
            at 2000 crash n1
            at 2005 break n2 n3
            at 9000 noquorum for 500
            """);
        Assert.Equal(new SimFault(1000 * TimeSpan.TicksPerMillisecond, SimFaultKind.Freeze, 2, 0, 300 * TimeSpan.TicksPerMillisecond), script[0]);

        var life = Simulation.Run(1, SimProfile.Find("stormy")! with { Script = script }, nodes: 3, traces: true);

        Assert.Null(life.Violation);
        Assert.Equal(4, life.Faults);
        Assert.Equal(
            ["1000.000  FAULT 0: freeze n2.2", "2000.000  FAULT 1: crash n1.1", "2005.000  FAULT 2: connection lost, with what is on its way n2.2 - n3.3", "9000.000  FAULT 3: no quorum"],
            life.Trace.Where(line => line.Contains(" FAULT ", StringComparison.Ordinal)).Select(line => line.Trim()));
        Assert.Contains(life.Trace, line => line.Trim() == "1300.000  n2.2 goes on");
    }

    [Fact]
    public void Orphans_are_looked_after_where_all_but_one_have_left_and_no_client_is_there()
    {
        var script = SimFault.Parse(
            """
            at 6000 kill n1
            at 11000 kill n3
            at 15000 kill n2
            at 19800 leave n1
            at 19850 leave n2
            at 19900 leave n3
            """);

        // Whether anything is left behind at the end is chance: in some of these lives it is.
        var lives = Enumerable.Range(1, 16).Select(seed => Simulation.Run((ulong)seed, SimProfile.Find("brutal")! with { Script = script }, nodes: 3, traces: true)).ToArray();

        Assert.All(lives, life => Assert.Null(life.Violation));
        Assert.Contains(lives, life => life.Trace.Any(line => line.Contains("(Orphan)", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("crash n2")]
    [InlineData("at 10 crash")]
    [InlineData("at 10 crash n2 n3")]
    [InlineData("at 10 cut n2")]
    [InlineData("at 10 explode n2")]
    [InlineData("at -1 crash n2")]
    [InlineData("at 10 crash n0")]
    [InlineData("at 10 freeze n1 for ever")]
    [InlineData("at 10 3 n1")]
    public void A_line_that_is_no_fault_is_named(string line)
    {
        var fault = Assert.Throws<FormatException>(() => SimFault.Parse($"at 5 crash n1\n{line}\n"));
        Assert.StartsWith($"'{line}' is no fault; one is 'at MILLISECONDS KIND [NODE [NODE]] [for MILLISECONDS]', and the kinds are crash n1, kill n1,", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cut_which_phase_is_counted_over_many_lives()
    {
        var counts = new Dictionary<string, long>();
        for (ulong seed = 1; seed <= 12; seed++)
        {
            foreach (var (what, times) in Simulation.Run(seed, SimProfile.Find("brutal")!).Counts)
                counts[what] = counts.GetValueOrDefault(what) + times;
        }

        var cuts = SimResult.Cuts(counts);
        Assert.All(cuts, cut => Assert.Equal(SimResult.Phases.Count, cut.Times.Count));
        var views = Assert.Single(cuts, cut => cut.What == "a view");
        // Joining members have no view yet that another could cut.
        Assert.Equal(0, views.Times[0]);
        Assert.All(views.Times.Skip(1), times => Assert.True(times > 0));
        Assert.Equal(counts.Where(count => SimResult.IsCut(count.Key)).Sum(count => count.Value), cuts.Sum(cut => cut.Times.Sum()));
    }
}
