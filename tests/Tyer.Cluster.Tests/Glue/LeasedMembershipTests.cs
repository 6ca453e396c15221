using Tyer.Cluster.Glue;
using Tyer.Cluster.Static;

namespace Tyer.Cluster.Tests.Glue;

public class LeasedMembershipTests
{
    private static readonly Member N1 = new(new NodeId(1), new Incarnation(11), "n1");
    private static readonly Member N2 = new(new NodeId(2), new Incarnation(12), "n2");
    private static readonly Member N3 = new(new NodeId(3), new Incarnation(13), "n3");

    private static readonly PeerList List = new("tyer", [new StaticPeer(N1.Id, "n1"), new StaticPeer(N2.Id, "n2"), new StaticPeer(N3.Id, "n3")]);

    private readonly LeasedMembership _membership = new(List, N1);

    [Fact]
    public void Nothing_is_told_before_a_majority_has_answered_and_then_all_in_order()
    {
        LeasedAction[] before = [.. Step(View(4, [N1, N2])), .. Step(View(5, [N1, N2, N3]))];
        Assert.DoesNotContain(before, action => action is InstallView);
        Assert.Equal([4UL, 5UL], before.OfType<PersistView>().Select(persist => persist.Id));
        Assert.All(before.OfType<ReportState>(), report => Assert.Equal(StackState.Joining, report.State));

        LeasedAction[] after = Step(new LeaseBegan());
        Assert.Equal([4UL, 5UL], after.OfType<InstallView>().Select(install => install.View.Id));
        Assert.Equal(StackState.Operating, Assert.IsType<ReportState>(after[^1]).State);
    }

    [Fact]
    public void An_id_is_on_disk_before_renewals_are_answered_by_it()
    {
        LeasedAction[] actions = Step(View(4, [N1, N2]));
        Assert.True(Array.FindIndex(actions, action => action is PersistView) < Array.FindIndex(actions, action => action is HoldLease));
    }

    [Fact]
    public void A_departed_ones_lease_is_over_when_all_members_say_so()
    {
        Operate(View(4, [N1, N2, N3]), View(5, [N1, N2], [N3]));
        Assert.Equal(N3.NodeIncarnation, Assert.Single(Step(new CountedOut(N3.NodeIncarnation)).OfType<SayRanOut>()).Departed);
        Assert.Equal(new AskForProof(N3.NodeIncarnation, FenceProof.LeaseRanOut), Assert.Single(Step(new PeerCountedOut(N3.NodeIncarnation, N2.NodeIncarnation))));
    }

