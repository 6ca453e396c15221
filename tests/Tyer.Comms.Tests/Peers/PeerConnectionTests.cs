using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Support;
using Kind = Tyer.Comms.Peers.ConnectionActionKind;

namespace Tyer.Comms.Tests.Peers;

/// <summary>The rules that choose among links, one at a time. Node 1 chooses; node 2 follows.</summary>
public class PeerConnectionTests
{
    private readonly PeerSession _session = new(new SendQueue(new SegmentPool(), 1 << 20, keepsUntilReleased: true), messagesMax: 100);
    private PeerConnection _connection = null!;
    private TimeSpan _now;

    [Fact]
    public void It_dials_at_once_and_says_hello_when_connected()
    {
        Be(node: 1);
        Assert.Equal([Kind.Dial], Post(ConnectionEventKind.Start));
        Assert.Equal([Kind.SendHello], Post(ConnectionEventKind.DialConnected, -1));
        Assert.Equal(ConnectionState.Connecting, _connection.State);
    }

    [Fact]
    public void The_smaller_id_says_ready_on_the_first_good_link_and_is_connected_when_it_hears_ready()
    {
        Begin(node: 1);
        Assert.Equal([Kind.SendHello, Kind.SendReady], Hello(7));
        Assert.Equal([Kind.Open, Kind.Attach], Ready(7, stamp: 2));
        Assert.Equal(ConnectionState.Connected, _connection.State);
    }

    [Fact]
    public void The_larger_id_waits_for_ready_and_answers_it()
    {
        Begin(node: 2);
        Assert.Equal([Kind.SendHello], Hello(7));
        Assert.Equal([Kind.Open, Kind.SendReady, Kind.Attach], Ready(7, stamp: 2));
    }

    [Fact]
    public void Crossing_links_are_refused_while_one_is_being_agreed_on()
    {
        Begin(node: 1);
        Hello(7);
        Assert.Equal([Kind.SendHello, Kind.Refuse], Hello(8, stamp: 2));
        Assert.Equal([Kind.Open, Kind.Attach], Ready(7, stamp: 3));
    }

    [Fact]
    public void A_hello_said_before_the_peer_was_ready_has_lost_the_race()
    {
        Begin(node: 1);
        Hello(7, stamp: 1);
        Ready(7, stamp: 3);
        Assert.Equal([Kind.SendHello, Kind.Refuse], Hello(8, stamp: 2));
        Assert.Equal(ConnectionState.Connected, _connection.State);
    }

    [Fact]
    public void A_hello_said_after_the_peer_was_ready_shows_that_the_present_link_is_dead()
    {
        Begin(node: 1);
        Hello(7, stamp: 1);
        Ready(7, stamp: 3);

        // It takes over when nobody delivers on the old one any more: only then is the number in ready exact.
        Assert.Equal([Kind.SendHello, Kind.End], Hello(8, stamp: 4));
        Assert.Equal([Kind.TellDisconnected, Kind.SendReady], Ended(7));
        Assert.Equal([Kind.Open, Kind.Attach], Ready(8, stamp: 5));
    }

    [Fact]
    public void A_ready_takes_the_follower_to_another_link_and_a_late_one_does_not_take_it_back()
    {
        Begin(node: 2);
        Hello(7);
        Hello(8, stamp: 3);
        Hello(9, stamp: 5);
        Assert.Equal([Kind.Open, Kind.SendReady, Kind.Attach, Kind.End, Kind.End], Ready(8, stamp: 6));

        Hello(10, stamp: 7);
        Hello(11, stamp: 8);
        Assert.Equal([Kind.End], Ready(11, stamp: 9));
        Assert.Equal([Kind.End], Ready(10, stamp: 4));
        Assert.Equal([Kind.TellDisconnected, Kind.Open, Kind.SendReady, Kind.Attach], Ended(8).Where(kind => kind != Kind.End));
    }

