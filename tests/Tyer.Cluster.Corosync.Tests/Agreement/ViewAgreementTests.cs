using System.Collections.Immutable;
using Tyer.Cluster.Corosync.Agreement;
using Tyer.Cluster.Glue;

namespace Tyer.Cluster.Corosync.Tests.Agreement;

/// <summary>One member's agreement, with the test as its daemon and as the others; each of what real daemons were seen to do by its name.</summary>
public sealed class ViewAgreementTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly RingId FirstRing = new(1, 8);

    private readonly RecordingPort _port = new();

    [Fact]
    public void All_say_hello_then_that_the_id_is_on_disk_and_the_last_word_installs()
    {
        ViewAgreement agreement = Joined(1, highest: 4);

        Hello own = Assert.IsType<Hello>(Assert.Single(_port.Said));
        agreement.OnMessage(P(1), own);
        agreement.OnMessage(P(2), HelloOf(2, own.In, highest: 9));
        Assert.Empty(_port.OnDisk);
        agreement.OnMessage(P(3), HelloOf(3, own.In, highest: 2));

        Assert.Equal([10UL], _port.OnDisk);
        Ready ready = Assert.IsType<Ready>(_port.Said[^1]);
        foreach (uint node in (uint[])[1, 2]) agreement.OnMessage(P(node), ready);
        Assert.Empty(_port.Views);
        agreement.OnMessage(P(3), ready);

        ClusterView view = Assert.Single(_port.Views);
        Assert.Equal(10UL, view.Id);
        Assert.Equal([1u, 2u, 3u], view.Members.Select(member => member.Id.Value));
    }

    [Fact]
    public void Nothing_is_said_before_the_quorum_service_knows_the_ring_of_the_group()
    {
        ViewAgreement agreement = New(1);
        agreement.OnMembers([P(1), P(2), P(3)], []);
        agreement.OnQuorum(isQuorate: true, new RingId(1, 4));
        agreement.OnRing(FirstRing);
        Assert.Empty(_port.Said);

        agreement.OnQuorum(isQuorate: true, FirstRing);

        Assert.IsType<Hello>(Assert.Single(_port.Said));
    }

    [Fact]
    public void Two_sides_of_a_split_have_the_same_sequence_and_are_told_apart_by_the_node()
    {
        ViewAgreement agreement = New(1);
        agreement.OnMembers([P(1), P(2), P(3)], []);
        agreement.OnRing(new RingId(3, 13));
        agreement.OnQuorum(isQuorate: true, new RingId(1, 13));

        Assert.Empty(_port.Said);
    }

    [Fact]
    public void What_a_minority_says_among_itself_is_no_view()
    {
        ViewAgreement agreement = InView(1);
        int said = _port.Said.Count;
        agreement.OnMembers([P(1)], [(P(2), DepartureCause.NodeDown), (P(3), DepartureCause.NodeDown)]);
        agreement.OnRing(new RingId(1, 16));
        agreement.OnQuorum(isQuorate: false, new RingId(1, 16));
        agreement.Prove(new Proof(Life(2), FenceProof.LeaseRanOut));
        agreement.Evict(Life(2), "it wants to");

        Assert.Equal(said, _port.Said.Count);
        Assert.Contains("n2, n3 are not", _port.ContactLost, StringComparison.Ordinal);
        Assert.Single(_port.Views);
    }

    [Fact]
    public void A_side_that_never_hears_that_it_lost_quorum_agrees_on_nothing_alone()
    {
        ViewAgreement agreement = InView(1);
        int said = _port.Said.Count;
        agreement.OnMembers([P(1)], [(P(2), DepartureCause.NodeDown), (P(3), DepartureCause.NodeDown)]);
        agreement.OnRing(new RingId(1, 16));
        agreement.OnQuorum(isQuorate: true, new RingId(1, 16));

        Assert.Equal(said, _port.Said.Count);
        Assert.Contains("no majority", _port.ContactLost, StringComparison.Ordinal);
    }

    [Fact]
    public void With_two_nodes_one_alone_agrees_on_nothing_though_corosync_lets_it()
    {
        var agreement = new ViewAgreement(JoinerOf(1, nodes: 2), 101, Patience, _port);
        agreement.OnMembers([P(1)], []);
        agreement.OnRing(FirstRing);
        agreement.OnQuorum(isQuorate: true, FirstRing);

        Assert.Empty(_port.Said);
        Assert.Contains("n2 is not", _port.Waiting, StringComparison.Ordinal);
    }

    [Fact]
    public void A_word_that_only_its_sender_hears_decides_nothing()
    {
        ViewAgreement agreement = Joined(1);
        Hello own = Assert.IsType<Hello>(Assert.Single(_port.Said));

        // As after a freeze: its own words come back to it, and nobody else's.
        agreement.OnMessage(P(1), own);
        agreement.OnMessage(P(1), new Ready(own.In, 1));

        Assert.Empty(_port.Views);
        Assert.Empty(_port.OnDisk);
    }

    [Fact]
    public void A_change_in_the_middle_begins_anew()
    {
        ViewAgreement agreement = Joined(1);
        Hello own = Assert.IsType<Hello>(Assert.Single(_port.Said));
        foreach (uint node in (uint[])[1, 2, 3]) agreement.OnMessage(P(node), HelloOf(node, own.In));
        Ready ready = Assert.IsType<Ready>(_port.Said[^1]);
        foreach (uint node in (uint[])[1, 2]) agreement.OnMessage(P(node), ready);

        agreement.OnMembers([P(1), P(2)], [(P(3), DepartureCause.ProcessDown)]);
        agreement.OnMessage(P(2), ready);

        Assert.Empty(_port.Views);
        Hello again = Assert.IsType<Hello>(_port.Said[^1]);
        Assert.Equal(1UL, again.Highest);
        Assert.Equal([P(1), P(2)], again.In.Members);
        agreement.OnMessage(P(1), again);
        agreement.OnMessage(P(2), HelloOf(2, again.In, highest: 1));
        Assert.Equal([1UL, 2UL], _port.OnDisk);
    }

    [Fact]
    public void Who_comes_back_as_the_same_process_is_put_out_by_the_others()
    {
        ViewAgreement agreement = InView(1);
        ClusterView three = _port.Views[0];
        ClusterView two = GoOnWithTwo(agreement, three);
        agreement.OnMembers([P(1), P(2), P(3)], []);
        agreement.OnRing(new RingId(1, 20));
        agreement.OnQuorum(isQuorate: true, new RingId(1, 20));
        Hello own = Assert.IsType<Hello>(_port.Said[^1]);

        agreement.OnMessage(P(1), own);
        agreement.OnMessage(P(2), HelloOf(2, own.In, highest: two.Id, installed: two));
        agreement.OnMessage(P(3), HelloOf(3, own.In, highest: three.Id, installed: three));

        Hello without = Assert.IsType<Hello>(_port.Said[^1]);
        Assert.Equal([P(3)], without.In.Out);
        agreement.OnMessage(P(1), without);
        agreement.OnMessage(P(2), HelloOf(2, without.In, highest: two.Id, installed: two));
        Assert.Equal(2, _port.Views.Count);
        Assert.Null(_port.Removed);
    }

    [Fact]
    public void Who_comes_back_and_was_left_out_is_out()
    {
        ViewAgreement agreement = InView(3);
        ClusterView three = _port.Views[0];
        var two = new ClusterView(three.Id + 1, three.Members.Take(2), [Life(3)]);
        Hello own = Restarted(agreement);

        agreement.OnMessage(P(3), own);
        agreement.OnMessage(P(2), HelloOf(2, own.In, highest: two.Id, installed: two));
        agreement.OnMessage(P(1), HelloOf(1, own.In, highest: two.Id, installed: two));

        Assert.Equal("view 2 was agreed on without it", _port.Removed);
        Assert.False(_port.IsFinal);
    }

    [Fact]
    public void A_split_in_which_nobody_agreed_on_anything_changes_nothing()
    {
        ViewAgreement agreement = InView(1);
        ClusterView three = _port.Views[0];
        agreement.OnMembers([P(1)], [(P(2), DepartureCause.NodeDown), (P(3), DepartureCause.NodeDown)]);
        agreement.OnQuorum(isQuorate: false, new RingId(1, 12));
        Assert.NotNull(_port.ContactLost);
        Hello own = Restarted(agreement);

        foreach (uint node in (uint[])[1, 2, 3]) agreement.OnMessage(P(node), HelloOf(node, own.In, highest: 1, installed: three, promised: 1));

        Assert.Single(_port.Views);
        Assert.Null(_port.ContactLost);
    }

    [Fact]
    public void Who_missed_the_last_word_takes_the_view_in_late()
    {
        ViewAgreement agreement = InView(1);
        ClusterView three = _port.Views[0];
        var two = new ClusterView(three.Id + 1, three.Members.Take(2), [Life(3)]);
        Hello own = Restarted(agreement);

        // The second has heard that all were ready before the ring changed again, and this one has not.
        agreement.OnMessage(P(1), own);
        agreement.OnMessage(P(2), HelloOf(2, own.In, highest: two.Id, installed: two, promised: two.Id));
        agreement.OnMessage(P(3), HelloOf(3, own.In, highest: three.Id, installed: three, promised: three.Id));

        Hello without = Assert.IsType<Hello>(_port.Said[^1]);
        Assert.Equal([P(3)], without.In.Out);
        agreement.OnMessage(P(1), without);
        agreement.OnMessage(P(2), HelloOf(2, without.In, highest: two.Id, installed: two, promised: two.Id));
        Assert.Equal(two, _port.Views[^1]);
    }

    [Fact]
    public void Who_keeps_the_others_waiting_is_put_out_by_a_word_that_all_hear()
    {
        ViewAgreement agreement = Joined(1);
        Hello own = Assert.IsType<Hello>(Assert.Single(_port.Said));
        agreement.OnMessage(P(1), own);
        agreement.OnMessage(P(2), HelloOf(2, own.In));
        agreement.OnTick(TimeSpan.FromHours(1));
        agreement.OnTick(TimeSpan.FromHours(1) + Patience - TimeSpan.FromTicks(1));
        Assert.IsType<Hello>(_port.Said[^1]);

        agreement.OnTick(TimeSpan.FromHours(1) + Patience);

        Silent silent = Assert.IsType<Silent>(_port.Said[^1]);
        Assert.Equal(P(3), silent.Who);
        agreement.OnMessage(P(1), silent);
        Assert.Equal([P(3)], Assert.IsType<Hello>(_port.Said[^1]).In.Out);
    }

    [Fact]
    public void The_word_that_somebody_is_silent_comes_to_nothing_if_it_has_spoken_before_it()
    {
        ViewAgreement agreement = Joined(1);
        Hello own = Assert.IsType<Hello>(Assert.Single(_port.Said));
        foreach (uint node in (uint[])[1, 2]) agreement.OnMessage(P(node), HelloOf(node, own.In));
        var silent = new Silent(own.In, P(3));
        agreement.OnMessage(P(3), HelloOf(3, own.In));
        Ready ready = Assert.IsType<Ready>(_port.Said[^1]);
        agreement.OnMessage(P(3), ready);

        agreement.OnMessage(P(2), silent);

        foreach (uint node in (uint[])[1, 2]) agreement.OnMessage(P(node), ready);
        Assert.Equal(3, Assert.Single(_port.Views).Members.Length);
    }

    [Fact]
    public void Who_leaves_is_its_own_proof()
    {
        ViewAgreement agreement = InView(1);
        agreement.OnMessage(P(3), new Farewell(1, Life(3)));

        Assert.Equal(new Proof(Life(3), FenceProof.CleanLeave), Assert.Single(_port.Proofs));
        Hello own = Assert.IsType<Hello>(_port.Said[^1]);
        Assert.Equal([P(3)], own.In.Out);
        agreement.OnMessage(P(1), own);
        agreement.OnMessage(P(2), HelloOf(2, own.In, highest: 1, installed: _port.Views[0], promised: 1));
        foreach (uint node in (uint[])[1, 2]) agreement.OnMessage(P(node), Assert.IsType<Ready>(_port.Said[^1]));
        Assert.Empty(_port.Views[^1].Unproven);
        Assert.Equal(2, _port.Views[^1].Members.Length);
    }

    [Fact]
    public void An_eviction_that_would_cost_the_majority_comes_to_nothing()
    {
        ViewAgreement agreement = InView(1);
        GoOnWithTwo(agreement, _port.Views[0]);
        int said = _port.Said.Count;

        agreement.OnMessage(P(1), new Evict(2, Life(2), "it is silent"));

        Assert.Equal(said, _port.Said.Count);
    }

    [Fact]
    public void Who_is_configured_otherwise_is_told_so_and_does_not_try_again()
    {
        ViewAgreement agreement = Joined(1);
        Hello own = Assert.IsType<Hello>(Assert.Single(_port.Said));
        agreement.OnMessage(P(1), own);
        agreement.OnMessage(P(2), HelloOf(2, own.In) with { Digest = 8 });
        agreement.OnMessage(P(3), HelloOf(3, own.In) with { Digest = 8 });

        Assert.Contains("configured otherwise", _port.Removed, StringComparison.Ordinal);
        Assert.True(_port.IsFinal);
    }

    [Fact]
    public void Who_does_not_speak_the_version_that_runs_is_told_so_and_does_not_try_again()
    {
        ViewAgreement agreement = Joined(1);
        Hello own = Assert.IsType<Hello>(Assert.Single(_port.Said));
        var view = new ClusterView(1, [Speaking(2, 2, 3), Speaking(3, 2, 2)]);
        agreement.OnMessage(P(1), own);
        agreement.OnMessage(P(2), HelloOf(2, own.In, highest: 1, installed: view, promised: 1) with { Self = Speaking(2, 2, 3) });
        agreement.OnMessage(P(3), HelloOf(3, own.In, highest: 1, installed: view, promised: 1) with { Self = Speaking(3, 2, 2) });

        Assert.Contains("runs version 2 of the lock protocol (its nodes offer: n2 2 to 3, n3 2), and n1 offers 1", _port.Removed, StringComparison.Ordinal);
        Assert.True(_port.IsFinal);
        Assert.Empty(_port.Views);
    }

    [Fact]
    public void A_newcomer_that_a_majority_does_not_understand_finds_out_by_itself()
    {
        ViewAgreement agreement = Joined(1);
        agreement.OnMessage(P(1), Assert.IsType<Hello>(Assert.Single(_port.Said)));
        agreement.OnForeign(P(2), 9);
        Assert.Null(_port.Removed);
        agreement.OnForeign(P(3), 9);
        Assert.Contains("others speak another (n2 9, n3 9)", _port.Removed, StringComparison.Ordinal);
        Assert.True(_port.IsFinal);
    }

    [Fact]
    public void A_member_goes_on_though_it_does_not_understand_newcomers()
    {
        ViewAgreement agreement = InView(1);
        agreement.OnForeign(P(2), 9);
        agreement.OnForeign(P(3), 9);
        Assert.Null(_port.Removed);
        Assert.Equal((byte)9, GroupMessages.ForeignVersionOf([9, 1]));
        Assert.Null(GroupMessages.ForeignVersionOf(GroupMessages.Encode(new Ready(new Configuration(FirstRing, [P(1)], []), 1))));
    }

    [Fact]
    public void The_others_go_on_without_one_that_does_not_speak_their_version()
    {
        ViewAgreement agreement = InView(1);
        Hello own = Restarted(agreement);
        ClusterView view = _port.Views[0];
        agreement.OnMessage(P(1), own);
        agreement.OnMessage(P(2), HelloOf(2, own.In, highest: 1, installed: view, promised: 1));
        var other = new GroupProcess(3, 203);
        own = Restarted(agreement, P(1), P(2), other);
        agreement.OnMessage(P(1), own);
        agreement.OnMessage(P(2), HelloOf(2, own.In, highest: 1, installed: view, promised: 1));
        agreement.OnMessage(other, HelloOf(3, own.In) with { Self = new Member(new NodeId(3), new Incarnation(30), "n3") { Protocol = new ProtocolRange(2, 2) } });

        Hello again = Assert.IsType<Hello>(_port.Said[^1]);
        Assert.Equal([other], again.In.Out);
        Assert.Null(_port.Removed);
    }

    [Fact]
    public void Where_a_later_view_may_have_been_forgotten_nobody_goes_on_as_if_it_had_not()
    {
        // Two of three have died and come back; one of them has known view 2, of which this one knows nothing.
        ViewAgreement agreement = InView(1);
        Hello own = Restarted(agreement, P(1), new GroupProcess(2, 202), new GroupProcess(3, 203));
        agreement.OnMessage(P(1), own);
        agreement.OnMessage(new GroupProcess(2, 202), HelloOf(2, own.In, highest: 2, life: 20) with { HighestAtStart = 2 });
        agreement.OnMessage(new GroupProcess(3, 203), HelloOf(3, own.In, highest: 1, life: 30) with { HighestAtStart = 1 });

        Assert.Contains("may have been agreed on without it", _port.Removed, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_come_back_from_their_bytes_as_they_were_and_nothing_else_is_taken_for_one()
    {
        var configuration = new Configuration(FirstRing, [P(1), P(2)], [P(2)]);
        var view = new ClusterView(7, [MemberOf(1), MemberOf(2)], [Life(3)]);
        GroupMessage[] messages =
        [
            HelloOf(1, configuration, highest: 7, installed: view, promised: 8) with
            {
                EarlierLife = new NodeIncarnation(new NodeId(1), new Incarnation(3)), Proofs = [new Proof(Life(3), FenceProof.OperatorWord)],
            },
            new Ready(configuration, 9), new Silent(configuration, P(2)), new Proven(7, new Proof(Life(3), FenceProof.LeaseRanOut)),
            new Evict(7, Life(2), "why"), new Farewell(7, Life(1)),
        ];
        var random = new Random(1);
        foreach (GroupMessage message in messages)
        {
            byte[] bytes = GroupMessages.Encode(message);
            Assert.True(GroupMessages.TryDecode(bytes, out GroupMessage? read));
            Assert.Equal(bytes, GroupMessages.Encode(read));
            for (int length = 0; length < bytes.Length; length++) Assert.False(GroupMessages.TryDecode(bytes.AsSpan(0, length), out _));
            for (int i = 0; i < 2000; i++)
            {
                byte[] spoilt = [.. bytes];
                spoilt[random.Next(bytes.Length)] = (byte)random.Next(256);
                _ = GroupMessages.TryDecode(spoilt, out _);
            }
        }
    }

    private static GroupProcess P(uint node) => new(node, 100 + node);

    private static NodeIncarnation Life(uint node) => MemberOf(node).NodeIncarnation;

    private static Member MemberOf(uint node, ulong life = 0) => new(new NodeId(node), new Incarnation(life == 0 ? 10 + node : life), $"n{node}", [$"tcp://127.0.0.1:{7600 + node}"]);

    private static Joiner JoinerOf(uint node, ulong highest = 0, int nodes = 3)
    {
        NodeId[] all = [.. Enumerable.Range(1, nodes).Select(id => new NodeId((uint)id))];
        return new Joiner("tyer", MemberOf(node), [.. all], Digest: 7, highest, EarlierLife: null) { Names = all.ToImmutableDictionary(id => id, id => $"n{id}") };
    }

    private static Hello HelloOf(uint node, Configuration configuration, ulong highest = 0, ClusterView? installed = null, ulong promised = 0, ulong life = 0) =>
        new(configuration, MemberOf(node, life), Digest: 7, highest, HighestAtStart: 0, promised, installed, EarlierLife: null, Proofs: []);

    private static Member Speaking(uint node, int minimum, int maximum) => MemberOf(node) with { Protocol = new ProtocolRange(minimum, maximum) };

    private ViewAgreement New(uint node, ulong highest = 0) => new(JoinerOf(node, highest), 100 + node, Patience, _port);

    /// <summary>In the group with the two others; it has said hello.</summary>
    private ViewAgreement Joined(uint node, ulong highest = 0)
    {
        ViewAgreement agreement = New(node, highest);
        agreement.OnMembers([P(1), P(2), P(3)], []);
        agreement.OnRing(FirstRing);
        agreement.OnQuorum(isQuorate: true, FirstRing);
        return agreement;
    }

    /// <summary>In view 1 with the two others.</summary>
    private ViewAgreement InView(uint self)
    {
        ViewAgreement agreement = Joined(self);
        Hello own = Assert.IsType<Hello>(Assert.Single(_port.Said));
        foreach (uint node in (uint[])[1, 2, 3]) agreement.OnMessage(P(node), HelloOf(node, own.In));
        Ready ready = Assert.IsType<Ready>(_port.Said[^1]);
        foreach (uint node in (uint[])[1, 2, 3]) agreement.OnMessage(P(node), ready);
        Assert.Single(_port.Views);
        return agreement;
    }

    /// <summary>The group is on another ring; it has said hello there.</summary>
    private Hello Restarted(ViewAgreement agreement, params GroupProcess[] members)
    {
        agreement.OnMembers(members.Length == 0 ? [P(1), P(2), P(3)] : members, []);
        agreement.OnRing(new RingId(1, 24));
        agreement.OnQuorum(isQuorate: true, new RingId(1, 24));
        return Assert.IsType<Hello>(_port.Said[^1]);
    }

    /// <summary>The third has failed, and the others have agreed on view 2.</summary>
    private ClusterView GoOnWithTwo(ViewAgreement agreement, ClusterView three)
    {
        agreement.OnMembers([P(1), P(2)], [(P(3), DepartureCause.NodeDown)]);
        agreement.OnRing(new RingId(1, 16));
        agreement.OnQuorum(isQuorate: true, new RingId(1, 16));
        Hello own = Assert.IsType<Hello>(_port.Said[^1]);
        agreement.OnMessage(P(1), own);
        agreement.OnMessage(P(2), HelloOf(2, own.In, highest: three.Id, installed: three, promised: three.Id));
        Ready ready = Assert.IsType<Ready>(_port.Said[^1]);
        foreach (uint node in (uint[])[1, 2]) agreement.OnMessage(P(node), ready);
        Assert.Equal([Life(3)], _port.Views[^1].Unproven);
        return _port.Views[^1];
    }
}
