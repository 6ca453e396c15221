using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Sessions;

namespace Tyer.Comms.Peers;

/// <summary>
/// Decides everything about the connection with one peer: which paths are dialled when, what the whole of them amounts to, and which of them
/// carries the session. All paths are kept up all the time; messages go over one that is up. With the policy <see cref="PathPolicy.Passive"/>
/// that is the first one, and they go back to a better one when that has proved itself for a while; with
/// <see cref="PathPolicy.LeastQueued"/> they stay until it is lost, or less waits on another. What is agreed on each path is <see cref="PathAgreement"/>'s to say.
/// A pure function of events and time to actions; it changes the session, whose gate is to be held.
/// </summary>
internal sealed class PeerConnection
{
    private readonly ConnectionContext _context;
    private readonly PeerSession _session;
    private readonly PathAgreement[] _paths = new PathAgreement[CommsLimits.PathsPerPeerMax];
    private PathAgreement? _carrier;
    private long _carriedLink;
    private LinkEnd _lastEnd;
    private PathAgreement? _lastCarrier;
    private ulong _connectedTo;
    private TimeSpan _stopAt;
    private bool _isStopped;
    private bool _standsDown;

    /// <param name="localNode">This node.</param>
    /// <param name="peerNode">The other.</param>
    /// <param name="session">What is said between them.</param>
    /// <param name="addresses">How many addresses of the other are known: its first paths.</param>
    /// <param name="settings">The options in force.</param>
    /// <param name="seed">For the jitter of delays.</param>
    public PeerConnection(uint localNode, uint peerNode, PeerSession session, int addresses, NetSettings settings, ulong seed)
    {
        _session = session;
        _context = new ConnectionContext(session, settings, chooses: localNode < peerNode);
        for (int index = 0; index < _paths.Length; index++)
            _paths[index] = new PathAgreement(_context, index, index < addresses, seed * (ulong)(index + 1));
    }

    /// <summary>Where it stands.</summary>
    public ConnectionState State { get; private set; }

    /// <summary>Why the last connection, or the last attempt, was over; <see cref="ConnectionState.StandAlone"/> if none was.</summary>
    public ConnectionState LastReason { get; private set; }

    /// <summary>The path that carries the session; -1 for none.</summary>
    public int Carrier => _carrier?.Index ?? -1;

    /// <summary>When the next tick is needed.</summary>
    public TimeSpan NextTick
    {
        get
        {
            TimeSpan next = State == ConnectionState.Disconnecting && !_isStopped ? _stopAt : TimeSpan.MaxValue;
            foreach (PathAgreement path in _paths)
            {
                if (MayDial(path)) next = Min(next, path.DialAt);
                next = Min(next, path.DrainedAt);
            }

            foreach (LinkState link in _context.Links)
            {
                if (link.Path.IsBounded(link)) next = Min(next, link.Deadline);
            }

            if (_context.Policy == PathPolicy.Passive && _carrier is { } carrier && Best() is { } best && best != carrier) next = Min(next, best.UpSince + _context.Net.FailbackDelay);
            return next;
        }
    }

    /// <summary>Which path carries, where the peer has its own policy; null: as for all.</summary>
    public PathPolicy? OwnPolicy
    {
        get => _context.OwnPolicy;
        set => _context.OwnPolicy = value;
    }

    /// <summary>Which path carries.</summary>
    public PathPolicy Policy => _context.Policy;

    /// <summary>How a path stands.</summary>
    public PathState StateOf(int path) => _paths[path].State;

    /// <summary>How the last links of a path ended.</summary>
    public LinkEnd EndOf(int path) => _paths[path].LastEnd;

    /// <summary>A stamp for a hello that is said before the connection hears of its link.</summary>
    public ulong TakeStamp() => _context.NextStamp();

