using Tyer.Cli.Bench;

namespace Tyer.Cli.Tests.Bench;

/// <summary>How rounds become figures. What is measured needs a machine; how it is judged does not.</summary>
public sealed class BenchFigureTests
{
    [Fact]
    public void A_time_is_compared_round_by_round_and_the_median_judged()
    {
        Probe yardstick = ProbeOf(null, FigureKind.Time, null, 10, 20, 1000);
        BenchFigure figure = BenchRun.FigureOf(ProbeOf(yardstick, FigureKind.Time, 3, 20, 80, 3000));

        Assert.Equal(3, figure.Ratio);
        Assert.Equal((2.0, 4.0), (figure.RatioLowest!.Value, figure.RatioHighest!.Value));
        Assert.Equal(80, figure.Nanoseconds);
        Assert.Equal((3.0, null), (figure.GoalAtMost!.Value, figure.GoalAtLeast));
        Assert.True(figure.IsMet);
    }

    [Fact]
    public void A_time_above_its_goal_misses_it()
    {
        Assert.False(BenchRun.FigureOf(ProbeOf(ProbeOf(null, FigureKind.Time, null, 10, 10, 10), FigureKind.Time, 3, 31, 31, 31)).IsMet);
    }

    [Fact]
    public void A_rate_is_how_often_it_happens_in_the_time_of_a_round_trip()
    {
        Probe roundTrip = ProbeOf(null, FigureKind.Time, null, 1000, 1000);
        BenchFigure few = BenchRun.FigureOf(ProbeOf(roundTrip, FigureKind.Rate, 4, 500, 500));
        BenchFigure many = BenchRun.FigureOf(ProbeOf(roundTrip, FigureKind.Rate, 4, 100, 100));

        Assert.Equal((2.0, false), (few.Ratio!.Value, few.IsMet!.Value));
        Assert.Equal((10.0, true), (many.Ratio!.Value, many.IsMet!.Value));
        Assert.Equal((null, 4.0), (few.GoalAtMost, few.GoalAtLeast!.Value));
        Assert.Equal(2_000_000, few.PerSecond);
    }

    [Fact]
    public void What_has_no_goal_is_not_judged()
    {
        Assert.Null(BenchRun.FigureOf(ProbeOf(ProbeOf(null, FigureKind.Time, null, 5, 5), FigureKind.Time, null, 5, 5)).IsMet);
    }

    private static Probe ProbeOf(Probe? against, FigureKind kind, double? goal, params double[] rounds)
    {
        var probe = new Probe { Where = "here", What = "something", Against = against, Kind = kind, Goal = goal, Run = _ => Task.CompletedTask };
        probe.Results.AddRange(rounds);
        return probe;
    }
}
