using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Sending;
using Tyer.Comms.Sessions;

namespace Tyer.Comms.Peers;

/// <summary>
/// The threads and links around a connection, which decides: hands it what happens, one event at a time, and does what it wants done.
/// </summary>
internal sealed class PeerShell
{
    private readonly Peer _peer;
    private readonly CommsDomain _domain;
    private readonly PeerSession _session;
    private readonly CombiningWriter _writer;
    private readonly PeerConnection _connection;
    private readonly PeerMailbox _mailbox;
    private readonly PeerPath[] _paths = new PeerPath[CommsLimits.PathsPerPeerMax];
    private readonly CommsEndpoint?[] _endpoints = new CommsEndpoint?[CommsLimits.PathsPerPeerMax];
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Written with the session's gate held.
    private LinkEnd _lastEnd;
    private TimeSpan _nextTick = TimeSpan.MaxValue;

    // Touched by whoever handles an event, and by who brings a link.
    private readonly Lock _linksGate = new();
    private readonly Dictionary<long, PeerLink> _links = [];
    private readonly List<ConnectionAction> _actions = [];
    private long _connections;
    private long _resets;
    private volatile PeerPath? _carrier;

    // The heartbeat's.
    private readonly StallWatch _stall = new();
    private volatile bool _isStalled;
    private volatile bool _hasOverdue;
    private readonly QueueWatch _queues = new();
    private TimeSpan _lookAt;
    private volatile int _relief = -1;

    public PeerShell(Peer peer, CommsDomain domain, PeerAddress address, PeerSession session, CombiningWriter writer)
    {
        _peer = peer;
        _domain = domain;
        _session = session;
        _writer = writer;
        _mailbox = new PeerMailbox(Handle);
        NodeIdentity local = domain.Options.Local;
        ulong seed = (local.Incarnation << 20) ^ (local.NodeId << 10) ^ address.NodeId;
        _connection = new PeerConnection(local.NodeId, address.NodeId, session, address.Endpoints.Count, domain.Settings, seed);
        for (int index = 0; index < _paths.Length; index++)
        {
            _paths[index] = new PeerPath(domain.Settings);
            if (index < address.Endpoints.Count) _endpoints[index] = address.Endpoints[index];
        }
    }

    /// <summary>Where the connection stands.</summary>
    public ConnectionState State
    {
        get
        {
            lock (_session.Gate) return _connection.State;
        }
    }

    /// <summary>Why the last connection or attempt was over.</summary>
    public ConnectionState LastReason
    {
        get
        {
            lock (_session.Gate) return _connection.LastReason;
        }
    }

    /// <inheritdoc cref="Peer.PathPolicy"/>
    public PathPolicy PathPolicy
    {
        get
        {
            lock (_session.Gate) return _connection.Policy;
        }
    }

    /// <summary>How the last link ended.</summary>
    public LinkEnd LastEnd
    {
        get
        {
            lock (_session.Gate) return _lastEnd;
        }
    }

    /// <summary>The paths that are configured or in use.</summary>
    public IReadOnlyList<PathStatus> Paths
    {
        get
        {
            List<PathStatus> paths = [];
            lock (_session.Gate)
            {
                for (int index = 0; index < _paths.Length; index++)
                {
                    PathState state = _connection.StateOf(index);
                    if (_endpoints[index] is null && state is PathState.Down or PathState.Removing) continue;
                    paths.Add(new PathStatus(index, _endpoints[index], state, _paths[index].RoundTrip, index == _connection.Carrier)
                    {
                        ProvenBy = _paths[index].Control?.Credential?.ToString(),
                        QueuedBytes = PendingBytesOf(index),
                        LastEnd = _connection.EndOf(index),
                    });
                }
            }

            return paths;
        }
    }

    /// <summary>Links that carried messages, ever.</summary>
    public long Connections => Volatile.Read(ref _connections);

    /// <summary>Sessions that ended because the peer started again, ever.</summary>
    public long Resets => Volatile.Read(ref _resets);

    /// <summary>Ends when the connection has stopped and no link is left.</summary>
    public Task Stopped => _stopped.Task;

    /// <summary>What is measured on a path.</summary>
    public PeerPath Path(int index) => _paths[index];

    public void Post(in ConnectionEvent e) => _mailbox.Post(e);

    public void PostAndWait(in ConnectionEvent e) => _mailbox.PostAndWait(e);

