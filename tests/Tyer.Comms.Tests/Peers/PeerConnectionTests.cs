using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Sending;
using Tyer.Comms.Sessions;
using Tyer.Comms.Tests.Support;
using Kind = Tyer.Comms.Peers.ConnectionActionKind;

namespace Tyer.Comms.Tests.Peers;

/// <summary>The rules by which links are agreed on and paths are used, one at a time. Node 1 chooses; node 2 follows.</summary>
public class PeerConnectionTests
{
    private readonly PeerSession _session = new(new SegmentPool(), 1 << 20, messagesMax: 100);
    private PeerConnection _connection = null!;
    private List<ConnectionAction> _last = [];
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
    public void The_smaller_id_says_ready_on_the_first_good_control_link_and_waits_for_the_data_link_and_for_pongs()
    {
        Begin(node: 1);
        Assert.Equal([Kind.SendHello, Kind.SendReady], Hello(7));
        Assert.Equal([Kind.OpenControl], Ready(7, stamp: 2));
        Assert.Equal([Kind.SendHello, Kind.SendReady, Kind.Watch], DataHello(8, attempt: 1));
        Assert.Equal(PathState.Proving, _connection.StateOf(0));
        Assert.Equal([Kind.TellConnected, Kind.Open, Kind.Carry], Proven(7));
        Assert.Equal(ConnectionState.Connected, _connection.State);
        Assert.Equal(0, _connection.Carrier);
    }

    [Fact]
    public void The_larger_id_waits_for_ready_and_answers_it_and_who_dialled_dials_the_data_link()
    {
        Begin(node: 2);
        Assert.Equal([], Hello(-1));
        Assert.Equal([Kind.SendReady, Kind.OpenControl, Kind.Dial], Ready(-1, stamp: 2));
        Assert.Equal(LinkStream.Data, _last[^1].Stream);
        Assert.Equal([Kind.SendHello], Post(ConnectionEventKind.DialConnected, -2));
        Assert.Equal(1ul, _last[0].Attempt);
        Assert.Equal([], DataHello(-2, attempt: 0));
        Assert.Equal([Kind.Watch], Ready(-2, stamp: 3));
    }

    [Fact]
    public void What_a_peer_has_proved_on_its_hello_is_not_answered_again()
    {
        Begin(node: 1);
        Assert.Equal([Kind.SendReady], Post(HelloEvent(7) with { IsAnswered = true }));
        Ready(7, stamp: 2);
        Assert.Equal([Kind.SendReady, Kind.Watch], Post(DataHelloEvent(8, attempt: 1) with { IsAnswered = true }));
    }

    [Fact]
    public void Ready_on_a_data_link_before_its_hello_ends_the_path()
    {
        Begin(node: 2);
        Hello(-1);
        Ready(-1, stamp: 2);
        Post(ConnectionEventKind.DialConnected, -2);
        Assert.Equal(PathState.Handshaking, _connection.StateOf(0));
        Ready(-2, stamp: 3);
        Assert.Equal(PathState.Down, _connection.StateOf(0));
    }

    [Fact]
    public void A_data_link_that_another_life_answers_ends_the_path()
    {
        Begin(node: 2);
        Hello(-1);
        Ready(-1, stamp: 2);
        Post(ConnectionEventKind.DialConnected, -2);
        Assert.Equal(PathState.Handshaking, _connection.StateOf(0));
        DataHello(-2, attempt: 0, incarnation: 6);
        Assert.Equal(PathState.Down, _connection.StateOf(0));
    }

    [Fact]
    public void Who_stops_after_its_peer_has_said_goodbye_leaves_the_links_to_the_peer_which_waits_for_the_acknowledgement()
    {
        Begin(node: 1);
        Hello(7);
        Ready(7, stamp: 2);
        DataHello(8, attempt: 1);
        Proven(7);
        for (int lane = 0; lane < Lanes.Count; lane++) _session.GoodbyeHeard(lane);

        Assert.Equal([], Post(ConnectionEventKind.Stop));
        Assert.Equal(ConnectionState.Disconnecting, _connection.State);
        Ended(8);
        Ended(7);
        Assert.Contains(Kind.TellStopped, Ended(-1));
    }