    [Fact]
    public void What_is_reported_names_as_unproven_only_whom_somebody_waits_for()
    {
        Operate(View(4, [N1, N2, N3]));
        string before = Assert.Single(Step(View(5, [N1, N2], [N3])).OfType<ReportState>()).Why;
        string after = Assert.Single(Step(new ProofAgreed(N3.NodeIncarnation, FenceProof.PowerOff)).OfType<ReportState>()).Why;
        Assert.Contains("unproven", before, StringComparison.Ordinal);
        Assert.DoesNotContain("unproven", after, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nodes_freeze_the_end_of_a_lease_proves_nothing()
    {
        var membership = new LeasedMembership(List, N1, proofByTime: null);
        LeasedAction[] StepThere(LeasedEvent @event) => [.. membership.Step(@event)];
        StepThere(View(4, [N1, N2, N3]));
        StepThere(new LeaseBegan());
        StepThere(View(5, [N1, N2], [N3]));
        Assert.DoesNotContain(StepThere(new CountedOut(N3.NodeIncarnation)), action => action is AskForProof);
        Assert.Empty(StepThere(new PeerCountedOut(N3.NodeIncarnation, N2.NodeIncarnation)));
        Assert.DoesNotContain(StepThere(new RepeatDue()), action => action is AskForProof);
        Assert.Single(StepThere(new ProofAgreed(N3.NodeIncarnation, FenceProof.PowerOff)).OfType<TellFenced>());
    }

    [Fact]
    public void A_node_that_freezes_is_suspended_and_fences_nobody_until_its_lease_runs_again()
    {
        Operate(View(4, [N1, N2, N3]), View(5, [N1, N2], [N3]));
        Assert.True(_membership.MayAct);
        Assert.Equal(StackState.Suspended, Assert.IsType<ReportState>(Assert.Single(Step(new LeaseFroze("its lease has run out")))).State);
        Assert.False(_membership.MayAct);
        Assert.Equal(StackState.Operating, Assert.IsType<ReportState>(Assert.Single(Step(new LeaseResumed()))).State);
        Assert.True(_membership.MayAct);
    }

    [Fact]
    public void The_word_of_somebody_who_is_not_a_member_in_that_life_counts_for_nothing()
    {
        Operate(View(4, [N1, N2, N3]), View(5, [N1, N2], [N3]));
        Step(new CountedOut(N3.NodeIncarnation));
        Assert.Empty(Step(new PeerCountedOut(N3.NodeIncarnation, new NodeIncarnation(N2.Id, new Incarnation(9)))));
        Assert.Empty(Step(new PeerCountedOut(N3.NodeIncarnation, N3.NodeIncarnation)));
    }

    [Fact]
    public void A_newcomer_has_to_say_so_too()
    {
        Operate(View(4, [N1, N2, N3]), View(5, [N1, N2], [N3]));
        Step(new CountedOut(N3.NodeIncarnation));
        var again = new Member(N3.Id, new Incarnation(23), "n3");
        Step(View(6, [N1, N2, again], [N3]));
        Assert.Empty(Step(new PeerCountedOut(N3.NodeIncarnation, N2.NodeIncarnation)));
        Assert.Single(Step(new PeerCountedOut(N3.NodeIncarnation, again.NodeIncarnation)).OfType<AskForProof>());
    }

    [Fact]
    public void A_minority_proves_nothing_and_grants_nothing()
    {
        Operate(View(4, [N1, N2, N3]), View(5, [N1], [N2, N3]));
        Assert.DoesNotContain(Step(new CountedOut(N2.NodeIncarnation)), action => action is AskForProof);
        LeasedAction[] actions = Step(View(6, [N1], [N2, N3]));
        Assert.False(Assert.Single(actions.OfType<InstallView>()).View.HasQuorum);
        ReportState report = Assert.Single(actions.OfType<ReportState>());
        Assert.Equal(StackState.Suspended, report.State);
        Assert.Contains("n2, n3", report.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_agreed_is_told_once_however_often_it_comes()
    {
        Operate(View(4, [N1, N2, N3]), View(5, [N1, N2], [N3]));
        Assert.Single(Step(new ProofAgreed(N3.NodeIncarnation, FenceProof.LeaseRanOut)).OfType<TellFenced>());
        Assert.Empty(Step(new ProofAgreed(N3.NodeIncarnation, FenceProof.OperatorWord)));
        Step(View(6, [N1, N2]));
        Assert.Empty(Step(new ProofAgreed(N3.NodeIncarnation, FenceProof.LeaseRanOut)));
    }

    [Fact]
    public void A_clean_leave_is_told_before_the_view_without_the_one_who_left()
    {
        Operate(View(4, [N1, N2, N3]));
        LeasedAction[] actions = Step(new ProofAgreed(N3.NodeIncarnation, FenceProof.CleanLeave));
        Assert.Equal([new TellLeaving(N3, HasLeft: true), new TellFenced(N3.NodeIncarnation, FenceProof.CleanLeave)], actions);
        Assert.Empty(Assert.Single(Step(View(5, [N1, N2])).OfType<InstallView>()).View.Unproven);
    }

    [Fact]
    public void Operators_are_told_why_the_view_has_changed()
    {
        Operate(View(4, [N1, N2, N3]));
        LeasedAction[] actions = Step(new ViewAgreed(new ClusterView(5, [N1, N2], [N3.NodeIncarnation]), "n3 (3.13) has gone (put out: silent)"));
        Assert.EndsWith("; n3 (3.13) has gone (put out: silent)", Assert.Single(actions.OfType<ReportState>()).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_its_engine_a_member_is_suspended_until_the_engine_is_back()
    {
        Operate(View(4, [N1, N2, N3]));
        Assert.Equal(new ReportState(StackState.Suspended, "etcd does not answer"), Assert.Single(Step(new ContactLost("etcd does not answer"))));
        Assert.Equal(StackState.Operating, Assert.IsType<ReportState>(Assert.Single(Step(new ContactBack()))).State);
    }

    [Fact]
    public void Out_is_out_whatever_comes_later()
    {
        Operate(View(4, [N1, N2, N3]));
        LeasedAction[] actions = Step(new LeaseEnded("its lease has run out"));
        Assert.Equal([new DropLease(), new ReportState(StackState.Expelled, "its lease has run out")], actions);
        Assert.Empty(Step(new ContactBack()));
        Assert.Empty(Step(View(5, [N1, N2, N3])));
        Assert.Empty(Step(new ProofAgreed(N2.NodeIncarnation, FenceProof.OperatorWord)));
    }

    [Fact]
    public void A_node_whose_earlier_clients_are_gone_proves_its_earlier_life_itself()
    {
        var earlier = new NodeIncarnation(N1.Id, new Incarnation(5));
        var view = new ViewAgreed(new ClusterView(4, [N1, N2, N3], [earlier]), "");
        Assert.DoesNotContain(Step(view), action => action is AskForProof);
        Assert.Equal(new AskForProof(earlier, FenceProof.RejoinedClean), Assert.Single(Step(new EarlierLivesEnded()).OfType<AskForProof>()));
    }

    [Fact]
    public void An_engine_that_forgets_who_departed_is_not_believed()
    {
        Operate(View(4, [N1, N2, N3]));
        Assert.Throws<InvariantBrokenException>(() => Step(View(5, [N1, N2])));
    }

    [Fact]
    public void An_engine_that_takes_a_departed_life_in_again_is_not_believed()
    {
        Operate(View(4, [N1, N2, N3]), View(5, [N1, N2], [N3]));
        Assert.Throws<InvariantBrokenException>(() => Step(View(6, [N1, N2, N3])));
    }

    [Fact]
    public void An_engine_that_uses_an_id_again_is_not_believed()
    {
        Operate(View(4, [N1, N2, N3]));
        Assert.Throws<InvariantBrokenException>(() => Step(View(4, [N1, N2], [N3])));
    }

    private void Operate(params ViewAgreed[] views)
    {
        foreach (ViewAgreed view in views) Step(view);
        Step(new LeaseBegan());
    }

    private LeasedAction[] Step(LeasedEvent @event) => [.. _membership.Step(@event)];

    private static ViewAgreed View(ulong id, Member[] members, Member[]? unproven = null) =>
        new(new ClusterView(id, members, (unproven ?? []).Select(member => member.NodeIncarnation)), "");
}