    /// <summary>Brings a link that the peer has dialled.</summary>
    public void Accept(PeerLink link, Hello hello, bool isAnswered)
    {
        lock (_linksGate) _links.Add(link.Id, link);
        PostAndWait(new ConnectionEvent(ConnectionEventKind.Hello, link.Id, Hello: hello, IsAnswered: isAnswered));
    }

    /// <inheritdoc cref="Peer.JudgeAgain"/>
    public void JudgeAgain()
    {
        // All are judged before the first one ends, which lets the other side end the rest; and control links end first, with a word about why.
        PeerLink[] links;
        lock (_linksGate) links = [.. _links.Values.OrderBy(link => link.Stream)];
        RefusalCode[] codes = Array.ConvertAll(links, link => link.JudgeAgain());
        for (int i = 0; i < links.Length; i++)
        {
            if (codes[i] != RefusalCode.None) links[i].Withdraw(codes[i]);
        }
    }

    /// <inheritdoc cref="Peer.TakeStamp"/>
    public ulong TakeStamp()
    {
        lock (_session.Gate) return _connection.TakeStamp();
    }

    public void AddPath(int path, CommsEndpoint endpoint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(path);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(path, CommsLimits.PathsPerPeerMax);
        ArgumentNullException.ThrowIfNull(endpoint);
        lock (_session.Gate)
        {
            if (_endpoints[path] is { } present)
                throw new CommsException(CommsErrorCode.PathExists, $"Path {path} to {_peer.Name} is there already: it leads to '{present}'.");
            _endpoints[path] = endpoint;
        }

        Post(new ConnectionEvent(ConnectionEventKind.AddPath, Path: path));
    }

    public void RemovePath(int path)
    {
        lock (_session.Gate)
        {
            if (path < 0 || path >= _endpoints.Length || _endpoints[path] is null)
                throw new CommsException(CommsErrorCode.PathMissing, $"There is no path {path} to {_peer.Name}.");
            if (_endpoints.Count(endpoint => endpoint is not null) == 1)
                throw new CommsException(CommsErrorCode.LastPath, $"Path {path} is the only one to {_peer.Name}: add another first.");
            _endpoints[path] = null;
        }

        Post(new ConnectionEvent(ConnectionEventKind.RemovePath, Path: path));
    }

    /// <inheritdoc cref="Peer.ProbeAsync"/>
    public async Task<PathProbe> ProbeAsync(int path, int count, CancellationToken cancellationToken)
    {
        List<TimeSpan> trips = [];
        int sent = 0;
        while (sent < count && _paths[path].BeginProbe(_domain.Transport.Now, out ulong number, out Task<TimeSpan> trip) is { } control)
        {
            sent++;
            control.SendControl(new FrameHeader(0, FrameKind.Ping, Binding: 0, number, View: 0), default);
            try
            {
                trips.Add(await trip.WaitAsync(CommsLimits.ProbeTimeout, cancellationToken).ConfigureAwait(false));
            }
            catch (TimeoutException)
            {
                // Counted as lost.
            }
            finally
            {
                _paths[path].EndProbe(number);
            }
        }

        trips.Sort();
        lock (_session.Gate) return new PathProbe(path, _connection.StateOf(path), sent, trips, _connection.EndOf(path));
    }

    /// <inheritdoc cref="Peer.Choose"/>
    public void Choose(PathPolicy? policy)
    {
        lock (_session.Gate) _connection.OwnPolicy = policy;
        Post(new ConnectionEvent(ConnectionEventKind.Tick));
    }

    /// <summary>Says on a control link what has been received.</summary>
    public void SendAcknowledgements()
    {
        if (_carrier?.Control is not { } control) return;

        Span<Acknowledgement> owed = stackalloc Acknowledgement[Lanes.Count];
        int count = 0;
        lock (_session.Gate)
        {
            foreach (ReceiveLane lane in _session.Receives)
            {
                if (lane.IsOwed) owed[count++] = lane.Acknowledge();
            }
        }

        Span<byte> body = stackalloc byte[Acknowledgement.BodyBytes];
        foreach (Acknowledgement acknowledgement in owed[..count])
        {
            acknowledgement.WriteBody(body);
            control.SendControl(acknowledgement.Header, body);
        }
    }