    [Fact]
    public void A_data_link_that_belongs_to_no_control_link_is_refused()
    {
        Begin(node: 1);
        Assert.Equal([Kind.Refuse], DataHello(8, attempt: 1));
        Hello(7);
        Ready(7, stamp: 2);
        Assert.Equal([Kind.Refuse], DataHello(9, attempt: 5));
    }

    [Fact]
    public void A_data_link_that_overtakes_the_ready_of_its_control_link_is_held_until_that_has_come()
    {
        Begin(node: 1);
        Hello(7);
        Assert.Equal([Kind.SendHello], DataHello(8, attempt: 1));
        Assert.Equal([Kind.OpenControl, Kind.SendReady, Kind.Watch], Ready(7, stamp: 2));
    }

    [Fact]
    public void Crossing_links_are_refused_while_one_is_being_agreed_on()
    {
        Begin(node: 1);
        Hello(7);
        Assert.Equal([Kind.SendHello, Kind.Refuse], Hello(8, stamp: 2));
        Assert.Equal([Kind.OpenControl], Ready(7, stamp: 3));
    }

    [Fact]
    public void A_hello_said_before_the_peer_was_ready_has_lost_the_race_and_one_said_after_shows_that_the_path_is_dead()
    {
        Connect(stamp: 3);
        Assert.Equal([Kind.SendHello, Kind.Refuse], Hello(9, stamp: 2));
        Assert.Equal(ConnectionState.Connected, _connection.State);

        Assert.Equal([Kind.SendHello, Kind.End, Kind.End, Kind.Unwatch], Hello(10, stamp: 9));
        Assert.Equal([], Ended(7));
        Assert.Equal([Kind.TellDisconnected, Kind.SendReady], Ended(8));
    }

    [Fact]
    public void A_newer_incarnation_ends_the_links_of_the_older_one_and_resets_before_it_is_ready()
    {
        Connect(stamp: 10);
        Assert.Equal([Kind.SendHello, Kind.End, Kind.End, Kind.Unwatch], Hello(9, stamp: 1, incarnation: 6));
        Ended(7);
        Assert.Equal([Kind.TellDisconnected, Kind.TellReset, Kind.SendReady], Ended(8));
        Assert.Equal([Kind.OpenControl], Ready(9, stamp: 2));
        Assert.Equal(6ul, _session.PeerIncarnation);
    }

    [Fact]
    public void An_older_incarnation_is_refused_and_told_of_once()
    {
        Connect(stamp: 2);
        Assert.Equal([Kind.Refuse, Kind.TellRefused], Hello(9, incarnation: 4));
        Assert.Equal([Kind.Refuse], Hello(10, incarnation: 4));
    }

    [Fact]
    public void A_fenced_incarnation_is_cut_off_and_refused_and_its_successor_is_welcome()
    {
        Connect(stamp: 2);
        Assert.Equal([Kind.End, Kind.End, Kind.Unwatch], Post(new ConnectionEvent(ConnectionEventKind.Fence, Incarnation: 5)));
        Ended(7);
        Ended(8);
        Assert.Equal(ConnectionState.Fenced, _connection.State);
        Assert.Equal([Kind.Refuse, Kind.TellRefused], Hello(9, incarnation: 5).Where(kind => kind != Kind.Dial));
        Assert.Equal([Kind.SendHello, Kind.TellReset, Kind.SendReady], Hello(10, incarnation: 6));
        Assert.Equal(ConnectionState.Connecting, _connection.State);
    }

    [Fact]
    public void A_number_that_does_not_continue_the_session_is_refused()
    {
        Begin(node: 1);
        Hello(7);
        Assert.Equal([Kind.Refuse, Kind.TellRefused], Ready(7, stamp: 2, next: 2));
    }

    [Fact]
    public void Silence_ends_a_path_and_its_reason_stays_until_all_is_cleaned_up()
    {
        Connect(stamp: 2);
        Assert.Equal([Kind.End, Kind.End, Kind.Unwatch], Post(ConnectionEventKind.Overdue, 7));
        Assert.Equal(ConnectionState.Timeout, _connection.State);
        Ended(8);
        Assert.Equal(ConnectionState.Timeout, _connection.State);
        Assert.Contains(Kind.TellDisconnected, Ended(7));
        Assert.Equal(ConnectionState.Timeout, _connection.LastReason);
        Assert.Contains(_connection.State, new[] { ConnectionState.Unconnected, ConnectionState.Connecting });
    }