    /// <summary>Takes an event in; appends what is to be done, in order.</summary>
    public void Handle(in ConnectionEvent e, TimeSpan now, List<ConnectionAction> actions)
    {
        _context.Now = now;
        _context.Actions = actions;
        long id = e.Link;
        LinkState? link = _context.Links.Find(link => link.Id == id);
        switch (e.Kind)
        {
            case ConnectionEventKind.Start when State == ConnectionState.StandAlone && !_isStopped:
                _standsDown = false;
                Apply(ConnectionTrigger.Connect);
                for (int index = 0; index < _paths.Length; index++)
                {
                    if (_paths[index].HasAddress) _paths[index].Begin(CommsLimits.DialStagger * index);
                }

                break;

            case ConnectionEventKind.StandDown when State is not (ConnectionState.Disconnecting or ConnectionState.Fenced) && !_isStopped:
                _standsDown = true;
                Apply(ConnectionTrigger.StandDown);
                break;

            case ConnectionEventKind.Tick:
                Expire();
                break;

            case ConnectionEventKind.DialConnected when link is { Phase: LinkPhase.Dialling }:
                link.Path.OnConnected(link);
                break;

            case ConnectionEventKind.Hello:
                OnHello(id, link, e.Hello!, e.IsAnswered);
                break;

            case ConnectionEventKind.Ready when link is not null:
                link.Path.OnReady(link, e.Ready);
                break;

            case ConnectionEventKind.Refused when link is not null:
                link.Path.OnRefused(link, e.Refusal);
                break;

            case ConnectionEventKind.LinkEnded when link is not null:
                OnLinkEnded(link, e.End);
                break;

            case ConnectionEventKind.Proven when link is { Phase: LinkPhase.Established }:
                link.Path.OnProven(link);
                break;

            case ConnectionEventKind.Overdue when link is { Phase: LinkPhase.Established }:
                link.Path.OnOverdue(link);
                break;

            case ConnectionEventKind.Stalled when _carrier is not null:
                _context.Act(new(ConnectionActionKind.TellStalled));
                break;

            case ConnectionEventKind.Relieve when Policy == PathPolicy.LeastQueued && _carrier is { State: PathState.Up } && _paths[e.Path].State == PathState.Up:
                CarryBy(_paths[e.Path]);
                break;

            case ConnectionEventKind.AddPath:
                _paths[e.Path].Begin(TimeSpan.Zero);
                break;

            case ConnectionEventKind.RemovePath:
                _paths[e.Path].Remove();
                break;

            case ConnectionEventKind.GoodbyeAcknowledged when State == ConnectionState.Disconnecting:
                StopNow();
                break;

            case ConnectionEventKind.Fence:
                OnFence(e.Incarnation);
                break;

            case ConnectionEventKind.Stop when State != ConnectionState.Disconnecting && !_isStopped:
                OnStop();
                break;

            case ConnectionEventKind.Abort when !_isStopped:
                StopNow();
                break;
        }

        Settle();
        DialIfDue();
    }

    private bool MayDial(PathAgreement path) => State != ConnectionState.StandAlone && !_isStopped && path.MayDial;

    private void OnHello(long id, LinkState? link, Hello hello, bool isAnswered)
    {
        if (link is null)
        {
            PathAgreement path = _paths[hello.Path];
            link = new LinkState(id, path, hello.Stream, isDialled: false);
            int others = _context.Links.Count(other => other.Path == path && !other.IsDialled && other.Phase is not (LinkPhase.Ending or LinkPhase.Established));
            _context.Links.Add(link);
            RefusalCode refusal = State == ConnectionState.StandAlone && _standsDown ? RefusalCode.Disconnected
                : State == ConnectionState.StandAlone || _isStopped ? RefusalCode.ShuttingDown
                : path.State == PathState.Removing ? RefusalCode.UnknownPath
                : others >= CommsLimits.LinksPerPeerMax ? RefusalCode.TooManyStrangers
                : RefusalCode.None;
            if (refusal != RefusalCode.None)
            {
                _context.Refuse(link, refusal);
                return;
            }
        }
        else if (link.Phase != LinkPhase.AwaitingHello)
        {
            link.Path.Drop(link, new LinkEnd(LinkEndReason.ProtocolError, Frames.FrameError.KindNotAllowed));
            return;
        }

        RefusalCode code = _session.Judge(hello.Sender.Incarnation);
        if (code != RefusalCode.None)
        {
            _context.Refuse(link, code);
            _context.TellRefused(code, isByPeer: false);
            return;
        }

        bool answers = !link.IsDialled && !isAnswered;
        if (link.Stream == LinkStream.Control) link.Path.OnHello(link, hello, answers);
        else if (link.IsDialled) link.Path.OnDataAnswered(link, hello);
        else link.Path.OnDataHello(link, hello, answers);
    }