    [Fact]
    public void A_newer_incarnation_ends_the_link_of_the_older_one_and_resets_before_it_is_ready()
    {
        Begin(node: 1);
        Hello(7, stamp: 9, incarnation: 5);
        Ready(7, stamp: 10);
        Assert.Equal([Kind.SendHello, Kind.End], Hello(8, stamp: 1, incarnation: 6));
        Assert.Equal([Kind.TellDisconnected, Kind.TellReset, Kind.SendReady], Ended(7));
        Assert.Equal([Kind.Open, Kind.Attach], Ready(8, stamp: 2));
        Assert.Equal(6ul, _session.PeerIncarnation);
    }

    [Fact]
    public void An_older_incarnation_is_refused_and_told_of_once()
    {
        Begin(node: 1);
        Hello(7, incarnation: 5);
        Ready(7, stamp: 2);
        Ended(7);
        Assert.Equal([Kind.Refuse, Kind.TellRefused], Hello(8, incarnation: 4));
        Assert.Equal([Kind.Refuse], Hello(9, incarnation: 4));
    }

    [Fact]
    public void A_fenced_incarnation_is_cut_off_and_refused_and_its_successor_is_welcome()
    {
        Begin(node: 1);
        Hello(7, incarnation: 5);
        Ready(7, stamp: 2);

        Assert.Equal([Kind.End], Post(new ConnectionEvent(ConnectionEventKind.Fence, Incarnation: 5)));
        Ended(7);
        Assert.Equal(ConnectionState.Fenced, _connection.State);
        Assert.Equal([Kind.Refuse, Kind.TellRefused], Hello(8, incarnation: 5).Where(kind => kind != Kind.Dial));
        Assert.Equal([Kind.SendHello, Kind.TellReset, Kind.SendReady], Hello(9, incarnation: 6));
    }

    [Fact]
    public void A_number_that_does_not_continue_the_session_is_refused()
    {
        Begin(node: 1);
        Hello(7);
        Assert.Equal([Kind.Refuse, Kind.TellRefused], Ready(7, stamp: 2, next: 2));
        Assert.NotEqual(ConnectionState.Connected, _connection.State);
    }