    [Fact]
    public void Paths_are_dialled_a_little_after_each_other()
    {
        Be(node: 1, addresses: 3);
        Assert.Equal([Kind.Dial], Post(ConnectionEventKind.Start));
        Assert.Equal(CommsLimits.DialStagger, _connection.NextTick);
        _now = CommsLimits.DialStagger;
        Assert.Equal([Kind.Dial], Post(ConnectionEventKind.Tick));
        Assert.Equal(1, _last[0].Path);
        _now = CommsLimits.DialStagger * 2;
        Assert.Equal([Kind.Dial], Post(ConnectionEventKind.Tick));
        Assert.Equal(2, _last[0].Path);
    }

    [Fact]
    public void When_a_path_goes_the_next_carries_on_and_nobody_is_told_that_anything_was_disconnected()
    {
        ConnectTwo();
        Assert.Equal([Kind.End, Kind.Unwatch, Kind.Carry], Ended(8));
        Assert.Equal(1, _connection.Carrier);
        Assert.Equal(ConnectionState.Connected, _connection.State);
        Assert.DoesNotContain(Kind.TellDisconnected, Ended(7));
    }

    [Fact]
    public void Messages_go_back_to_a_better_path_when_it_has_been_up_for_ten_seconds()
    {
        ConnectTwo();
        Ended(8);
        Ended(7);
        Hello(31, stamp: 30);
        Ready(31, stamp: 31);
        DataHello(32, attempt: 30);
        Assert.Equal([Kind.Open], Proven(31));
        Assert.Equal(1, _connection.Carrier);
        Assert.Equal(_now + CommsLimits.FailbackDelay, _connection.NextTick);

        _now += CommsLimits.FailbackDelay;
        Assert.Equal([Kind.Carry], Post(ConnectionEventKind.Tick));
        Assert.Equal(0, _connection.Carrier);
    }

