using Tyer.Cluster;

namespace Tyer.Tests.Shared.Stacks;

/// <summary>What every stack with an engine and a lease has to keep besides.</summary>
public abstract class LeasedStackConformance : StackConformance
{
    private protected abstract LeasedLab NewLeasedLab();

    private protected sealed override StackLab NewLab() => NewLeasedLab();

    [Fact]
    public async Task A_clean_leave_is_its_proof_at_once()
    {
        await using LeasedLab lab = NewLeasedLab();
        RecordedMember[] members = await OperatingAsync(lab);
        await members[2].LeaveAsync();
        TimeSpan left = lab.History.Now;
        await members[0].UntilFencedAsync(members[2].Self);
        await members[1].UntilFencedAsync(members[2].Self);
        Assert.Equal(FenceProof.CleanLeave, members[0].Fenced[members[2].Self]);
        Assert.True(lab.History.Now - left < lab.Lease, "nobody waits for the lease of who has left");
        await members[0].UntilOperatingAsync(1, 2);
        Assert.Empty(members[0].Views[^1].Unproven);
        Assert.Contains(new NodeId(3), members[0].Leaving);
    }

    [Fact]
    public async Task A_member_that_is_cut_off_expels_itself_before_the_others_give_its_locks_away()
    {
        await using LeasedLab lab = NewLeasedLab();
        RecordedMember[] members = await OperatingAsync(lab);
        ClusterView last = members[2].Views[^1];
        lab.Cut(3);
        await members[0].UntilOperatingAsync(1, 2);
        Assert.Contains(members[2].Self, members[0].Views[^1].Unproven);
        await members[0].UntilFencedAsync(members[2].Self);
        await members[1].UntilFencedAsync(members[2].Self);
        Assert.Equal(FenceProof.LeaseRanOut, members[0].Fenced[members[2].Self]);
        await members[2].UntilAsync(StackState.Expelled);
        Assert.DoesNotContain(members[2].Views, view => view.Id > last.Id && view.HasQuorum);
    }

    [Fact]
    public async Task A_member_whose_peers_do_not_hear_it_is_put_out_though_its_engine_goes_on()
    {
        await using LeasedLab lab = NewLeasedLab();
        RecordedMember[] members = await OperatingAsync(lab);
        lab.CutPeers(1);
        await members[1].UntilOperatingAsync(2, 3);
        await members[1].UntilFencedAsync(members[0].Self);
        await members[0].UntilAsync(StackState.Expelled);
    }

    [Fact]
    public async Task A_member_that_was_cut_off_stays_out_when_it_is_heard_again_and_comes_back_as_another_life()
    {
        await using LeasedLab lab = NewLeasedLab();
        RecordedMember[] members = await OperatingAsync(lab);
        lab.Cut(3);
        await members[0].UntilOperatingAsync(1, 2);
        lab.Heal(3);
        await members[2].UntilAsync(StackState.Expelled);
        await lab.StopAsync(members[2]);
        await lab.StartAsync(3);
        await lab.UntilAllOperateAsync();
        await UntilToldAsync(lab, members[2].Self);
    }

    [Fact]
    public async Task A_life_that_broke_off_is_unproven_for_its_successor_too()
    {
        await using LeasedLab lab = NewLeasedLab();
        RecordedMember[] members = await OperatingAsync(lab);
        lab.Cut(2);
        await lab.StopAsync(members[1]);
        lab.Heal(2);
        await lab.StartAsync(2);
        await lab.UntilAllOperateAsync();
        await UntilToldAsync(lab, members[1].Self);
    }

    [Fact]
    public async Task A_minority_does_not_operate()
    {
        await using LeasedLab lab = NewLeasedLab();
        RecordedMember alone = await lab.StartAsync(1);
        await lab.History.UntilAsync(() => alone.Why.Contains("n2", StringComparison.Ordinal), "it says whom it waits for");
        Assert.NotEqual(StackState.Operating, alone.State);
        RecordedMember second = await lab.StartAsync(2);
        await second.UntilOperatingAsync(1, 2);
        await alone.UntilOperatingAsync(1, 2);
        // Of the third nobody knows whether it runs, cut off: as if it had been in a view before.
        Assert.Contains(alone.Views[^1].Unproven, departed => departed.Node == new NodeId(3));
    }

