using System.Collections.Immutable;
using Tyer.Cluster.Fencing;
using Tyer.Cluster.Glue;

namespace Tyer.Cluster.Tests.Fencing;

public class FenceDutyTests
{
    private static readonly Member N1 = new(new NodeId(1), new Incarnation(11), "n1");
    private static readonly Member N2 = new(new NodeId(2), new Incarnation(12), "n2");
    private static readonly Member N3 = new(new NodeId(3), new Incarnation(13), "n3");
    private static readonly Member N3Again = new(new NodeId(3), new Incarnation(23), "n3");
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);

    private ulong _view;
    private TimeSpan _now = TimeSpan.FromSeconds(1000);

    [Fact]
    public void The_lowest_member_fences_and_nobody_else()
    {
        FenceDuty one = Duty(N1), two = Duty(N2);
        foreach (FenceDuty duty in (FenceDuty[])[one, two]) Depart(duty);
        Assert.Equal("first", Assert.Single(one.Due(_now)).Agent.Name);
        Assert.Empty(two.Due(_now));
        Assert.Equal((FenceStage.Running, N1.Id), (one.Describe(_now)[0].Stage, one.Describe(_now)[0].Actor));
        Assert.Equal((FenceStage.Elsewhere, N1.Id), (two.Describe(_now)[0].Stage, two.Describe(_now)[0].Actor));
    }

    [Fact]
    public void When_the_one_who_fences_departs_the_next_takes_over()
    {
        FenceDuty two = Duty(N2, size: 5);
        Member n4 = new(new NodeId(4), new Incarnation(14), "n4"), n5 = new(new NodeId(5), new Incarnation(15), "n5");
        Hold(two, [N1, N2, N3, n4, n5], []);
        Hold(two, [N1, N2, n4, n5], [N3]);
        Assert.Empty(two.Due(_now));
        Hold(two, [N2, n4, n5], [N1, N3]);
        Assert.Equal([N1.NodeIncarnation, N3.NodeIncarnation], two.Due(_now).Select(run => run.Departed));
    }

    [Fact]
    public void A_minority_fences_nobody()
    {
        FenceDuty one = Duty(N1);
        Hold(one, [N1, N2, N3], []);
        Hold(one, [N1], [N2, N3], hasQuorum: false);
        Assert.Empty(one.Due(_now));
    }

    [Fact]
    public void When_an_agent_fails_the_next_is_tried_at_once_and_after_the_last_all_of_them_later_and_later()
    {
        FenceDuty one = Duty(N1);
        Depart(one);
        TimeSpan pause = ClusterLimits.FenceRetryMin;
        for (int round = 1; round <= 3; round++)
        {
            Assert.Equal(TimeSpan.Zero, Fail(one, "first"));
            Assert.Equal(pause, Fail(one, "second"));
            Assert.Empty(one.Due(_now));
            FenceCase waiting = Assert.Single(one.Describe(_now));
            Assert.Equal((FenceStage.Waiting, 2 * round, pause), (waiting.Stage, waiting.Attempts, waiting.NextIn!.Value));
            Assert.Equal("second: no route", waiting.LastError);
            _now += pause;
            pause *= 2;
        }
    }

    [Fact]
    public void Pauses_do_not_grow_for_ever()
    {
        FenceDuty one = Duty(N1);
        Depart(one);
        TimeSpan pause = default;
        for (int round = 0; round < 100; round++)
        {
            Fail(one, "first");
            pause = Fail(one, "second")!.Value;
            _now += pause;
        }

        Assert.Equal(ClusterLimits.FenceRetryMax, pause);
    }

    [Fact]
    public void Who_has_lost_its_power_is_proven_and_not_fenced_again()
    {
        FenceDuty one = Duty(N1);
        Depart(one);
        one.Ended(Assert.Single(one.Due(_now)), Result(0), _now);
        Assert.Equal([N3.NodeIncarnation], one.Proven(_now));
        Assert.Empty(one.Due(_now + TimeSpan.FromHours(1)));
        Hold(one, [N1, N2], []);
        Assert.Empty(one.Proven(_now));
        Assert.Empty(one.Describe(_now));
    }

    [Fact]
    public void Programs_on_other_machines_outlive_the_power_for_a_while()
    {
        FenceDuty one = Duty(N1, outlivedFor: TimeSpan.FromSeconds(10));
        Depart(one);
        one.Ended(Assert.Single(one.Due(_now)), Result(0), _now);
        Assert.Empty(one.Proven(_now + TimeSpan.FromSeconds(9.9)));
        Assert.Equal(FenceStage.Off, one.Describe(_now)[0].Stage);
        Assert.Equal([N3.NodeIncarnation], one.Proven(_now + TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void Nobody_is_fenced_for_an_earlier_life()
    {
        FenceDuty one = Duty(N1);
        Hold(one, [N1, N2, N3], []);
        Hold(one, [N1, N2, N3Again], [N3]);
        Assert.Empty(one.Due(_now));
    }

    [Fact]
    public void A_life_that_came_and_went_while_the_agent_ran_is_not_proven_by_it()
    {
        FenceDuty one = Duty(N1);
        Depart(one);
        FenceRun run = Assert.Single(one.Due(_now));
        Hold(one, [N1, N2, N3Again], [N3]);
        Hold(one, [N1, N2], [N3, N3Again]);
        Assert.Empty(one.Due(_now));
        one.Ended(run, Result(0), _now);
        Assert.Equal([N3.NodeIncarnation], one.Proven(_now));
        Assert.Equal(N3Again.NodeIncarnation, Assert.Single(one.Due(_now)).Departed);
    }

    [Fact]
    public void A_node_is_given_the_time_that_is_configured()
    {
        FenceDuty one = Duty(N1, delay: TimeSpan.FromSeconds(5));
        Depart(one);
        Assert.Empty(one.Due(_now + TimeSpan.FromSeconds(4.9)));
        Assert.Single(one.Due(_now + TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void A_newcomer_waits_until_what_another_began_must_be_over()
    {
        FenceDuty one = Duty(N1);
        Hold(one, [N1, N2], [N3]);
        TimeSpan longest = TimeSpan.FromSeconds(20) + Lease;
        Assert.Empty(one.Due(_now + longest - TimeSpan.FromTicks(1)));
        Assert.Single(one.Due(_now + longest));
    }

    [Fact]
    public void A_node_that_is_missing_at_the_start_is_given_time_to_come()
    {
        FenceDuty one = Duty(N1, timeout: TimeSpan.FromSeconds(2));
        var missing = new NodeIncarnation(N3.Id, FirstView.UnknownLife);
        one.Hold(new ClusterView(++_view, [N1, N2], [missing]), [missing], _now);
        Assert.Empty(one.Due(_now + ClusterLimits.FenceStartDelay - TimeSpan.FromTicks(1)));
        Assert.Single(one.Due(_now + ClusterLimits.FenceStartDelay));
    }

    [Fact]
    public void A_node_without_an_agent_is_left_to_its_lease()
    {
        var one = new FenceDuty(new FencingOptions(), N1.Id, Lease);
        Depart(one);
        Assert.Empty(one.Due(_now));
        Assert.Empty(one.Describe(_now));
    }

    private static FenceDuty Duty(Member self, int size = 3, TimeSpan delay = default, TimeSpan outlivedFor = default, TimeSpan? timeout = null)
    {
        FenceAgent Agent(string name) => new() { Program = name, Timeout = timeout ?? TimeSpan.FromSeconds(20) };
        ImmutableArray<FenceAgent> agents = [Agent("first"), Agent("second")];
        var options = new FencingOptions
        {
            Agents = Enumerable.Range(1, size).ToDictionary(node => new NodeId((uint)node), _ => agents),
            Delay = delay,
            OutlivedFor = outlivedFor,
        };
        return new FenceDuty(options, self.Id, Lease);
    }

    private void Depart(FenceDuty duty)
    {
        Hold(duty, [N1, N2, N3], []);
        Hold(duty, [N1, N2], [N3]);
    }

    private void Hold(FenceDuty duty, Member[] members, Member[] unproven, bool hasQuorum = true)
    {
        NodeIncarnation[] departed = [.. unproven.Select(member => member.NodeIncarnation)];
        duty.Hold(new ClusterView(++_view, members, departed, hasQuorum), departed, _now);
    }

    private TimeSpan? Fail(FenceDuty duty, string agent)
    {
        FenceRun run = Assert.Single(duty.Due(_now));
        Assert.Equal(agent, run.Agent.Name);
        return duty.Ended(run, new AgentResult(agent, 1, "no route", TimeSpan.Zero), _now);
    }

    private static AgentResult Result(int code) => new("first", code, "", TimeSpan.Zero);
}