    /// <inheritdoc cref="Peer.Tick"/>
    public bool Tick(TimeSpan now, ref TimeSpan next)
    {
        bool isOwed;
        bool isDue;
        lock (_session.Gate)
        {
            isOwed = _carrier is not null && _session.IsAcknowledgeOwed;

            // Once for each deadline, even if the event has to wait for who is handling others.
            isDue = now >= _nextTick;
            if (isDue) _nextTick = TimeSpan.MaxValue;
        }

        if (isOwed) SendAcknowledgements();
        if (_hasOverdue) PostOverdue();
        if (_relief is >= 0 and var relief)
        {
            _relief = -1;
            Post(new ConnectionEvent(ConnectionEventKind.Relieve, Path: relief));
        }

        if (_isStalled)
        {
            _isStalled = false;
            Post(new ConnectionEvent(ConnectionEventKind.Stalled));
        }

        if (isDue) Post(new ConnectionEvent(ConnectionEventKind.Tick));
        lock (_session.Gate)
        {
            if (_nextTick < next) next = _nextTick;
        }

        return isOwed;
    }

    /// <inheritdoc cref="Peer.Beat"/>
    public void Beat(TimeSpan now, TimeSpan lateness, ref TimeSpan next)
    {
        bool isOverdue = false;
        foreach (PeerPath path in _paths)
        {
            if (path.Beat(now, lateness, ref next, out ulong number, ref isOverdue) is { } link)
                link.SendControl(new FrameHeader(0, FrameKind.Ping, Binding: 0, number, View: 0), default);
        }

        bool isStalled;
        lock (_session.Gate)
        {
            bool isOwed = _carrier is not null && _session.UnacknowledgedMessages > 0;
            isStalled = _stall.IsStalled(_session.Progress, isOwed, now, _domain.Net.StallTimeout, lateness);
        }

        int relief = LookAtQueues(now);
        if (relief >= 0) _relief = relief;
        if (isOverdue) _hasOverdue = true;
        if (isStalled) _isStalled = true;
        if (isOverdue || isStalled || relief >= 0) _domain.Transport.WakeAt(now);
    }

    /// <summary>Bytes that wait for the path that carries to take them. With the gate held.</summary>
    private long PendingBytes
    {
        get
        {
            long bytes = 0;
            foreach (SendLane lane in _session.Sends) bytes += lane.Queue.PendingBytes;
            return bytes;
        }
    }

    /// <summary>At each interval: the path that is to carry instead, because less waits on it; or -1.</summary>
    private int LookAtQueues(TimeSpan now)
    {
        if (now < _lookAt) return -1;
        _lookAt = now + _domain.Net.HeartbeatInterval;

        Span<long> queued = stackalloc long[CommsLimits.PathsPerPeerMax];
        lock (_session.Gate)
        {
            if (_connection.Policy != PathPolicy.LeastQueued) return -1;
            for (int index = 0; index < queued.Length; index++) queued[index] = _connection.StateOf(index) == PathState.Up ? PendingBytesOf(index) : -1;
            return _queues.Look(queued, _connection.Carrier, now, _domain.Net.FailbackDelay);
        }
    }

    /// <summary>Bytes that wait on a path: those that the system has, and on the one that carries those that it does not take. With the gate held.</summary>
    private long PendingBytesOf(int path) => (_paths[path].Data?.QueuedBytes ?? 0) + (path == _connection.Carrier ? PendingBytes : 0);

    private void PostOverdue()
    {
        _hasOverdue = false;
        foreach (PeerPath path in _paths)
        {
            if (path.TakeOverdue() is { } link) Post(new ConnectionEvent(ConnectionEventKind.Overdue, link.Id));
        }
    }

    private void Handle(in ConnectionEvent e)
    {
        if (e.Kind == ConnectionEventKind.LinkEnded)
        {
            PeerLink? ended;
            lock (_linksGate) _links.Remove(e.Link, out ended);
            if (ended is not null && _paths[ended.Path].Control == ended) _paths[ended.Path].Control = null;
            if (ended is not null && _paths[ended.Path].Data == ended) _paths[ended.Path].Data = null;
        }

        TimeSpan next;
        lock (_session.Gate)
        {
            // A broken handler is the last end that matters: whatever the peer tries later is only refused.
            if (e.Kind == ConnectionEventKind.LinkEnded && _lastEnd.Reason != LinkEndReason.HandlerFailed) _lastEnd = e.End;
            _connection.Handle(e, _domain.Transport.Now, _actions);
            next = _nextTick = _connection.NextTick;
            _carrier = _connection.Carrier < 0 ? null : _paths[_connection.Carrier];
        }

        foreach (ConnectionAction action in _actions)
        {
            try
            {
                Execute(action);
            }
            catch (Exception fault)
            {
                // An observer threw: what it missed cannot be told again, so the connection stops, as after a handler that threw.
                lock (_session.Gate) _lastEnd = new LinkEnd(LinkEndReason.HandlerFailed, Fault: fault);
                Post(new ConnectionEvent(ConnectionEventKind.Abort));
            }
        }

        // A new life of the peer has empty queues, and one that is cut off takes nothing.
        _peer.WakeSender();
        _actions.Clear();
        _domain.Transport.WakeAt(next);
    }