    [Fact]
    public async Task An_operators_word_is_a_proof_for_all()
    {
        await using LeasedLab lab = NewLeasedLab();
        RecordedMember[] members = await OperatingAsync(lab);
        lab.Cut(3);
        await members[0].UntilOperatingAsync(1, 2);
        var stack = (IFencingStack)members[0].Stack;
        await Assert.ThrowsAsync<LockRefusedException>(() => stack.AcknowledgeFenceAsync(members[1].Self));
        await stack.AcknowledgeFenceAsync(members[2].Self);
        await members[1].UntilFencedAsync(members[2].Self);
        Assert.Equal(FenceProof.OperatorWord, members[1].Fenced[members[2].Self]);
        await members[0].UntilFencedAsync(members[2].Self);
    }

    [Fact]
    public async Task Nodes_are_upgraded_one_after_the_other_and_the_version_rises_when_the_last_old_one_has_left()
    {
        await using LeasedLab lab = NewLeasedLab();
        RecordedMember[] members = await OperatingAsync(lab);
        for (uint node = 1; node <= 3; node++)
        {
            RecordedMember[] others = [.. members.Where(member => member.Self.Node.Value != node)];
            Assert.All(others, member => Assert.Equal(1, member.Views[^1].Running));
            await members[node - 1].LeaveAsync();
            foreach (RecordedMember member in others) await member.UntilOperatingAsync([.. lab.All.Where(other => other != node)]);
            Assert.All(others, member => Assert.Equal(node == 3 ? 2 : 1, member.Views[^1].Running));
            await lab.StopAsync(members[node - 1]);
            members[node - 1] = await lab.StartAsync(node, new ProtocolRange(1, 2));
            foreach (RecordedMember member in members) await member.UntilOperatingAsync(lab.All);
        }

        Assert.All(members, member => Assert.Equal(2, member.Views[^1].Running));
    }

    [Fact]
    public async Task A_joiner_that_does_not_speak_the_version_that_runs_is_refused_and_told_what_all_offer()
    {
        await using LeasedLab lab = NewLeasedLab();
        ProtocolRange both = new(1, 2);
        RecordedMember first = await lab.StartAsync(1, both);
        RecordedMember second = await lab.StartAsync(2, both);
        await first.UntilOperatingAsync(1, 2);
        await second.UntilOperatingAsync(1, 2);
        RecordedMember old = await lab.StartAsync(3, new ProtocolRange(1, 1));
        await old.UntilAsync(StackState.Refused);
        Assert.Contains("version 2", old.Why, StringComparison.Ordinal);
        Assert.Contains("n1 1 to 2, n2 1 to 2", old.Why, StringComparison.Ordinal);
        Assert.Contains("n3 offers 1;", old.Why, StringComparison.Ordinal);
        Assert.Empty(old.Views);
        await lab.StopAsync(old);

        // The others have gone on, and take in one that fits.
        RecordedMember fitting = await lab.StartAsync(3, both);
        await fitting.UntilOperatingAsync(lab.All);
        Assert.DoesNotContain(first.Views, view => view.Contains(old.Self));
    }

    /// <summary>Until all who have known a departed life, as a member or as unproven, are told that it has stopped.</summary>
    private static async Task UntilToldAsync(LeasedLab lab, NodeIncarnation departed)
    {
        RecordedMember[] concerned = [.. lab.Running.Where(member => member.Views.Exists(view => view.Contains(departed) || view.Unproven.Contains(departed)))];
        Assert.NotEmpty(concerned);
        foreach (RecordedMember member in concerned) await member.UntilFencedAsync(departed);
    }

    private static async Task<RecordedMember[]> OperatingAsync(LeasedLab lab)
    {
        RecordedMember[] members = await lab.StartAllAsync();
        foreach (RecordedMember member in members) await member.UntilOperatingAsync(lab.All);
        return members;
    }
}