    private void OnLinkEnded(LinkState link, in LinkEnd end)
    {
        _context.Links.Remove(link);
        link.Phase = LinkPhase.Ending;
        _lastEnd = link.RefusedByPeer == RefusalCode.None ? end : new LinkEnd(LinkEndReason.Refused, Refusal: link.RefusedByPeer);
        if (end.Reason == LinkEndReason.ProtocolError && !link.HasCarried) _context.TellRefused(RefusalCode.MalformedFrame, isByPeer: false);
        link.Path.OnEnded(link, end);
        TellIfGone();

        // A message was taken from the session and not handled: going on would lose it silently.
        if (end.Reason == LinkEndReason.HandlerFailed || (State == ConnectionState.Disconnecting && _session.HasPeerLeft)) StopNow();
        if (!_context.Links.Exists(other => other.HasCarried)) _session.DropFenced();
        foreach (PathAgreement path in _paths) path.Promote();
    }

    private void OnFence(ulong incarnation)
    {
        _session.Fence(incarnation);
        foreach (LinkState link in _context.Links.ToArray())
        {
            if (link.Incarnation != 0 && link.Incarnation <= incarnation) link.Path.Drop(link, new LinkEnd(LinkEndReason.Fenced));
        }

        if (_session.IsFenced) Apply(ConnectionTrigger.Fence);
        if (!_context.Links.Exists(link => link.HasCarried)) _session.DropFenced();
    }

    private void OnStop()
    {
        _stopAt = _context.Now + CommsLimits.GoodbyeTimeout;
        Apply(ConnectionTrigger.Disconnect);
    }

    private void StopNow()
    {
        if (!_isStopped) Apply(ConnectionTrigger.Abort);
    }

    private void Expire()
    {
        if (State == ConnectionState.Disconnecting && !_isStopped && _context.Now >= _stopAt) StopNow();
        foreach (LinkState link in _context.Links.ToArray())
        {
            if (link.Path.IsBounded(link) && _context.Now >= link.Deadline) link.Path.Expire(link);
        }

        foreach (PathAgreement path in _paths)
        {
            if (_context.Now >= path.DrainedAt) path.OnDrained();
        }
    }

    private void DialIfDue()
    {
        foreach (PathAgreement path in _paths)
        {
            if (!MayDial(path) || _context.Now < path.DialAt) continue;
            path.Dial();
            if (State is ConnectionState.Unconnected) Apply(ConnectionTrigger.Attempt);
        }
    }

    /// <summary>What happened on the paths is drawn together, step by step, into what the connection as a whole is.</summary>
    private void Settle()
    {
        while (Due() is { } trigger) Apply(trigger);
        CarryOn();
        TellAndOpen();
        TellIfGone();
    }

    private ConnectionTrigger? Due()
    {
        bool isUsable = Array.Exists(_paths, path => path.IsUsable);
        bool isActive = Array.Exists(_paths, path => path.IsActive);
        bool isClean = !_context.Links.Exists(link => link is { HasCarried: true, Phase: LinkPhase.Ending });
        return State switch
        {
            ConnectionState.Fenced when !_session.IsFenced => ConnectionTrigger.Readmit,
            ConnectionState.Unconnected when isActive => ConnectionTrigger.Attempt,
            ConnectionState.Connecting when isUsable => ConnectionTrigger.Established,
            ConnectionState.Connecting when !isActive && _context.Links.Count == 0 => TriggerOf(_lastEnd),
            ConnectionState.Connected when !isUsable => TriggerOf(_session.HasPeerLeft ? new LinkEnd(LinkEndReason.TearDown) : _carrier!.LastEnd),
            ConnectionState.Disconnecting when _isStopped && _context.Links.Count == 0 => ConnectionTrigger.Cleaned,
            _ when ConnectionMachine.IsReason(State) && isClean => ConnectionTrigger.Cleaned,
            _ => null,
        };
    }

