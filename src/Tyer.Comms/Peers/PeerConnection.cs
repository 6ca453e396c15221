using Tyer.Comms.Frames;
using Tyer.Comms.Links;

namespace Tyer.Comms.Peers;

/// <summary>
/// Decides which link carries the session with one peer. Both nodes dial, since either may be the only one that can reach the other, so
/// links may cross, and one may be dead without its ends knowing. The rule:
/// <list type="number">
/// <item>On each link both say hello: who they are.</item>
/// <item>The node with the smaller id chooses: on the first good link it says ready. It refuses the others.</item>
/// <item>The other node takes the link on which it hears ready, whatever it had before, and says ready back.</item>
/// </list>
/// One side decides, so both always agree, without a coin and without waiting. Hello and ready carry a stamp that grows at their sender:
/// by it a hello that was sent before the peer became ready on the present link (it lost the race) is told from one that was sent after
/// (the peer has lost the link, and the present one is dead).
/// A pure function of events and time to actions; it changes the session, whose gate is to be held.
/// </summary>
internal sealed class PeerConnection(uint localNode, uint peerNode, PeerSession session, ulong seed)
{
    private readonly bool _chooses = localNode < peerNode;
    private readonly Backoff _backoff = new(seed);
    private readonly List<LinkState> _links = [];

    /// <summary>The link that carries the session, or will, or did until its end is reported.</summary>
    private LinkState? _current;

    /// <summary>The link that takes over when the end of the current one is reported.</summary>
    private LinkState? _next;

    private List<ConnectionAction> _actions = [];
    private TimeSpan _now;
    private TimeSpan _dialAt;
    private TimeSpan _stopAt;
    private TimeSpan _connectedAt;
    private bool _isStarted;
    private bool _isStopping;
    private bool _isStopped;
    private ulong _stamp;
    private long _dials;
    private (ulong Incarnation, ulong Stamp) _lastReady;
    private RefusalCode _lastToldRefusal;

    private enum Phase
    {
        /// <summary>Not connected yet.</summary>
        Dialling,

        /// <summary>Dialled; hello said, and none heard.</summary>
        AwaitingHello,

        /// <summary>Hello said and heard.</summary>
        Candidate,

        /// <summary>Ready said, and none heard; at the side that chooses.</summary>
        Chosen,

        /// <summary>Ready said and heard.</summary>
        Established,

        /// <summary>Given up; its end is not reported yet.</summary>
        Ending,
    }

    /// <summary>Where it stands.</summary>
    public ConnectionState State =>
        _isStopped || !_isStarted ? ConnectionState.StandAlone
        : _isStopping ? ConnectionState.Disconnecting
        : _current is { Phase: Phase.Established } ? ConnectionState.Connected
        : session.IsFenced ? ConnectionState.Fenced
        : _links.Count > 0 ? ConnectionState.Connecting
        : ConnectionState.Unconnected;

    /// <summary>When the next tick is needed.</summary>
    public TimeSpan NextTick
    {
        get
        {
            TimeSpan next = MayDial ? _dialAt : TimeSpan.MaxValue;
            if (_isStopping && !_isStopped) next = Min(next, _stopAt);
            foreach (LinkState link in _links)
            {
                if (link.Phase is not (Phase.Established or Phase.Ending)) next = Min(next, link.Deadline);
            }

            return next;
        }
    }

    private bool MayDial => _isStarted && !_isStopped && _current is null && _next is null && !_links.Exists(link => link.IsDialled);

    /// <summary>A stamp for a hello that is said before the connection hears of its link.</summary>
    public ulong TakeStamp() => ++_stamp;

