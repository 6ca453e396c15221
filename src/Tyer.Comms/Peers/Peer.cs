using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Sending;
using Tyer.Comms.Sessions;

namespace Tyer.Comms.Peers;

/// <summary>Another node, and what this one has to say to it, over whichever path is up.</summary>
public sealed class Peer
{
    private readonly CommsDomain _domain;
    private readonly PeerAddress _address;
    private readonly PeerSession _session;
    private readonly LaneSource _source;
    private readonly CombiningWriter _writer;
    private readonly PeerShell _shell;
    private readonly SendTurns _turns = new();
    private readonly Lock _receiveGate = new();
    private bool _isBroken;

    internal Peer(CommsDomain domain, PeerAddress address, PeerSession? session = null)
    {
        _domain = domain;
        _address = address;
        _session = session ?? new PeerSession(domain.Transport.Segments, domain.Options.PeerQueueBytesMax, CommsLimits.PeerQueueMessagesMax);
        _source = new LaneSource(_session);
        _writer = new CombiningWriter(_source, hasThread: true);
        _shell = new PeerShell(this, domain, address, _session, _writer);
    }

    /// <summary>Its id.</summary>
    public uint NodeId => _address.NodeId;

    /// <summary>Its name as configured.</summary>
    public string Name => _address.Name;

    /// <summary>Where the connection stands.</summary>
    public ConnectionState State => _shell.State;

    /// <summary>Why the last connection, or the last attempt, was over; <see cref="ConnectionState.StandAlone"/> if none was.</summary>
    public ConnectionState LastReason => _shell.LastReason;

    /// <summary>The incarnation that messages go to; 0 if none is known yet.</summary>
    public ulong Incarnation
    {
        get
        {
            lock (_session.Gate) return _session.PeerIncarnation;
        }
    }

    /// <summary>How the last link to it ended, or the last attempt to connect one: the answer to "why is it not connected".</summary>
    public LinkEnd LastEnd => _shell.LastEnd;

    /// <summary>Its paths: those that are configured, and those by which it came.</summary>
    public IReadOnlyList<PathStatus> Paths => _shell.Paths;

    /// <summary>Which of its paths carries what this node sends to it: what was chosen for it, or else what holds for all.</summary>
    public PathPolicy PathPolicy => _shell.PathPolicy;

    /// <summary>What has passed between the nodes.</summary>
    public PeerStatistics Statistics
    {
        get
        {
            lock (_session.Gate)
            {
                return new PeerStatistics
                {
                    Connections = _shell.Connections,
                    Resets = _shell.Resets,
                    Duplicates = _session.Duplicates,
                    ResentBytes = _source.ResentBytes,
                    UnacknowledgedMessages = _session.UnacknowledgedMessages,
                    UnacknowledgedBytes = _session.UnacknowledgedBytes,
                    Sent = _writer.Statistics,
                };
            }
        }
    }

    /// <summary>What was said to it and by it; to be carried on by another when this one has stopped.</summary>
    internal PeerSession Session => _session;

    /// <summary>Ends when the connection has stopped and no link is left.</summary>
    internal Task Stopped => _shell.Stopped;

    /// <summary>Sends a message, or queues it until there is a connection; never blocks. As <see cref="TryAppend"/> and <see cref="Flush"/>.</summary>
    /// <inheritdoc cref="TryAppend"/>
    public SendResult TrySend(ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation = 0, SendTraits traits = SendTraits.None)
    {
        SendResult result;
        bool isFlusher;
        lock (_session.Gate)
        {
            result = Append(binding, view, body, toIncarnation, traits);
            isFlusher = _writer.TryBecomeFlusher();
        }

        if (isFlusher) _writer.Flush();
        return result;
    }

