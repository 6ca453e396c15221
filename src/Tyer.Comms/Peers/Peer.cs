using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Peers;

/// <summary>
/// Another node, and what this one has to say to it. The threads and sockets around the session and the connection, which decide: events
/// are handled one at a time, by whoever brings one while nobody else is at it.
/// </summary>
public sealed class Peer
{
    private readonly CommsDomain _domain;
    private readonly PeerAddress _address;
    private readonly SendQueue _queue;
    private readonly PeerSession _session;
    private readonly PeerConnection _connection;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Written with the queue's gate held.
    private CombiningWriter? _writer;
    private long _writerLink;
    private LinkEnd _lastEnd;
    private TimeSpan _nextTick;
    private long _connections;
    private long _resets;

    // The mailbox: one event at a time.
    private readonly Lock _mailboxGate = new();
    private readonly Queue<(ConnectionEvent Event, ManualResetEventSlim? Handled)> _mailbox = new();
    private bool _isHandling;

    // Touched by whoever handles an event, and by who brings a link.
    private readonly Dictionary<long, PeerLink> _links = [];
    private readonly List<ConnectionAction> _actions = [];

    internal Peer(CommsDomain domain, PeerAddress address, SegmentPool pool)
    {
        CommsDomainOptions options = domain.Options;
        _domain = domain;
        _address = address;
        _queue = new SendQueue(pool, options.PeerQueueBytesMax, keepsUntilReleased: true);
        _session = new PeerSession(_queue, CommsLimits.PeerQueueMessagesMax);
        ulong seed = (options.Local.Incarnation << 20) ^ (options.Local.NodeId << 10) ^ address.NodeId;
        _connection = new PeerConnection(options.Local.NodeId, address.NodeId, _session, seed);
        _nextTick = TimeSpan.MaxValue;
    }

    /// <summary>Its id.</summary>
    public uint NodeId => _address.NodeId;

    /// <summary>Its name as configured.</summary>
    public string Name => _address.Name;

    /// <summary>Where the connection stands.</summary>
    public ConnectionState State
    {
        get
        {
            lock (_queue.Gate) return _connection.State;
        }
    }

    /// <summary>The incarnation that messages go to; 0 if none is known yet.</summary>
    public ulong Incarnation
    {
        get
        {
            lock (_queue.Gate) return _session.PeerIncarnation;
        }
    }

    /// <summary>How the last link to it ended, or the last attempt to connect one: the answer to "why is it not connected".</summary>
    public LinkEnd LastEnd
    {
        get
        {
            lock (_queue.Gate) return _lastEnd;
        }
    }

    /// <summary>What has passed between the nodes.</summary>
    public PeerStatistics Statistics
    {
        get
        {
            lock (_queue.Gate)
            {
                return new PeerStatistics
                {
                    Connections = _connections,
                    Resets = _resets,
                    Duplicates = _session.Duplicates,
                    ResentBytes = _session.ResentBytes,
                    UnacknowledgedMessages = _session.UnacknowledgedMessages,
                    UnacknowledgedBytes = _queue.HeldBytes,
                    Link = _writer?.Statistics ?? default,
                };
            }
        }
    }

    internal PeerAddress Address => _address;

    /// <summary>Ends when the connection has stopped and no link is left.</summary>
    internal Task Stopped => _stopped.Task;