    /// <summary>Which path carries the session now.</summary>
    private void CarryOn()
    {
        PathAgreement? best = Best();
        bool stays = _carrier is { State: PathState.Up } carrier
            && (Policy == PathPolicy.LeastQueued || best is null || best == carrier || _context.Now < best.UpSince + _context.Net.FailbackDelay);
        if (!stays) CarryBy(best ?? Array.Find(_paths, path => path.IsUsable));
    }

    private void CarryBy(PathAgreement? path)
    {
        if (_carrier is not null) _lastCarrier = _carrier;
        _carrier = path;
    }

    /// <summary>The first path that is up and is to stay.</summary>
    private PathAgreement? Best() => Array.Find(_paths, path => path.State == PathState.Up);

    /// <summary>Whoever listens hears of it before messages may come, and messages are sent last.</summary>
    private void TellAndOpen()
    {
        if (_carrier is null) return;

        if (_connectedTo == 0)
        {
            _connectedTo = _session.PeerIncarnation;
            _context.Act(new(ConnectionActionKind.TellConnected, Incarnation: _connectedTo));
        }

        foreach (PathAgreement path in _paths) path.OpenIfProven();
        if (_carrier.Data is not { } data || data.Id == _carriedLink) return;
        _carriedLink = data.Id;
        _context.Act(new(ConnectionActionKind.Carry, data.Id, _carrier.Index));
    }

    private void TellIfGone()
    {
        if (_connectedTo == 0 || Array.Exists(_paths, path => path.IsUsable) || _context.Links.Exists(link => link.HasCarried)) return;

        // After a goodbye the peer closes: that is how it should be, and no failure.
        LinkEnd end = _session.HasPeerLeft ? new LinkEnd(LinkEndReason.TearDown) : (_carrier ?? _lastCarrier)?.LastEnd ?? default;
        _context.Act(new(ConnectionActionKind.TellDisconnected, End: end, Incarnation: _connectedTo));
        _connectedTo = 0;
    }

    private void Apply(ConnectionTrigger trigger)
    {
        (ConnectionState State, ConnectionEffects Effects)? next = ConnectionMachine.Next(State, trigger);
        Invariant.Check(next is not null, "a connection's trigger fits its state");
        (State, ConnectionEffects effects) = next!.Value;
        if (ConnectionMachine.IsReason(State)) LastReason = State;
        if (effects.HasFlag(ConnectionEffects.SayGoodbye))
        {
            if (_session.TryQueueGoodbye()) _context.Act(new(ConnectionActionKind.Flush));
            else if (!_session.HasPeerLeft) Apply(ConnectionTrigger.Abort);

            // A peer that has said goodbye first closes its links when it hears that it was heard: not before it does, or it would wait in vain.
        }

        if (effects.HasFlag(ConnectionEffects.EndLinks)) _isStopped = true;
        if ((effects & (ConnectionEffects.EndLinks | ConnectionEffects.DropLinks)) != 0)
        {
            foreach (LinkState link in _context.Links.ToArray()) link.Path.Drop(link, new LinkEnd(LinkEndReason.Closed));
        }

        if (effects.HasFlag(ConnectionEffects.TellStopped))
        {
            _isStopped = true;
            _context.Act(new(ConnectionActionKind.TellStopped));
        }
    }

    private static ConnectionTrigger TriggerOf(in LinkEnd end) => end.Reason switch
    {
        LinkEndReason.Timeout => ConnectionTrigger.TimedOut,
        LinkEndReason.ProtocolError => ConnectionTrigger.ProtocolBroken,
        LinkEndReason.Refused when end.Refusal == RefusalCode.Disconnected => ConnectionTrigger.NetworkFailed,
        LinkEndReason.Withdrawn => ConnectionTrigger.NotAuthentic,
        LinkEndReason.Refused when end.Refusal == RefusalCode.KeyWithdrawn || RefusalCodes.IsFailedProof(end.Refusal) => ConnectionTrigger.NotAuthentic,
        LinkEndReason.Refused when !RefusalCodes.IsTransient(end.Refusal) => ConnectionTrigger.ProtocolBroken,
        LinkEndReason.NetworkFailure or LinkEndReason.Refused => ConnectionTrigger.NetworkFailed,
        LinkEndReason.TearDown => ConnectionTrigger.PeerLeft,
        _ => ConnectionTrigger.Broke,
    };

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
