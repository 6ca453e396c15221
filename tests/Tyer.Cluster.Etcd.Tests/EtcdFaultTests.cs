using Tyer.Tests.Shared.Stacks;

namespace Tyer.Cluster.Etcd.Tests;

/// <summary>What was seen to go wrong with etcd under a lock manager.</summary>
public class EtcdFaultTests
{
    [Fact]
    public async Task While_etcd_is_away_nothing_new_is_granted_and_when_it_is_back_all_go_on_in_the_same_view()
    {
        await using EtcdServer etcd = await EtcdServer.StartAsync();
        await using var lab = new EtcdStackLab(etcd.Endpoint);
        RecordedMember[] members = await lab.StartAllAsync();
        foreach (RecordedMember member in members) await member.UntilOperatingAsync(1, 2, 3);
        ulong view = members[0].Views[^1].Id;

        await etcd.KillAsync();
        foreach (RecordedMember member in members)
        {
            await member.UntilAsync(StackState.Suspended);
            Assert.Contains("etcd has not answered", member.Why, StringComparison.Ordinal);
        }

        await etcd.StartAgainAsync();
        foreach (RecordedMember member in members) await member.UntilAsync(StackState.Operating);
        Assert.All(members, member => Assert.Equal(view, member.Views[^1].Id));
    }

    [Fact]
    public async Task A_member_whose_endpoint_falls_silent_goes_on_at_the_next_with_nothing_missed()
    {
        await using EtcdServer etcd = await EtcdServer.StartAsync();
        await using var lab = new EtcdStackLab(etcd.Endpoint) { HasSpares = true };
        RecordedMember[] members = await lab.StartAllAsync();
        foreach (RecordedMember member in members) await member.UntilOperatingAsync(1, 2, 3);
        // Its watch there would be silent for ever, and says nothing.
        lab.CutEngine(1);
        await members[2].LeaveAsync();
        await members[0].UntilFencedAsync(members[2].Self);
        await members[0].UntilOperatingAsync(1, 2);
        Assert.DoesNotContain("Suspended", lab.History.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_that_etcd_alone_does_not_hear_is_suspended_before_the_others_go_on_without_it()
    {
        await using EtcdServer etcd = await EtcdServer.StartAsync();
        await using var lab = new EtcdStackLab(etcd.Endpoint);
        RecordedMember[] members = await lab.StartAllAsync();
        foreach (RecordedMember member in members) await member.UntilOperatingAsync(1, 2, 3);
        lab.CutEngine(3);
        await members[2].UntilAsync(StackState.Suspended);
        Assert.Equal(3, members[0].Views[^1].Members.Length);
        await members[0].UntilOperatingAsync(1, 2);
        await members[0].UntilFencedAsync(members[2].Self);
        // It hears of that from nobody, and its peers answer it no more: its own clock tells.
        await members[2].UntilAsync(StackState.Expelled);
    }

    [Fact]
    public async Task An_id_is_not_used_again_though_etcd_has_lost_its_data()
    {
        ulong highest;
        await using (EtcdServer etcd = await EtcdServer.StartAsync())
        {
            await using var lab = new EtcdStackLab(etcd.Endpoint);
            RecordedMember[] members = await lab.StartAllAsync();
            foreach (RecordedMember member in members) await member.UntilOperatingAsync(1, 2, 3);
            await etcd.KillAsync();
            foreach (RecordedMember member in members) await lab.StopAsync(member);
            etcd.LoseData();
            await etcd.StartAgainAsync();
            highest = lab.History.HighestView;
            members = await lab.StartAllAsync();
            foreach (RecordedMember member in members) await member.UntilOperatingAsync(1, 2, 3);
            Assert.True(members[0].Views[^1].Id > highest);
        }
    }

    [Fact]
    public async Task A_second_node_of_the_same_id_waits_and_says_for_whom()
    {
        await using EtcdServer etcd = await EtcdServer.StartAsync();
        await using var lab = new EtcdStackLab(etcd.Endpoint);
        RecordedMember[] members = await lab.StartAllAsync();
        foreach (RecordedMember member in members) await member.UntilOperatingAsync(1, 2, 3);
        using var states = new NodeStates();
        await using RecordedMember twin = lab.CreateTwin(1, states);
        await twin.ConnectAsync();
        await lab.History.UntilAsync(() => twin.Why.Contains("the id 1 is in use by n1", StringComparison.Ordinal), "it says so");
        Assert.Equal(StackState.Operating, members[0].State);
    }
}