    /// <summary>Sends a message, or queues it until there is a connection; never blocks. As <see cref="TryAppend"/> and <see cref="Flush"/>.</summary>
    /// <inheritdoc cref="TryAppend"/>
    public SendResult TrySend(ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation = 0)
    {
        CombiningWriter? flusher;
        SendResult result;
        lock (_queue.Gate)
        {
            result = Append(binding, view, body, toIncarnation);
            flusher = TakeFlusher();
        }

        flusher?.Flush();
        return result;
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
    /// <exception cref="ArgumentException">The body is too long.</exception>
    public SendResult TryAppend(ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation = 0)
    {
        lock (_queue.Gate) return Append(binding, view, body, toIncarnation);
    }

    /// <summary>Sends what is queued, unless an open batch will do so when it ends.</summary>
    public void Flush()
    {
        CombiningWriter? flusher;
        lock (_queue.Gate) flusher = TakeFlusher();
        flusher?.Flush();
    }

    /// <summary>Holds back what is sent on the present link until the scope is disposed of.</summary>
    public BatchScope Batch()
    {
        CombiningWriter? writer;
        lock (_queue.Gate) writer = _writer;
        return new BatchScope(writer);
    }

    /// <summary>
    /// Cuts off all incarnations up to one: their links end, what is queued for them is dropped, and their hellos are refused. Messages
    /// that are being delivered at this moment are delivered to their end.
    /// </summary>
    public void Fence(ulong incarnation) => Post(new ConnectionEvent(ConnectionEventKind.Fence, Incarnation: incarnation));

    /// <summary>Hands an event over; it is handled before this returns, or by who is handling events now.</summary>
    internal void Post(in ConnectionEvent e) => Post(e, handled: null);

    /// <summary>Hands an event over and waits until it is handled: for readers, who must not deliver what follows before.</summary>
    internal void PostAndWait(in ConnectionEvent e)
    {
        using var handled = new ManualResetEventSlim();
        Post(e, handled);
        handled.Wait();
    }

    /// <summary>Brings a link that a peer has dialled: its hello is good.</summary>
    internal void Accept(PeerLink link, Hello hello, bool isAnswered)
    {
        lock (_mailboxGate) _links.Add(link.Id, link);
        PostAndWait(new ConnectionEvent(ConnectionEventKind.Hello, link.Id, Hello: hello, IsAnswered: isAnswered));
    }

    /// <summary>A stamp for a hello to this peer.</summary>
    internal ulong TakeStamp()
    {
        lock (_queue.Gate) return _connection.TakeStamp();
    }

    /// <summary>A sequenced frame has come over the open link.</summary>
    internal FrameError Receive(in MessageView frame)
    {
        switch (_session.Receive(frame))
        {
            case ReceiveVerdict.Gap:
                return FrameError.SequenceGap;

            case ReceiveVerdict.Deliver when frame.Kind == FrameKind.Message:
                _domain.Handler.OnMessage(this, frame.Binding, frame.View, frame.Body);
                return FrameError.None;

            case ReceiveVerdict.Deliver:
                lock (_queue.Gate) _session.PeerLeft();
                return FrameError.None;

            default:
                return FrameError.None;
        }
    }

    /// <summary>An acknowledgement has come over the open link.</summary>
    internal FrameError Acknowledge(in MessageView frame)
    {
        bool hasRoom;
        bool isGoodbyeAcknowledged;
        lock (_queue.Gate)
        {
            if (!_session.TryAcknowledge(frame.Sequence)) return FrameError.AckBeyondSent;
            hasRoom = _session.TakeRoom();
            isGoodbyeAcknowledged = _session.IsGoodbyeAcknowledged;
        }

        if (hasRoom) _domain.Observer.OnSendable(this);
        if (isGoodbyeAcknowledged) Post(new ConnectionEvent(ConnectionEventKind.GoodbyeAcknowledged));
        return FrameError.None;
    }

    /// <summary>The open link has delivered all of one read; what was sent in between goes out after this.</summary>
    internal void EndBatch()
    {
        _domain.Handler.OnBatchEnd(this);
        bool isOwed;
        lock (_queue.Gate)
        {
            _session.EndBatch();
            isOwed = _session.IsAcknowledgeOwed && _queue.PendingBytes == 0;
        }

        if (isOwed) _domain.Transport.WakeForAcknowledgement();
    }

    /// <summary>Time has passed: sends an acknowledgement that found nothing to ride on, and lets the connection's delays run out.</summary>
    /// <param name="now">The time.</param>
    /// <param name="next">Lowered to when this is needed again.</param>
    /// <returns>Whether an acknowledgement was sent.</returns>
    internal bool Tick(TimeSpan now, ref TimeSpan next)
    {
        bool isOwed;
        bool isDue;
        CombiningWriter? flusher = null;
        lock (_queue.Gate)
        {
            isOwed = _writer is not null && _session.IsAcknowledgeOwed;
            if (isOwed)
            {
                _session.DemandAcknowledge();
                flusher = TakeFlusher();
            }

            // Once for each deadline, even if the event has to wait for who is handling others.
            isDue = now >= _nextTick;
            if (isDue) _nextTick = TimeSpan.MaxValue;
        }

        flusher?.Flush();
        if (isDue) Post(new ConnectionEvent(ConnectionEventKind.Tick));
        lock (_queue.Gate)
        {
            if (_nextTick < next) next = _nextTick;
        }

        return isOwed;
    }

    private SendResult Append(ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation)
    {
        if (body.Length > CommsLimits.PeerBodyBytesMax)
            throw new ArgumentException($"The body has {body.Length} bytes; the limit is {CommsLimits.PeerBodyBytesMax}.", nameof(body));

        return _session.TrySend(binding, view, body, toIncarnation);
    }

    private CombiningWriter? TakeFlusher() => _writer is { } writer && writer.TryBecomeFlusher() ? writer : null;

    private void Post(in ConnectionEvent e, ManualResetEventSlim? handled)
    {
        lock (_mailboxGate)
        {
            _mailbox.Enqueue((e, handled));
            if (_isHandling) return;
            _isHandling = true;
        }

        while (true)
        {
            (ConnectionEvent Event, ManualResetEventSlim? Handled) mail;
            lock (_mailboxGate)
            {
                if (!_mailbox.TryDequeue(out mail))
                {
                    _isHandling = false;
                    return;
                }
            }

            Handle(mail.Event);
            mail.Handled?.Set();
        }
    }

    private void Handle(in ConnectionEvent e)
    {
        TimeSpan next;
        lock (_queue.Gate)
        {
            if (e.Kind == ConnectionEventKind.LinkEnded)
            {
                // A broken handler is the last end that matters: whatever the peer tries later is only refused.
                if (_lastEnd.Reason != LinkEndReason.HandlerFailed) _lastEnd = e.End;
                if (e.Link == _writerLink) _writer = null;
            }

            _connection.Handle(e, _domain.Transport.Now, _actions);
            next = _nextTick = _connection.NextTick;
        }

        if (e.Kind == ConnectionEventKind.LinkEnded)
        {
            lock (_mailboxGate) _links.Remove(e.Link);
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
                lock (_queue.Gate) _lastEnd = new LinkEnd(LinkEndReason.HandlerFailed, Fault: fault);
                Post(new ConnectionEvent(ConnectionEventKind.Abort));
            }
        }

        _actions.Clear();
        _domain.Transport.WakeAt(next);
    }