    /// <summary>Takes an event in; appends what is to be done, in order.</summary>
    public void Handle(in ConnectionEvent e, TimeSpan now, List<ConnectionAction> actions)
    {
        _now = now;
        _actions = actions;
        long id = e.Link;
        LinkState? link = _links.Find(link => link.Id == id);
        switch (e.Kind)
        {
            case ConnectionEventKind.Start:
                _isStarted = true;
                break;

            case ConnectionEventKind.Tick:
                Expire();
                break;

            case ConnectionEventKind.DialConnected when link is { Phase: Phase.Dialling }:
                link.Phase = Phase.AwaitingHello;
                link.Deadline = now + CommsLimits.HelloBudget;
                Act(new(ConnectionActionKind.SendHello, link.Id, Stamp: ++_stamp));
                break;

            case ConnectionEventKind.Hello:
                OnHello(id, link, e.Hello!, e.IsAnswered);
                break;

            case ConnectionEventKind.Ready when link is not null:
                OnReady(link, e.Ready);
                break;

            case ConnectionEventKind.Refused when link is not null:
                OnRefused(link, e.Refusal);
                break;

            case ConnectionEventKind.LinkEnded when link is not null:
                OnLinkEnded(link, e.End);
                break;

            case ConnectionEventKind.GoodbyeAcknowledged when _isStopping:
                StopNow();
                break;

            case ConnectionEventKind.Fence:
                OnFence(e.Incarnation);
                break;

            case ConnectionEventKind.Stop when !_isStopping:
                OnStop();
                break;

            case ConnectionEventKind.Abort when !_isStopped:
                StopNow();
                break;
        }

        DialIfDue();
    }

    private void OnHello(long id, LinkState? link, Hello hello, bool isAnswered)
    {
        if (link is null)
        {
            link = new LinkState(id, isDialled: false);
            _links.Add(link);
            if (!_isStarted || _isStopped)
            {
                Refuse(link, RefusalCode.ShuttingDown);
                return;
            }

            if (_links.Count(other => !other.IsDialled && other.Phase != Phase.Ending) > CommsLimits.LinksPerPeerMax)
            {
                Refuse(link, RefusalCode.TooManyStrangers);
                return;
            }
        }
        else if (link.Phase != Phase.AwaitingHello)
        {
            if (link.Phase != Phase.Ending) End(link, new LinkEnd(LinkEndReason.ProtocolError, FrameError.KindNotAllowed));
            return;
        }

        RefusalCode code = session.Judge(hello.Sender.Incarnation);
        if (code != RefusalCode.None)
        {
            Refuse(link, code);
            TellRefused(code, isByPeer: false);
            return;
        }

        link.Phase = Phase.Candidate;
        link.Incarnation = hello.Sender.Incarnation;
        link.HelloStamp = hello.Stamp;
        link.Deadline = _now + CommsLimits.HelloBudget;
        if (!link.IsDialled && !isAnswered) Act(new(ConnectionActionKind.SendHello, link.Id, Stamp: ++_stamp));
        if (_chooses) Choose(link);
    }

    /// <summary>At the side that chooses: whether a link with a good hello is the one.</summary>
    private void Choose(LinkState link)
    {
        if (_current is null)
        {
            _current = link;
            SayReadyFirst(link);
            return;
        }

        LinkState rival = _next ?? _current;
        bool isNewer = link.Incarnation > rival.Incarnation || (link.Incarnation == rival.Incarnation && rival.Phase switch
        {
            // The peer said this hello after it was ready on the rival: it has lost the rival.
            Phase.Established => link.HelloStamp > rival.ReadyStamp,
            Phase.Candidate => link.HelloStamp > rival.HelloStamp,
            Phase.Ending => true,
            _ => false,
        });
        if (!isNewer)
        {
            Refuse(link, RefusalCode.LostRace);
            return;
        }

        if (_next is not null) Refuse(_next, RefusalCode.LostRace);
        _next = link;
        End(_current, new LinkEnd(LinkEndReason.Replaced));
    }

    private void SayReadyFirst(LinkState link)
    {
        BeginSession(link);
        link.Phase = Phase.Chosen;
        link.Deadline = _now + CommsLimits.HelloBudget;
        Act(new(ConnectionActionKind.SendReady, link.Id, Stamp: ++_stamp, ReceiveNext: session.ReceiveNext));
    }