    /// <summary>
    /// Sends a message as <see cref="TrySend"/> does, and waits for room where there is none: for who has much to say and may wait. Who waits
    /// is served in the order of coming, after which the order of delivery is that of acceptance. Not from within a handler or observer, whose
    /// waiting would hold up what makes room.
    /// </summary>
    /// <param name="binding">The service that it is meant for.</param>
    /// <param name="view">The membership view to stamp on it.</param>
    /// <param name="body">What it says, at most <see cref="CommsLimits.PeerBodyBytesMax"/> bytes; copied before this completes.</param>
    /// <param name="toIncarnation">The incarnation that it is meant for; see <see cref="TryAppend"/>.</param>
    /// <param name="traits">How it is sent.</param>
    /// <param name="cancellationToken">Ends the waiting; then nothing was sent.</param>
    /// <returns>Accepted; or closed, also when the connection has stopped for good while it waited.</returns>
    /// <exception cref="ArgumentException">The body is too long.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<SendResult> SendAsync(
        ushort binding, uint view, ReadOnlyMemory<byte> body, ulong toIncarnation = 0, SendTraits traits = SendTraits.None, CancellationToken cancellationToken = default)
    {
        await _turns.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            SendResult result = TrySend(binding, view, body.Span, toIncarnation, traits);
            while (result == SendResult.WouldBlock)
            {
                Task room = _turns.NextRoom();
                if (Stopped.IsCompleted) return SendResult.Closed;
                result = TrySend(binding, view, body.Span, toIncarnation, traits);
                if (result == SendResult.WouldBlock) await room.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            return result;
        }
        finally
        {
            _turns.Leave();
        }
    }

    /// <summary>
    /// Queues a message; <see cref="Flush"/> sends it, or the next flush of anybody. The order of appending is the order of delivery, so a
    /// caller that decides under a lock of its own appends under it and flushes after leaving it.
    /// </summary>
    /// <param name="binding">The service that it is meant for.</param>
    /// <param name="view">The membership view to stamp on it.</param>
    /// <param name="body">What it says, at most <see cref="CommsLimits.PeerBodyBytesMax"/> bytes; copied before this returns.</param>
    /// <param name="toIncarnation">
    /// The incarnation that it is meant for, so that it never reaches another: <see cref="SendResult.Closed"/> when that one is gone; kept
    /// until it comes when only an older one has been heard of. 0 for whichever is there.
    /// </param>
    /// <param name="traits">How it is sent.</param>
    /// <exception cref="ArgumentException">The body is too long.</exception>
    public SendResult TryAppend(ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation = 0, SendTraits traits = SendTraits.None)
    {
        lock (_session.Gate) return Append(binding, view, body, toIncarnation, traits);
    }

    /// <summary>
    /// Stays away from the peer until <see cref="Connect"/>: ends all links, dials none and refuses the peer's. The session is kept, and what
    /// is sent is queued for it. Nothing happens where that holds already.
    /// </summary>
    /// <exception cref="CommsException">Membership has cut the peer off: there is nothing to disconnect.</exception>
    public void Disconnect()
    {
        ThrowIfFenced("disconnected from");
        Post(new ConnectionEvent(ConnectionEventKind.StandDown));
    }

    /// <summary>Tries to reach the peer again after <see cref="Disconnect"/>. Nothing happens where it is tried already.</summary>
    /// <exception cref="CommsException">Membership has cut the peer off: it has to come back in a new life.</exception>
    public void Connect()
    {
        ThrowIfFenced("connected to");
        Post(new ConnectionEvent(ConnectionEventKind.Start));
    }

    /// <summary>Sends what is queued, unless an open batch will do so when it ends.</summary>
    public void Flush()
    {
        bool isFlusher;
        lock (_session.Gate) isFlusher = _writer.TryBecomeFlusher();
        if (isFlusher) _writer.Flush();
    }

    /// <summary>Holds back what is sent to this peer until the scope is disposed of.</summary>
    public BatchScope Batch() => new(_writer);

    /// <summary>
    /// Cuts off all incarnations up to one: their links end, what is queued for them is dropped, and their hellos are refused. Messages
    /// that are being delivered at this moment are delivered to their end.
    /// </summary>
    public void Fence(ulong incarnation) => Post(new ConnectionEvent(ConnectionEventKind.Fence, Incarnation: incarnation));

    /// <summary>Another way to the peer, to be kept up from now on.</summary>
    /// <param name="path">Its place among the paths, 0 to 7: the same at both nodes.</param>
    /// <param name="endpoint">Where the peer listens on it.</param>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.PathExists"/>: that place is taken.</exception>
    public void AddPath(int path, CommsEndpoint endpoint) => _shell.AddPath(path, endpoint);

    /// <summary>Uses a way to the peer no more, and refuses the peer's attempts on it; what it carries moves to another first.</summary>
    /// <param name="path">Its place among the paths.</param>
    /// <exception cref="CommsException">
    /// <see cref="CommsErrorCode.PathMissing"/>: there is none at that place. <see cref="CommsErrorCode.LastPath"/>: it is the only one.
    /// </exception>
    public void RemovePath(int path) => _shell.RemovePath(path);

    /// <summary>Chooses which of its paths is to carry from now on; null: as <see cref="NetOptions.PathPolicy"/> says for all.</summary>
    public void Choose(PathPolicy? policy)
    {
        if (policy is { } own && !Enum.IsDefined(own)) throw new ArgumentOutOfRangeException(nameof(policy), policy, "There is no such policy.");
        _shell.Choose(policy);
    }

    /// <summary>
    /// Measures now how long a ping takes there and back on a path: so many in a row, each answered or given up after
    /// <see cref="CommsLimits.ProbeTimeout"/> before the next is sent. Also those that do not carry; nothing is sent where it stands not.
    /// </summary>
    /// <param name="path">Its place among the paths, 0 to 7.</param>
    /// <param name="count">How many pings, 1 to <see cref="CommsLimits.ProbePingsMax"/>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<PathProbe> ProbeAsync(int path, int count, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(path);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(path, CommsLimits.PathsPerPeerMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, CommsLimits.ProbePingsMax);
        return _shell.ProbeAsync(path, count, cancellationToken);
    }

    /// <summary>Hands an event over; it is handled before this returns, or by who is handling events now.</summary>
    internal void Post(in ConnectionEvent e) => _shell.Post(e);

    /// <summary>Hands an event over and waits until it is handled.</summary>
    internal void PostAndWait(in ConnectionEvent e) => _shell.PostAndWait(e);

    /// <summary>Brings a link that a peer has dialled: its hello is good, and proved if it has to be.</summary>
    /// <param name="link">The link.</param>
    /// <param name="hello">What the peer has said on it.</param>
    /// <param name="isAnswered">Whether this side has said its hello already.</param>
    internal void Accept(PeerLink link, Hello hello, bool isAnswered) => _shell.Accept(link, hello, isAnswered);

    /// <summary>What this node believes has changed: ends the links whose proof is not believed any more.</summary>
    internal void JudgeAgain() => _shell.JudgeAgain();

    /// <summary>A stamp for a hello to this peer.</summary>
    internal ulong TakeStamp() => _shell.TakeStamp();

    /// <summary>Something has come over a link.</summary>
    internal void Heard(int path) => _shell.Path(path).Heard(_domain.Transport.Now);

    /// <summary>A pong has come over a control link.</summary>
    internal void OnPong(PeerLink link, ulong number)
    {
        if (_shell.Path(link.Path).Pong(link, number, _domain.Transport.Now))
            Post(new ConnectionEvent(ConnectionEventKind.Proven, link.Id));
        else
            _domain.Transport.BeatAt(_shell.Path(link.Path).NextPing);
    }

    /// <summary>A sequenced frame has come over an open link. Two links may bring some at the same time, when one takes over from another.</summary>
    internal FrameError Receive(in MessageView frame)
    {
        lock (_receiveGate)
        {
            if (_isBroken) return FrameError.KindNotAllowed;
            ReceiveLane lane = _session.Receives[frame.Lane];
            switch (lane.Receive(frame))
            {
                case ReceiveVerdict.Gap:
                    return FrameError.SequenceGap;

                case ReceiveVerdict.Overrun:
                    return FrameError.CreditOverrun;

                case ReceiveVerdict.TooLong:
                    return FrameError.BodyTooLong;

                case ReceiveVerdict.Deliver when frame.Kind == FrameKind.Goodbye:
                    lock (_session.Gate) _session.GoodbyeHeard(frame.Lane);
                    return FrameError.None;

                case ReceiveVerdict.Deliver:
                    // If the handler throws, whoever else brings something must not deliver what follows.
                    _isBroken = true;
                    _domain.Handler.OnMessage(this, frame.Binding, frame.View, lane.Whole(frame));
                    lane.ReleaseParts();
                    _isBroken = false;
                    return FrameError.None;

                default:
                    return FrameError.None;
            }
        }
    }

    /// <summary>An acknowledgement has come over an open link.</summary>
    internal FrameError Acknowledge(in Acknowledgement acknowledgement)
    {
        bool hasRoom;
        bool isGoodbyeAcknowledged;
        bool isFlusher;
        lock (_session.Gate)
        {
            if (!_session.TryAcknowledge(acknowledgement)) return FrameError.AckBeyondSent;
            hasRoom = _session.TakeRoom();
            isGoodbyeAcknowledged = _session.IsGoodbyeAcknowledged;

            // What waited for credit goes on; and what need not be sent again is let go of.
            isFlusher = _writer.TryBecomeFlusher();
        }

        if (isFlusher) _writer.Flush();
        if (hasRoom)
        {
            WakeSender();
            _domain.Observer.OnSendable(this);
        }

        if (isGoodbyeAcknowledged) Post(new ConnectionEvent(ConnectionEventKind.GoodbyeAcknowledged));
        return FrameError.None;
    }

    /// <summary>An open link has delivered all of one read; what was sent in between goes out after this.</summary>
    internal void EndBatch()
    {
        lock (_receiveGate) _domain.Handler.OnBatchEnd(this);
        bool isOwed;
        bool isDue = false;
        lock (_session.Gate)
        {
            // Even where something is being sent: the flush under way may have begun before this was received, and may be the last for long.
            isOwed = _session.IsAcknowledgeOwed;
            if (isOwed && !_source.HasWork)
            {
                foreach (ReceiveLane lane in _session.Receives) isDue |= lane.IsDue;
            }
        }

        if (isDue) _shell.SendAcknowledgements();
        else if (isOwed) _domain.Transport.WakeForAcknowledgement();
    }

    /// <summary>There may be room for who waits to send, or it is certain that there never will be.</summary>
    internal void WakeSender() => _turns.Wake();

    /// <summary>Time has passed: sends acknowledgements that found nothing to ride on, and lets the connection's delays run out.</summary>
    /// <param name="now">The time.</param>
    /// <param name="next">Lowered to when this is needed again.</param>
    /// <returns>Whether an acknowledgement was sent.</returns>
    internal bool Tick(TimeSpan now, ref TimeSpan next) => _shell.Tick(now, ref next);

    /// <summary>Pings what is due, and sees who has been silent for too long; never waits.</summary>
    internal void Beat(TimeSpan now, TimeSpan lateness, ref TimeSpan next) => _shell.Beat(now, lateness, ref next);

    private void ThrowIfFenced(string what)
    {
        if (State == ConnectionState.Fenced)
            throw new CommsException(CommsErrorCode.Fenced, $"{Name} cannot be {what}: membership has cut it off until it comes back in a new life.");
    }

    private SendResult Append(ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation, SendTraits traits)
    {
        if (body.Length > CommsLimits.PeerBodyBytesMax)
            throw new ArgumentException($"The body has {body.Length} bytes; the limit is {CommsLimits.PeerBodyBytesMax}.", nameof(body));

        int lane = (traits & SendTraits.Bulk) != 0 ? Lanes.Bulk : Lanes.Lock;
        return _session.TrySend(lane, binding, view, body, toIncarnation, (traits & SendTraits.Reply) != 0);
    }
}
