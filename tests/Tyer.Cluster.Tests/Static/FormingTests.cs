using Tyer.Cluster.Static;

namespace Tyer.Cluster.Tests.Static;

public sealed class FormingTests
{
    private readonly Cast _cast = new();

    [Fact]
    public void When_all_have_said_hello_all_are_in_one_view_above_every_stored_id()
    {
        _cast.SetDisk(1, 3);
        _cast.SetDisk(2, 41);
        StartAll();
        _cast.DeliverAll();

        ClusterView view = _cast[1].Installed!;
        Assert.Equal(42UL, view.Id);
        Assert.Equal(["n1", "n2", "n3"], view.Members.Select(member => member.Name));
        Assert.True(view.HasQuorum);
        Assert.Empty(view.Unproven);
        foreach (uint node in new uint[] { 1, 2, 3 })
        {
            Assert.Equal(view, _cast[node].Installed);

            // On disk first, then in use; and at the first try.
            Assert.Equal([new Persist(42), new Install(view)], Decided(node));
        }
    }

    [Fact]
    public void Until_the_last_has_started_the_others_wait_and_say_for_whom()
    {
        _cast.Start(1);
        _cast.Start(2);
        for (int minute = 0; minute < 5; minute++)
        {
            _cast.TickAll();
            _cast.DeliverAll();
        }

        _cast.Feed(1, new PeerUnreachable(new NodeId(3), "connection refused"));
        Assert.Equal("waiting for n3 (unreachable: connection refused)", _cast[1].Waiting);
        Assert.Equal("waiting for n3", _cast[2].Waiting);
        Assert.Empty(Decided(1));

        _cast.Start(3);
        _cast.DeliverAll();
        Assert.NotNull(_cast[3].Installed);
        Assert.Equal(_cast[1].Installed, _cast[3].Installed);
    }

    [Fact]
    public void A_hello_that_was_lost_is_said_again()
    {
        StartAll();
        _cast.Hold(_ => true);
        _cast.TickAll();
        _cast.DeliverAll();

        Assert.All(new uint[] { 1, 2, 3 }, node => Assert.NotNull(_cast[node].Installed));
    }

    [Fact]
    public void Who_lists_other_nodes_is_refused_and_both_sides_say_what_differs()
    {
        _cast.Start(1);
        _cast.Start(2);
        _cast.Start(3, new PeerList("tyer", [Cast.Peer(1), Cast.Peer(2, "second"), Cast.Peer(3), Cast.Peer(4)]));
        _cast.DeliverAll();

        Assert.Contains(
            "refused by n3: its peer list differs: id 2 is n2 here and second at n3; n4 (id 4) is listed at n3 but not here",
            _cast[1].Waiting,
            StringComparison.Ordinal);
        Assert.Contains(
            "refused by n1: its peer list differs: id 2 is second here and n2 at n1; n4 (id 4) is listed here but not at n1",
            _cast[3].Waiting,
            StringComparison.Ordinal);
        Assert.Empty(Decided(1));

        // The remedy works, and the complaint is gone.
        _cast.Start(3);
        _cast.DeliverAll();
        Assert.NotNull(_cast[3].Installed);
    }

    [Fact]
    public void Of_two_builds_that_share_no_version_the_one_with_the_higher_id_gives_up_and_the_other_waits_for_one_that_fits()
    {
        _cast.Start(1, protocol: new ProtocolRange(1, 2));
        _cast.Start(2, protocol: new ProtocolRange(2, 2));
        _cast.Start(3, protocol: new ProtocolRange(3, 4));
        _cast.DeliverAll();

        Assert.Contains(
            "n3 offers version 3 to 4 of the lock protocol, and n1 1 to 2: they share none",
            _cast.Told.Where(told => told.Node == 3).Select(told => told.Action).OfType<TellRefused>().Single().Why,
            StringComparison.Ordinal);
        Assert.Contains("waiting for another build of n3: n3 offers version 3 to 4", _cast[1].Waiting, StringComparison.Ordinal);
        Assert.DoesNotContain(_cast.Told, told => told.Node != 3 && told.Action is TellRefused);
        Assert.Empty(Decided(1));

        _cast.Start(3, protocol: new ProtocolRange(1, 4));
        _cast.DeliverAll();
        Assert.Equal(2, _cast[1].Installed!.Running);
        Assert.Equal(_cast[1].Installed, _cast[3].Installed);
    }