    private void OnReady(LinkState link, Ready ready)
    {
        if (link.Phase == Phase.Ending) return;

        link.ReadyStamp = ready.Stamp;
        link.PeerReceiveNext = ready.ReceiveNext;
        if (_chooses && link.Phase == Phase.Chosen)
        {
            Establish(link, answers: false);
            return;
        }

        if (_chooses || link.Phase != Phase.Candidate)
        {
            End(link, new LinkEnd(LinkEndReason.ProtocolError, FrameError.KindNotAllowed));
            return;
        }

        // Readers run side by side: a ready that the peer said earlier, on a link that it has given up since, may be heard later.
        (ulong Incarnation, ulong Stamp) said = (link.Incarnation, ready.Stamp);
        if (said.CompareTo(_lastReady) <= 0)
        {
            End(link, new LinkEnd(LinkEndReason.Replaced));
            return;
        }

        _lastReady = said;
        if (_current is null)
        {
            _current = link;
            Establish(link, answers: true);
            return;
        }

        if (_next is not null) End(_next, new LinkEnd(LinkEndReason.Replaced));
        _next = link;
        End(_current, new LinkEnd(LinkEndReason.Replaced));
    }

    private void Establish(LinkState link, bool answers)
    {
        if (answers) BeginSession(link);
        if (!session.TryResume(link.PeerReceiveNext))
        {
            Refuse(link, RefusalCode.SequenceLost);
            TellRefused(RefusalCode.SequenceLost, isByPeer: false);
            return;
        }

        link.Phase = Phase.Established;
        link.WasEstablished = true;
        _connectedAt = _now;
        _lastToldRefusal = RefusalCode.None;
        Act(new(ConnectionActionKind.Open, link.Id, Incarnation: link.Incarnation));
        if (answers) Act(new(ConnectionActionKind.SendReady, link.Id, Stamp: ++_stamp, ReceiveNext: session.ReceiveNext));
        Act(new(ConnectionActionKind.Attach, link.Id));
        foreach (LinkState other in _links)
        {
            if (other != link) End(other, new LinkEnd(LinkEndReason.Replaced));
        }
    }

    private void BeginSession(LinkState link)
    {
        ulong old = session.Begin(link.Incarnation);
        if (old != 0) Act(new(ConnectionActionKind.TellReset, Incarnation: link.Incarnation, OldIncarnation: old));
    }

    private void OnRefused(LinkState link, RefusalCode code)
    {
        if (link.Phase == Phase.Ending) return;

        link.RefusedByPeer = code;
        End(link, new LinkEnd(LinkEndReason.Refused, Refusal: code));
        if (!RefusalCodes.IsTransient(code)) TellRefused(code, isByPeer: true);
    }

    private void OnLinkEnded(LinkState link, in LinkEnd end)
    {
        _links.Remove(link);
        if (link == _next) _next = null;
        if (link.WasEstablished)
        {
            // After a goodbye the peer closes: that is how it should be, and no failure.
            LinkEnd told = session.HasPeerLeft ? new LinkEnd(LinkEndReason.TearDown) : end;
            Act(new(ConnectionActionKind.TellDisconnected, End: told, Incarnation: link.Incarnation));
            if (_now - _connectedAt >= CommsLimits.StableAfter) _backoff.Reset();

            // A message was taken from the session and not handled: going on would lose it silently.
            if (end.Reason == LinkEndReason.HandlerFailed) StopNow();
        }

        else if (end.Reason == LinkEndReason.ProtocolError)
        {
            TellRefused(RefusalCode.MalformedFrame, isByPeer: false);
        }

        if (link == _current) PromoteNext();
        if (link.IsDialled || link.WasEstablished) _dialAt = _now + DelayAfter(link);
        if (_isStopping && session.HasPeerLeft) StopNow();
        TellIfStopped();
    }