    private void Execute(in ConnectionAction action)
    {
        PeerLink? link;
        lock (_linksGate) _links.TryGetValue(action.Link, out link);
        switch (action.Kind)
        {
            case ConnectionActionKind.Dial:
                Dial(action);
                break;

            case ConnectionActionKind.SendHello:
                link!.AnswerBy(_writer);
                link.SayHello(new Hello(_domain.Options.Local, _peer.NodeId, action.Stamp, (byte)action.Path, action.Stream, action.Attempt));
                break;

            case ConnectionActionKind.SendReady:
                link!.AnswerBy(_writer);
                SendReady(link, action.Stamp);
                break;

            case ConnectionActionKind.Refuse:
                link!.Refuse(action.Refusal);
                break;

            case ConnectionActionKind.End:
                link!.End(action.End);
                break;

            case ConnectionActionKind.OpenControl:
                link!.OpenControl();
                _paths[action.Path].Control = link;
                break;

            case ConnectionActionKind.Watch:
                _paths[action.Path].Watch(link!, _domain.Transport.Now);
                _domain.Transport.BeatAt(_domain.Transport.Now);
                break;

            case ConnectionActionKind.Unwatch:
                Unwatch(_paths[action.Path]);
                break;

            case ConnectionActionKind.Open:
                link!.OpenData();
                _paths[action.Path].Data = link;
                break;

            case ConnectionActionKind.Carry:
                Interlocked.Increment(ref _connections);
                if (link!.Carry(_writer, _session.Gate)) _writer.Flush();
                break;

            case ConnectionActionKind.Flush:
                _peer.Flush();
                break;

            default:
                Tell(action);
                break;
        }
    }

    private void Tell(in ConnectionAction action)
    {
        switch (action.Kind)
        {
            case ConnectionActionKind.TellConnected:
                _domain.Observer.OnConnected(_peer, action.Incarnation);
                break;

            case ConnectionActionKind.TellDisconnected:
                _domain.Observer.OnDisconnected(_peer, action.Incarnation, action.End);
                break;

            case ConnectionActionKind.TellReset:
                Interlocked.Increment(ref _resets);
                _domain.Observer.OnSessionReset(_peer, action.OldIncarnation, action.Incarnation);
                break;

            case ConnectionActionKind.TellRefused:
                _domain.Observer.OnRefused(new RefusedHello(action.Refusal, _peer.NodeId, _peer.Name, action.IsByPeer));
                break;

            case ConnectionActionKind.TellPath:
                _domain.Observer.OnPathChanged(_peer, new PathChange(action.Path, action.OldState, action.NewState, action.End));
                break;

            case ConnectionActionKind.TellStalled:
                _domain.Observer.OnStalled(_peer, _domain.Net.StallTimeout);
                break;

            case ConnectionActionKind.TellStopped:
                _writer.Close();
                _stopped.TrySetResult();
                _peer.WakeSender();
                break;
        }
    }

    private void Dial(in ConnectionAction action)
    {
        var link = new PeerLink(_domain, action.Link, _peer, action.Path, action.Stream);
        lock (_linksGate) _links.Add(action.Link, link);
        CommsEndpoint? endpoint;
        lock (_session.Gate) endpoint = _endpoints[action.Path];
        if (endpoint is null) link.NotConnected(fault: null);
        else _domain.Transport.Dial(link, endpoint);
    }

    private void SendReady(PeerLink link, ulong stamp)
    {
        Span<LaneMark> marks = stackalloc LaneMark[Lanes.Count];
        lock (_session.Gate) _session.Mark(marks);
        Span<byte> ready = stackalloc byte[Ready.FrameBytes];
        new Ready(stamp, marks[Lanes.Lock], marks[Lanes.Bulk]).WriteFrame(ready);
        link.SendNow(ready);
    }

    /// <summary>What was acknowledged over a path that is gone may not have come: the next acknowledgement says it again.</summary>
    private void Unwatch(PeerPath path)
    {
        path.Unwatch(_domain.Transport.Now);
        lock (_session.Gate)
        {
            foreach (ReceiveLane lane in _session.Receives) lane.Demand();
        }

        _domain.Transport.WakeForAcknowledgement();
    }
}