    [Fact]
    public void A_path_that_is_removed_hands_over_first_and_is_refused_from_then_on()
    {
        ConnectTwo();
        Assert.Equal([Kind.Carry], Post(new ConnectionEvent(ConnectionEventKind.RemovePath, Path: 0)));
        Assert.Equal(PathState.Draining, _connection.StateOf(0));
        Assert.Equal(1, _connection.Carrier);
        _now += CommsLimits.DrainTime;
        Assert.Equal([Kind.Unwatch, Kind.End, Kind.End], Post(ConnectionEventKind.Tick));
        Ended(7);
        Ended(8);
        Assert.Equal(PathState.Removing, _connection.StateOf(0));
        Assert.Equal([Kind.Refuse], Hello(40, stamp: 50));

        Assert.Equal([Kind.Dial], Post(new ConnectionEvent(ConnectionEventKind.AddPath, Path: 0)));
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
    public void No_order_of_events_whatsoever_breaks_a_rule_or_carries_over_a_link_that_is_not_open() => Seeds.ForEach(4000, dice =>
    {
        var session = new PeerSession(new SegmentPool(), 1 << 20, messagesMax: 100);
        var connection = new PeerConnection((uint)dice.Between(1, 2) * 2, 3, session, addresses: dice.Between(1, 3), new NetSettings(new NetOptions()), seed: 1);
        List<ConnectionAction> actions = [];
        TimeSpan now = default;
        HashSet<long> open = [];
        for (int step = 0; step < 300; step++)
        {
            now += TimeSpan.FromMilliseconds(dice.Below(2000));
            var e = new ConnectionEvent(
                (ConnectionEventKind)dice.Below(dice.OneIn(30) ? 16 : 9),
                dice.Between(-12, 12),
                new Hello(new NodeIdentity("c", 3, "n", (ulong)dice.Between(1, 4)), 2, (ulong)dice.Below(30), (byte)dice.Below(3), (LinkStream)dice.Below(2), (ulong)dice.Below(10)),
                new Ready((ulong)dice.Below(30), new LaneMark((ulong)dice.Between(0, 2), 0, 9, 9), new LaneMark(1, 0, 9, 9)),
                (RefusalCode)dice.Below(23),
                new LinkEnd((LinkEndReason)dice.Between(1, 9)),
                (ulong)dice.Below(3),
                dice.Below(3));
            actions.Clear();
            if (e.Kind == ConnectionEventKind.LinkEnded) open.Remove(e.Link);
            connection.Handle(e, now, actions);
            foreach (ConnectionAction action in actions)
            {
                if (action.Kind == Kind.Open) Assert.True(open.Add(action.Link));
                if (action.Kind == Kind.Carry) Assert.Contains(action.Link, open);
            }
        }
    });

    [Fact]
    public void Why_it_is_over_is_what_ended_it_and_not_what_the_other_side_closed_when_it_saw_that()
    {
        Connect(stamp: 3);
        Ended(7);

        Post(new ConnectionEvent(ConnectionEventKind.LinkEnded, 8, End: new LinkEnd(LinkEndReason.HandlerFailed)));

        Assert.Equal(LinkEndReason.HandlerFailed, _last.Single(action => action.Kind == Kind.TellDisconnected).End.Reason);
    }

    private void Be(uint node, int addresses = 1) => _connection = new PeerConnection(node, 3 - node, _session, addresses, new NetSettings(new NetOptions()), seed: 1);

    /// <summary>Started, with its own dial under way and not answered.</summary>
    private void Begin(uint node)
    {
        Be(node);
        Post(ConnectionEventKind.Start);
        Post(ConnectionEventKind.DialConnected, -1);
    }

    /// <summary>Node 1, with path 0 up over the links 7 and 8.</summary>
    private void Connect(ulong stamp)
    {
        Begin(node: 1);
        Hello(7);
        Ready(7, stamp);
        DataHello(8, attempt: 1);
        Proven(7);
        Ended(-1);
        Assert.Equal(ConnectionState.Connected, _connection.State);
    }

    /// <summary>The same, with path 1 standing by over the links 17 and 18.</summary>
    private void ConnectTwo()
    {
        Connect(stamp: 3);
        Hello(17, stamp: 11, path: 1);
        Ready(17, stamp: 12);
        DataHello(18, attempt: 11, path: 1);
        Assert.Equal([Kind.Open], Proven(17));
        Assert.Equal(0, _connection.Carrier);
    }

    /// <summary>A hello on a control link that the peer dialled.</summary>
    private Kind[] Hello(long link, ulong stamp = 1, ulong incarnation = 5, byte path = 0) => Post(HelloEvent(link, stamp, incarnation, path));

    private static ConnectionEvent HelloEvent(long link, ulong stamp = 1, ulong incarnation = 5, byte path = 0) =>
        new(ConnectionEventKind.Hello, link, Hello: new Hello(new NodeIdentity("c", 9, "n", incarnation), 1, stamp, path));

    private Kind[] DataHello(long link, ulong attempt, byte path = 0, ulong incarnation = 5) => Post(DataHelloEvent(link, attempt, path, incarnation));

    private static ConnectionEvent DataHelloEvent(long link, ulong attempt, byte path = 0, ulong incarnation = 5) =>
        new(ConnectionEventKind.Hello, link, Hello: new Hello(new NodeIdentity("c", 9, "n", incarnation), 1, 20, path, LinkStream.Data, attempt));

    private Kind[] Ready(long link, ulong stamp, ulong next = 1) =>
        Post(new ConnectionEvent(ConnectionEventKind.Ready, link, Ready: new Ready(stamp, new LaneMark(next, 0, 9, 999), new LaneMark(1, 0, 9, 999))));

    private Kind[] Proven(long link) => Post(ConnectionEventKind.Proven, link);

    private Kind[] Ended(long link) =>
        Post(new ConnectionEvent(ConnectionEventKind.LinkEnded, link, End: new LinkEnd(LinkEndReason.RemoteClosed)));

    private Kind[] Post(ConnectionEventKind kind, long link = 0) => Post(new ConnectionEvent(kind, link));

    private Kind[] Post(ConnectionEvent e)
    {
        List<ConnectionAction> actions = [];
        _connection.Handle(e, _now, actions);

        // Its own dial, under way in most tests, is ended when another link is established; that is told apart by its id.
        _last = [.. actions.Where(action => action.Kind != Kind.TellPath && action is not { Kind: Kind.End, Link: < 0 })];
        return [.. _last.Select(action => action.Kind)];
    }
}