    private void PromoteNext()
    {
        _current = null;
        session.DropFenced();
        LinkState? link = _next;
        _next = null;
        if (link is null or { Phase: Phase.Ending }) return;

        RefusalCode code = session.Judge(link.Incarnation);
        if (code != RefusalCode.None)
        {
            Refuse(link, code);
            return;
        }

        _current = link;
        if (_chooses) SayReadyFirst(link);
        else Establish(link, answers: true);
    }

    private TimeSpan DelayAfter(LinkState link)
    {
        RefusalCode code = link.RefusedByPeer;
        if (code == RefusalCode.LostRace) return _backoff.PartOf(CommsLimits.ReconnectDelayLostRace);
        return code == RefusalCode.None || RefusalCodes.IsTransient(code) ? _backoff.Next() : CommsLimits.ReconnectDelayRefused;
    }

    private void OnFence(ulong incarnation)
    {
        session.Fence(incarnation);
        foreach (LinkState link in _links)
        {
            if (link.Incarnation != 0 && link.Incarnation <= incarnation) End(link, new LinkEnd(LinkEndReason.Fenced));
        }

        if (_current is null) session.DropFenced();
    }

    private void OnStop()
    {
        _isStopping = true;
        _stopAt = _now + CommsLimits.GoodbyeTimeout;
        if (_current is { Phase: Phase.Established } && session.TryQueueGoodbye()) Act(new(ConnectionActionKind.Flush));
        else StopNow();
    }

    private void StopNow()
    {
        _isStopping = true;
        _isStopped = true;
        foreach (LinkState link in _links) End(link, new LinkEnd(LinkEndReason.Closed));
        TellIfStopped();
    }

    private void TellIfStopped()
    {
        if (_isStopped && _links.Count == 0) Act(new(ConnectionActionKind.TellStopped));
    }

    private void Expire()
    {
        if (_isStopping && !_isStopped && _now >= _stopAt) StopNow();
        foreach (LinkState link in _links)
        {
            if (link.Phase is Phase.Established or Phase.Ending || _now < link.Deadline) continue;
            if (link.Phase == Phase.Dialling) End(link, new LinkEnd(LinkEndReason.Timeout));
            else Refuse(link, RefusalCode.HelloTimeout);
        }
    }

    private void DialIfDue()
    {
        if (!MayDial || _now < _dialAt) return;

        // Ids of accepted links, given by the domain, are positive.
        var link = new LinkState(--_dials, isDialled: true) { Deadline = _now + CommsLimits.ConnectTimeout };
        _links.Add(link);
        Act(new(ConnectionActionKind.Dial, link.Id));
    }

    private void Refuse(LinkState link, RefusalCode code)
    {
        if (link.Phase == Phase.Ending) return;
        link.Phase = Phase.Ending;
        Act(new(ConnectionActionKind.Refuse, link.Id, Refusal: code));
    }

    private void End(LinkState link, in LinkEnd end)
    {
        if (link.Phase == Phase.Ending) return;
        link.Phase = Phase.Ending;
        Act(new(ConnectionActionKind.End, link.Id, End: end));
    }

    /// <summary>Tells a reason once, not at every attempt, until a connection stands again.</summary>
    private void TellRefused(RefusalCode code, bool isByPeer)
    {
        if (code == _lastToldRefusal) return;
        _lastToldRefusal = code;
        Act(new(ConnectionActionKind.TellRefused, Refusal: code, IsByPeer: isByPeer));
    }

    private void Act(in ConnectionAction action) => _actions.Add(action);

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private sealed class LinkState(long id, bool isDialled)
    {
        public long Id { get; } = id;

        public bool IsDialled { get; } = isDialled;

        public Phase Phase { get; set; }

        public ulong Incarnation { get; set; }

        public ulong HelloStamp { get; set; }

        public ulong ReadyStamp { get; set; }

        public ulong PeerReceiveNext { get; set; }

        public bool WasEstablished { get; set; }

        public RefusalCode RefusedByPeer { get; set; }

        public TimeSpan Deadline { get; set; }
    }
}