    private void Execute(in ConnectionAction action)
    {
        PeerLink? link;
        lock (_mailboxGate) _links.TryGetValue(action.Link, out link);
        switch (action.Kind)
        {
            case ConnectionActionKind.Dial:
                Dial(action.Link);
                break;

            case ConnectionActionKind.SendHello:
                link!.SayHello(new Hello(_domain.Options.Local, NodeId, action.Stamp));
                break;

            case ConnectionActionKind.SendReady:
                Span<byte> ready = stackalloc byte[Ready.FrameBytes];
                new Ready(action.Stamp, action.ReceiveNext).WriteFrame(ready);
                link!.SendNow(ready);
                break;

            case ConnectionActionKind.Refuse:
                link!.Refuse(action.Refusal);
                break;

            case ConnectionActionKind.End:
                link!.End(action.End);
                break;

            case ConnectionActionKind.Open:
                Interlocked.Increment(ref _connections);
                _domain.Observer.OnConnected(this, action.Incarnation);
                link!.IsOpen = true;
                break;

            case ConnectionActionKind.Attach:
                Attach(link!);
                break;

            case ConnectionActionKind.Flush:
                Flush();
                break;

            case ConnectionActionKind.TellDisconnected:
                _domain.Observer.OnDisconnected(this, action.Incarnation, action.End);
                break;

            case ConnectionActionKind.TellReset:
                Interlocked.Increment(ref _resets);
                _domain.Observer.OnSessionReset(this, action.OldIncarnation, action.Incarnation);
                break;

            case ConnectionActionKind.TellRefused:
                _domain.Observer.OnRefused(new RefusedHello(action.Refusal, NodeId, Name, action.IsByPeer));
                break;

            case ConnectionActionKind.TellStopped:
                _stopped.TrySetResult();
                break;
        }
    }

    private void Dial(long id)
    {
        var link = new PeerLink(_domain, id, this);
        lock (_mailboxGate) _links.Add(id, link);
        _domain.Transport.Dial(link, _address);
    }

    private void Attach(PeerLink link)
    {
        CombiningWriter? flusher;
        lock (_queue.Gate)
        {
            _writer = link.Attach(_queue, _session);
            _writerLink = link.Id;
            flusher = TakeFlusher();
        }

        flusher?.Flush();
    }
}