    [Fact]
    public void A_node_of_another_cluster_is_refused()
    {
        _cast.Start(1);
        _cast.Start(2, new PeerList("test", Cast.List.Peers));
        _cast.DeliverAll();

        Assert.Contains("the cluster is tyer here and test at n2", _cast[1].Waiting, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stranger_is_not_listened_to()
    {
        StartAll();
        var stranger = new Member(new NodeId(9), new Incarnation(1), "n9");
        FormingState before = _cast[1];
        _cast.Hold(_ => true);
        _cast.Feed(1, new Received(stranger.Id, stranger.Incarnation, HelloOf(stranger)));
        _cast.Feed(1, new Received(_cast[1].Self.Id, new Incarnation(9), HelloOf(_cast[1].Self)));
        _cast.Feed(1, new PeerReachable(stranger.Id));
        _cast.Feed(1, new PeerUnreachable(stranger.Id, "gone"));

        Assert.Equal(before, _cast[1]);
        Assert.Empty(_cast.Hold(_ => true));
    }

    [Fact]
    public void A_node_whose_earlier_sessions_may_be_at_work_is_waited_for()
    {
        _cast.Start(1);
        _cast.Start(2, ready: false);
        _cast.Start(3);
        _cast.DeliverAll();
        Assert.Contains("waiting for n2, whose previous run did not stop cleanly", _cast[1].Waiting, StringComparison.Ordinal);
        Assert.Contains("it is not ready", _cast[2].Waiting, StringComparison.Ordinal);
        Assert.Empty(Decided(1));

        _cast.Feed(2, new BecameReady());
        _cast.DeliverAll();
        Assert.NotNull(_cast[2].Installed);
    }

    [Fact]
    public void A_coordinator_that_is_not_ready_does_not_propose()
    {
        _cast.Start(1, ready: false);
        _cast.Start(2);
        _cast.Start(3);
        _cast.DeliverAll();
        Assert.Empty(Decided(1));

        _cast.Feed(1, new BecameReady());
        _cast.DeliverAll();
        Assert.NotNull(_cast[1].Installed);
    }

    [Fact]
    public void A_node_that_restarts_while_the_view_is_formed_is_in_it_with_its_new_life()
    {
        StartAll();
        _cast.DeliverAll(hold: letter => letter is { To: 3, Message: Prepare });
        Assert.Equal(1UL, _cast[2].Promised!.Id);

        _cast.Start(3);
        _cast.DeliverAll();

        Assert.Equal(2UL, _cast[1].Installed!.Id);
        Assert.Equal(new Incarnation(2), _cast[1].Installed!.Find(new NodeId(3))!.Incarnation);
        Assert.All(new uint[] { 2, 3 }, node => Assert.Equal(_cast[1].Installed, _cast[node].Installed));
    }

    [Fact]
    public void A_node_that_restarts_after_the_view_is_refused_and_the_others_go_on()
    {
        StartAll();
        _cast.DeliverAll();
        ClusterView view = _cast[1].Installed!;

        _cast.Start(3);
        _cast.DeliverAll();

        Assert.Null(_cast[3].Installed);
        Assert.Contains(
            "refused by n1: it is in view 1, which was formed with an earlier run of n3", _cast[3].Waiting, StringComparison.Ordinal);
        Assert.Contains("a later one with recovery will", _cast[3].Waiting, StringComparison.Ordinal);
        foreach (uint node in new uint[] { 1, 2 })
        {
            Assert.Equal(view, _cast[node].Installed);
            TellPeerLost lost = Assert.Single(Told<TellPeerLost>(node));
            Assert.Equal(view.Find(new NodeId(3)), lost.Peer);
            Assert.Contains("n3 has restarted", lost.Why, StringComparison.Ordinal);
        }

        // However often it asks.
        _cast.TickAll();
        _cast.DeliverAll();
        Assert.Single(Told<TellPeerLost>(1));
    }

    [Fact]
    public void A_refused_node_is_taken_in_when_all_others_start_anew()
    {
        StartAll();
        _cast.DeliverAll();
        _cast.Start(3);
        _cast.DeliverAll();

        _cast.Start(1);
        _cast.Start(2);
        _cast.TickAll();
        _cast.DeliverAll();

        Assert.Equal(2UL, _cast[3].Installed!.Id);
        Assert.Equal(_cast[1].Installed, _cast[3].Installed);
    }

    [Fact]
    public void An_id_that_only_one_has_on_disk_is_not_used_again()
    {
        StartAll();
        _cast.DeliverAll(hold: letter => letter.Message is Prepare);

        // Only n1 knows of the proposal; then all are gone.
        StartAll();
        _cast.DeliverAll();

        Assert.Equal(2UL, _cast[2].Installed!.Id);
    }

    [Fact]
    public void A_disk_that_is_ahead_of_its_hello_is_heeded()
    {
        StartAll();
        List<Cast.Letter> proposals = _cast.DeliverAll(hold: letter => letter.Message is Prepare);
        _cast.Feed(2, new Received(new NodeId(1), _cast[1].Self.Incarnation, new Prepare(new ClusterView(9, Members()))));
        _cast.Hold(_ => true);

        _cast.Deliver(proposals);
        _cast.DeliverAll();

        Assert.Equal(10UL, _cast[1].Installed!.Id);
        Assert.Equal(_cast[1].Installed, _cast[2].Installed);
    }

    [Fact]
    public void The_word_of_a_member_that_is_in_a_view_outlives_the_coordinator()
    {
        StartAll();
        List<Cast.Letter> words = _cast.DeliverAll(hold: letter => letter.Message is InstalledView);
        ClusterView view = _cast[1].Installed!;
        _cast.Deliver(words.Single(letter => letter.To == 2));

        // n1 is gone; n3 has not heard from it that the view is installed.
        _cast.Feed(3, new Tick());
        _cast.DeliverAll(hold: letter => letter.To == 1);

        Assert.Equal(view, _cast[3].Installed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_later_promise_yields_to_the_word_of_somebody_it_lists(bool inAnEarlierLife)
    {
        // F3. Hellos of lives that are over are still under way when n1 comes back, and it believes them.
        StartAll();
        List<Cast.Letter> early = _cast.Hold(letter => letter is { To: 1, Message: Hello });
        if (inAnEarlierLife) _cast.Start(2);
        _cast.TickAll();
        List<Cast.Letter> words = _cast.DeliverAll(hold: letter => letter.Message is InstalledView);
        ClusterView view = _cast[1].Installed!;
        _cast.Deliver(words.Single(letter => letter.To == 2));
        Assert.Equal(view, _cast[2].Installed);

        _cast.Start(1);
        _cast.Hold(_ => true);
        _cast.Deliver(early);
        _cast.DeliverAll(hold: letter => letter.To == 2 || letter.From == 2);
        Assert.True(_cast[3].Promised!.Id > view.Id);
        Assert.Equal(new Incarnation(1), _cast[3].Promised!.Find(new NodeId(2))!.Incarnation);
        Assert.Equal(new Incarnation(inAnEarlierLife ? 2UL : 1), view.Find(new NodeId(2))!.Incarnation);

        _cast.TickAll();
        _cast.DeliverAll();

        Assert.Equal(view, _cast[3].Installed);
        Assert.Contains("refused by n2", _cast[1].Waiting, StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_promise_stands_against_the_word_of_somebody_it_lists_in_a_later_life()
    {
        // F3. n2 was in the view and told n3, but restarted before n3 heard it; nor has n3 heard of the restart but by the proposal.
        StartAll();
        List<Cast.Letter> words = _cast.DeliverAll(hold: letter => letter.Message is InstalledView);
        ClusterView old = _cast[1].Installed!;
        _cast.Deliver(words.Single(letter => letter.To == 2));
        _cast.Feed(3, new Tick());
        List<Cast.Letter> late = _cast.DeliverAll(hold: letter => letter is { From: 2, To: 3 } or { To: 1 });
        _cast.Start(1);
        _cast.Start(2);
        _cast.Feed(3, new Tick());
        List<Cast.Letter> held = _cast.DeliverAll(hold: letter => letter is { From: 2, To: 3 } or { Message: Prepared });
        Assert.True(_cast[3].Promised!.Id > old.Id);

        Assert.Contains(late, letter => letter.Message == new InstalledView(old));
        _cast.Deliver(late);
        Assert.Null(_cast[3].Installed);

        _cast.Deliver(held);
        _cast.DeliverAll();
        Assert.True(_cast[3].Installed!.Id > old.Id);
        Assert.Equal(_cast[1].Installed, _cast[3].Installed);
    }

    [Fact]
    public void Nobody_proposes_to_a_node_that_is_in_a_view()
    {
        StartAll();
        List<Cast.Letter> words = _cast.DeliverAll(hold: letter => letter.Message is InstalledView);
        _cast.Deliver(words.Single(letter => letter.To == 2));

        _cast.Start(1);
        _cast.Feed(2, new PeerReachable(new NodeId(1)));
        _cast.DeliverAll(hold: letter => letter is { From: 2, Message: not Hello });

        Assert.Null(_cast[1].Promised);
    }

    [Fact]
    public void A_hello_of_an_earlier_life_changes_nothing_and_its_sender_can_learn_why()
    {
        // As from a node that lost its state and whose clock went back.
        _cast.Start(2);
        List<Cast.Letter> early = _cast.Hold(letter => letter.To == 1);
        _cast.Start(1);
        _cast.Start(2);
        _cast.DeliverAll();

        _cast.Deliver(early);

        Assert.Equal(new Incarnation(2), _cast[1].Heard[new NodeId(2)].Sender.Incarnation);
        var refused = Assert.IsType<Refused>(Assert.Single(_cast.Hold(_ => true)).Message);
        Assert.Equal(new Refused(new Incarnation(1), HelloRefusal.LaterIncarnation, 2), refused);

        _cast.Feed(2, new Received(new NodeId(1), _cast[1].Self.Incarnation, refused with { To = _cast[2].Self.Incarnation }));
        Assert.Contains("refused by n1: it has heard of a later run of n2", _cast[2].Waiting, StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_that_cannot_be_reached_is_lost_and_back_when_it_answers()
    {
        StartAll();
        _cast.DeliverAll();
        ClusterView view = _cast[1].Installed!;

        _cast.Feed(1, new PeerUnreachable(new NodeId(3), "no route"));
        _cast.Feed(1, new PeerUnreachable(new NodeId(3), "no route"));
        Assert.Contains("n3 does not answer: no route", Assert.Single(Told<TellPeerLost>(1)).Why, StringComparison.Ordinal);
        Assert.Equal(view, _cast[1].Installed);

        // The first hello after that is lost.
        _cast.Feed(1, new PeerReachable(new NodeId(3)));
        _cast.Hold(_ => true);
        Assert.Empty(Told<TellPeerBack>(1));
        _cast.Feed(1, new Tick());
        _cast.DeliverAll();

        Assert.Equal(view.Find(new NodeId(3)), Assert.Single(Told<TellPeerBack>(1)).Peer);
    }

    [Fact]
    public void A_member_that_cannot_be_reached_when_the_view_is_installed_is_lost_at_once()
    {
        StartAll();
        List<Cast.Letter> promises = _cast.DeliverAll(hold: letter => letter.Message is Prepared);
        _cast.Feed(1, new PeerUnreachable(new NodeId(3), "connection reset"));

        _cast.Deliver(promises);

        Assert.NotNull(_cast[1].Installed);
        Assert.Equal(new NodeId(3), Assert.Single(Told<TellPeerLost>(1)).Peer.Id);
    }

    [Fact]
    public void Once_in_a_view_nobody_talks_without_need()
    {
        StartAll();
        _cast.DeliverAll();
        _cast.TickAll();

        Assert.Empty(_cast.Hold(_ => true));
    }

    private void StartAll()
    {
        _cast.Start(1);
        _cast.Start(2);
        _cast.Start(3);
    }

    private Member[] Members() => [_cast[1].Self, _cast[2].Self, _cast[3].Self];

    private IEnumerable<FormingAction> Decided(uint node) =>
        _cast.Told.Where(told => told.Node == node && told.Action is Persist or Install).Select(told => told.Action);

    private IEnumerable<T> Told<T>(uint node) => _cast.Told.Where(told => told.Node == node).Select(told => told.Action).OfType<T>();

    private static Hello HelloOf(Member sender) =>
        new(sender, Cast.List.Digest, Highest: 0, Installed: 0, Ready: true, AnswerWanted: true);
}