    [Fact]
    public void Attempts_are_delayed_more_and_more_up_to_a_second_and_at_random()
    {
        Be(node: 1);
        Post(ConnectionEventKind.Start);
        List<TimeSpan> delays = [];
        for (long dial = -1; dial >= -60; dial--)
        {
            TimeSpan start = _now;
            if (!Ended(dial).Contains(Kind.Dial))
            {
                _now = _connection.NextTick;
                Assert.Equal([Kind.Dial], Post(ConnectionEventKind.Tick));
            }

            delays.Add(_now - start);
        }

        Assert.Equal(TimeSpan.Zero, delays[0]);
        Assert.All(delays.Take(4), delay => Assert.InRange(delay, TimeSpan.Zero, TimeSpan.FromMilliseconds(80)));
        Assert.All(delays, delay => Assert.InRange(delay, TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        Assert.True(delays.Skip(10).Distinct().Count() > 40);
        Assert.True(delays.Max() > TimeSpan.FromMilliseconds(500));
    }

    [Theory]
    [InlineData(RefusalCode.ClusterMismatch, 30_000, 30_000)]
    [InlineData(RefusalCode.StaleIncarnation, 30_000, 30_000)]
    [InlineData(RefusalCode.LostRace, 0, 20)]
    [InlineData(RefusalCode.ShuttingDown, 0, 1_000)]
    public void A_refusal_decides_when_to_try_again(RefusalCode code, int leastMilliseconds, int mostMilliseconds)
    {
        Begin(node: 2);
        Post(new ConnectionEvent(ConnectionEventKind.Refused, -1, Refusal: code));
        Kind[] actions = Ended(-1);

        TimeSpan delay = actions.Contains(Kind.Dial) ? TimeSpan.Zero : _connection.NextTick - _now;
        Assert.InRange(delay.TotalMilliseconds, leastMilliseconds, mostMilliseconds);
    }

    [Fact]
    public void A_peer_that_says_hello_and_nothing_more_is_refused_when_its_budget_runs_out()
    {
        Begin(node: 2);
        Hello(7);
        _now += CommsLimits.HelloBudget;
        Assert.Equal([Kind.Refuse, Kind.Refuse], Post(ConnectionEventKind.Tick));
    }

    [Fact]
    public void One_peer_cannot_open_links_without_end()
    {
        Begin(node: 2);
        for (int i = 1; i <= CommsLimits.LinksPerPeerMax; i++) Assert.Equal([Kind.SendHello], Hello(i, stamp: (ulong)i));
        Assert.Equal([Kind.Refuse], Hello(99, stamp: 99));
    }

    [Fact]
    public void No_order_of_events_whatsoever_throws_or_opens_two_links() => Seeds.ForEach(3000, dice =>
    {
        var session = new PeerSession(new SendQueue(new SegmentPool(), 1 << 20, keepsUntilReleased: true), messagesMax: 100);
        var connection = new PeerConnection((uint)dice.Between(1, 2) * 2, 3, session, seed: 1);
        List<ConnectionAction> actions = [];
        TimeSpan now = default;
        long open = 0;
        for (int step = 0; step < 300; step++)
        {
            now += TimeSpan.FromMilliseconds(dice.Below(2000));
            var e = new ConnectionEvent(
                (ConnectionEventKind)dice.Below(dice.OneIn(30) ? 11 : 8),
                dice.Between(-8, 8),
                new Hello(new NodeIdentity("c", 3, "n", (ulong)dice.Between(1, 4)), 2, (ulong)dice.Below(30)),
                new Ready((ulong)dice.Below(30), (ulong)dice.Between(0, 2)),
                (RefusalCode)dice.Below(22),
                new LinkEnd((LinkEndReason)dice.Between(1, 9)),
                (ulong)dice.Below(3));
            actions.Clear();
            if (e.Kind == ConnectionEventKind.LinkEnded && e.Link == open) open = 0;
            connection.Handle(e, now, actions);
            foreach (ConnectionAction action in actions.Where(action => action.Kind == Kind.Open))
            {
                Assert.Equal(0, open);
                open = action.Link;
            }
        }
    });

    private void Be(uint node) => _connection = new PeerConnection(node, 3 - node, _session, seed: 1);

    /// <summary>Started, with its own dial under way and not answered.</summary>
    private void Begin(uint node)
    {
        Be(node);
        Post(ConnectionEventKind.Start);
        Post(ConnectionEventKind.DialConnected, -1);
    }

    /// <summary>A hello on a link that the peer dialled.</summary>
    private Kind[] Hello(long link, ulong stamp = 1, ulong incarnation = 5) => Post(new ConnectionEvent(
        ConnectionEventKind.Hello, link, Hello: new Hello(new NodeIdentity("c", 9, "n", incarnation), 1, stamp)));

    private Kind[] Ready(long link, ulong stamp, ulong next = 1) =>
        Post(new ConnectionEvent(ConnectionEventKind.Ready, link, Ready: new Ready(stamp, next)));

    private Kind[] Ended(long link) =>
        Post(new ConnectionEvent(ConnectionEventKind.LinkEnded, link, End: new LinkEnd(LinkEndReason.RemoteClosed)));

    private Kind[] Post(ConnectionEventKind kind, long link = 0) => Post(new ConnectionEvent(kind, link));

    private Kind[] Post(ConnectionEvent e)
    {
        List<ConnectionAction> actions = [];
        _connection.Handle(e, _now, actions);

        // Its own dial, under way in most tests, is ended when another link is established; that is told apart by its id.
        return [.. actions.Where(action => action is not { Kind: Kind.End, Link: < 0 }).Select(action => action.Kind)];
    }
}
