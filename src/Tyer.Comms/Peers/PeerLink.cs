using System.Net;
using System.Net.Sockets;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;
using Tyer.Comms.Sessions;

namespace Tyer.Comms.Peers;

/// <summary>A link to another node: dialled, or accepted from a stranger whose hello says which peer it is, and which path and stream the link is for.</summary>
internal sealed class PeerLink : IFrameReceiver
{
    private readonly CommsDomain _domain;
    private readonly Lock _gate = new();
    private Peer? _peer;
    private Link? _link;
    private LinkEnd? _endBeforeConnected;
    private QueueWriter? _control;
    private bool _hasDelivered;
    private volatile bool _isOpen;

    // Of the reader, but for the dialler's own hello, before anything is read.
    private LinkHandshake? _handshake;
    private Hello? _unproven;
    private bool _isKnown;
    private bool _isRefusedByPeer;
    private volatile Credential? _credential;

    /// <summary>A link that will be dialled.</summary>
    public PeerLink(CommsDomain domain, long id, Peer peer, int path, LinkStream stream)
    {
        _domain = domain;
        _peer = peer;
        Id = id;
        Path = path;
        Stream = stream;
    }

    /// <summary>A link that was accepted.</summary>
    public PeerLink(CommsDomain domain, long id, Link accepted, TimeSpan helloDeadline)
    {
        _domain = domain;
        _link = accepted;
        Id = id;
        HelloDeadline = helloDeadline;
    }

    /// <summary>Its name among the links of a peer.</summary>
    public long Id { get; }

    /// <summary>Which of the peer's paths it belongs to, once that is known.</summary>
    public int Path { get; private set; }

    /// <summary>What it is for, once that is known.</summary>
    public LinkStream Stream { get; private set; }

    /// <summary>Whom it is dialled to, or comes from; null while that is not known.</summary>
    public Peer? Peer => _peer;

    /// <summary>When it must have said hello, as long as it is a stranger's.</summary>
    public TimeSpan HelloDeadline { get; }

    /// <summary>The address at the other end; null over a Unix socket, and as long as there is no connection.</summary>
    public IPAddress? RemoteAddress => _link?.RemoteAddress;

    /// <summary>By what the other side has proved itself; null as long as it has not, and where it need not.</summary>
    public Credential? Credential => _credential;

    /// <summary>Bytes that were sent over it and have not got to the other side, as far as the system tells.</summary>
    public long QueuedBytes => _link?.QueuedBytes ?? 0;

    /// <summary>A dialled link is connected; what comes over it may be delivered when this returns.</summary>
    public void Connected(Link link)
    {
        lock (_gate)
        {
            _link = link;
            if (_endBeforeConnected is { } end) link.End(end);
        }

        _peer!.PostAndWait(new ConnectionEvent(ConnectionEventKind.DialConnected, Id));
    }

    /// <summary>A link was dialled, and who is there is not whom it should be.</summary>
    public void NotAgreed(RefusalCode code)
    {
        _domain.StrangerRefused(this, code, hello: null);
        _peer!.Post(new ConnectionEvent(ConnectionEventKind.LinkEnded, Id, End: new LinkEnd(LinkEndReason.Refused, Refusal: code)));
    }

    /// <summary>A link could not be dialled.</summary>
    public void NotConnected(Exception? fault) =>
        _peer!.Post(new ConnectionEvent(ConnectionEventKind.LinkEnded, Id, End: new LinkEnd(LinkEndReason.NetworkFailure, Fault: fault)));

    /// <summary>Begins to read what a stranger says.</summary>
    public void Start() => _link!.Start(this);

    /// <summary>Says hello, with what the other side needs to know who this is.</summary>
    public void SayHello(Hello hello)
    {
        if (_link is not { } link) return;
        hello = hello with { Dialect = _domain.Options.Dialect };
        if (!_domain.IsSecured)
        {
            link.SendNow(hello.ToFrame());
            return;
        }

        _handshake ??= _domain.NewHandshake(HandshakeRole.Initiator);
        _handshake.SayHello(link, hello);
    }

    /// <summary>Sends a frame of the handshake.</summary>
    public void SendNow(ReadOnlySpan<byte> frame) => _link?.SendNow(frame);

    /// <summary>A control link is agreed on: pings and acknowledgements may pass.</summary>
    public void OpenControl()
    {
        var writer = new QueueWriter(new SendQueue(_domain.Transport.Segments, CommsLimits.ControlQueueBytesMax, keepsUntilReleased: false), hasThread: true);
        _control = writer;
        if (_link!.Prefer(_domain.Options.HeartbeatPriority) is var error && error != SocketError.Success) _domain.TellPriorityRefused(error);
        if (!_link.Attach(writer)) return;
        _isOpen = true;
    }

    /// <summary>Sends a frame of the control stream at once; one that finds no room is lost, as all of them may be.</summary>
    public void SendControl(in FrameHeader header, ReadOnlySpan<byte> body) => _control?.TrySendThroughBatch(header, body);

    /// <summary>If it is a data link, what comes over it will be answered by this writer.</summary>
    public void AnswerBy(CombiningWriter writer)
    {
        if (Stream == LinkStream.Data) _link?.AnswerBy(writer);
    }

    /// <summary>A data link is proven: messages may come.</summary>
    public void OpenData() => _isOpen = true;

    /// <summary>Sends by this writer over this link from now on, unless it has ended.</summary>
    /// <returns>Whether the caller has become the flusher.</returns>
    public bool Carry(CombiningWriter writer, Lock gate) => _link!.Carry(writer, gate);

    /// <summary>Says why, and ends the link.</summary>
    public void Refuse(RefusalCode code)
    {
        var end = new LinkEnd(LinkEndReason.Refused, Refusal: code);
        if (_link is not { } link || !link.Declare(end)) return;

        Span<byte> frame = stackalloc byte[FrameHeader.Bytes + Refusal.Bytes];
        link.SendNow(frame[..Refusal.WriteFrame(frame, code)]);
        link.End(end);
    }

    /// <summary>Ends the link, or the attempt to connect it.</summary>
    public void End(in LinkEnd end)
    {
        Link? link;
        lock (_gate)
        {
            link = _link;
            if (link is null) _endBeforeConnected ??= end;
        }

        link?.End(end);
    }

    /// <summary>
    /// Whether what the other side has proved itself by is still believed: why not, or none. If not, that is why the link ends, whoever is
    /// first to end it; <see cref="Withdraw"/> has to follow.
    /// </summary>
    public RefusalCode JudgeAgain()
    {
        RefusalCode code = _credential?.Judge() ?? RefusalCode.None;
        if (code != RefusalCode.None) _link!.Declare(new LinkEnd(LinkEndReason.Withdrawn, Refusal: code));
        return code;
    }

    /// <summary>Ends the link, since what the other side had proved itself by is not believed any more.</summary>
    public void Withdraw(RefusalCode code)
    {
        // The other side may have another proof, and is told that it needs one; between two messages nothing can be said.
        Span<byte> body = stackalloc byte[Refusal.Bytes];
        Refusal.WriteBody(body, code, detail: 0);
        SendControl(Refusal.Header, body);
        End(new LinkEnd(LinkEndReason.Withdrawn, Refusal: code));
    }

    /// <inheritdoc/>
    public FrameError OnFrame(in MessageView frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Message or FrameKind.Fragment or FrameKind.Goodbye when _isKnown && Stream == LinkStream.Data:
                return OnSequenced(frame);

            case FrameKind.Ack when _isKnown && TryOpen():
                return Acknowledgement.TryRead(frame, out Acknowledgement acknowledgement) ? _peer!.Acknowledge(acknowledgement) : FrameError.MalformedBody;

            case FrameKind.Ping when _isOpen && Stream == LinkStream.Control:
                SendControl(new FrameHeader(0, FrameKind.Pong, Binding: 0, frame.Sequence, View: 0), default);
                return frame.Body.IsEmpty ? FrameError.None : FrameError.MalformedBody;

            case FrameKind.Pong when _isOpen && Stream == LinkStream.Control:
                _peer!.OnPong(this, frame.Sequence);
                return frame.Body.IsEmpty ? FrameError.None : FrameError.MalformedBody;

            case FrameKind.Hello when !_isKnown && _unproven is null:
                return OnHello(frame.Body);

            case FrameKind.AuthProof when _unproven is { } hello && _handshake is { AwaitsProof: true } handshake:
                if (frame.Body.Length != AuthProof.Bytes) return FrameError.MalformedBody;
                _unproven = null;
                if (handshake.HearProof(_link!, frame.Body) is var code && code != RefusalCode.None) Refuse(code, hello);
                else LetIn(hello);
                return FrameError.None;

            case FrameKind.Ready when _isKnown:
                if (!Ready.TryRead(frame.Body, out Ready ready)) return FrameError.MalformedBody;
                _peer!.PostAndWait(new ConnectionEvent(ConnectionEventKind.Ready, Id, Ready: ready));
                return FrameError.None;

            case FrameKind.Refusal:
                if (!Refusal.TryRead(frame.Body, out RefusalCode said)) return FrameError.MalformedBody;
                _isRefusedByPeer = true;
                _peer?.PostAndWait(new ConnectionEvent(ConnectionEventKind.Refused, Id, Refusal: said));
                _link!.End(new LinkEnd(LinkEndReason.Refused, Refusal: said));
                return FrameError.None;

            default:
                return FrameError.KindNotAllowed;
        }
    }

    /// <inheritdoc/>
    public void OnBatchEnd()
    {
        if (_isKnown) _peer!.Heard(Path);
        if (!_hasDelivered) return;
        _hasDelivered = false;
        _peer!.EndBatch();
    }

    /// <inheritdoc/>
    public void OnMalformed(FrameError error)
    {
        // Once messages flow, nothing can be said between two of them from here; the other side sees the link end.
        if (_isOpen) return;

        // Counted before it is told, so that who has been told is counted.
        if (_peer is null) _domain.StrangerRefused(this, RefusalCode.MalformedFrame, hello: null);
        Span<byte> frame = stackalloc byte[FrameHeader.Bytes + Refusal.Bytes];
        _link!.SendNow(frame[..Refusal.WriteFrame(frame, RefusalCode.MalformedFrame, (ushort)error)]);
    }

    /// <inheritdoc/>
    public void OnSendable()
    {
        // Nobody is turned away by a link: the session's queue is freed by acknowledgements, and the peer tells of it.
    }

    /// <inheritdoc/>
    public void OnEnded(in LinkEnd end)
    {
        _control?.Close();
        _control?.Clear();
        if (_peer is { } peer) peer.Post(new ConnectionEvent(ConnectionEventKind.LinkEnded, Id, End: end));
        else if (!_isRefusedByPeer && RefusalCodes.IsOfTls(end.Refusal)) _domain.StrangerRefused(this, end.Refusal, hello: null);
        else _domain.StrangerGone(this);
    }

    private FrameError OnSequenced(in MessageView frame)
    {
        if (frame.Kind == FrameKind.Goodbye && !frame.Body.IsEmpty) return FrameError.MalformedBody;
        if (!TryOpen()) return FrameError.KindNotAllowed;
        _hasDelivered = true;
        return _peer!.Receive(frame);
    }

    /// <summary>On a data link that is not open yet, the peer has counted its pongs and sends: that the path is good is known to both now.</summary>
    private bool TryOpen()
    {
        if (!_isOpen && Stream == LinkStream.Data) _peer?.PostAndWait(new ConnectionEvent(ConnectionEventKind.Proven, Id));
        return _isOpen;
    }

    private FrameError OnHello(ReadOnlySpan<byte> body)
    {
        RefusalCode code = Hello.TryRead(body, out Hello? hello, _domain.Options.Dialect);
        if (code == RefusalCode.None) code = hello!.Judge(_domain.Options.Local, id => _peer is null ? _domain.Find(id) is not null : id == _peer.NodeId);
        if (code == RefusalCode.None && _peer is not null && (hello!.Path != Path || hello.Stream != Stream)) code = RefusalCode.MalformedHello;
        if (code == RefusalCode.None) code = _domain.IsSecured ? BeginProof(hello!, body) : Check(hello!);
        if (code != RefusalCode.None) Refuse(code, hello);
        else if (_unproven is null) LetIn(hello!);
        return FrameError.None;
    }

    /// <summary>Whether a hello that proves nothing by itself is enough: with TLS, if the certificate is that of its sender.</summary>
    private RefusalCode Check(Hello hello)
    {
        if (hello.Security is not null) return RefusalCode.SecurityMismatch;
        if (_domain.Options.Security.Mode != SecurityMode.Mtls) return RefusalCode.None;
        return _link!.Identity!.IsNode(hello.Sender.Cluster, hello.Sender.NodeId) ? RefusalCode.None : RefusalCode.CertificateMismatch;
    }

    /// <summary>A hello that is to be proved; who was dialled answers it, and proves first.</summary>
    private RefusalCode BeginProof(Hello hello, ReadOnlySpan<byte> body)
    {
        LinkHandshake handshake = _handshake ??= _domain.NewHandshake(HandshakeRole.Responder);
        RefusalCode code = handshake.HearHello(_link!, hello, body);
        if (code != RefusalCode.None) return code;

        _unproven = hello;
        if (_peer is null)
        {
            Hello answer = new(_domain.Options.Local, hello.Sender.NodeId, _domain.Find(hello.Sender.NodeId)!.TakeStamp(), hello.Path, hello.Stream) { Dialect = _domain.Options.Dialect };
            handshake.SayHello(_link!, answer);
        }

        return RefusalCode.None;
    }

    /// <summary>The other side is the peer that it says it is, as far as that is to be proved: from here on it is believed.</summary>
    private void LetIn(Hello hello)
    {
        _isKnown = true;
        _credential = _handshake is null ? _link!.Credential : _handshake.Credential;
        if (hello.Stream == LinkStream.Data) _link!.RaiseBodyMax(CommsLimits.PeerFrameBodyBytesMax);
        if (_peer is { } peer)
        {
            peer.PostAndWait(new ConnectionEvent(ConnectionEventKind.Hello, Id, Hello: hello));
        }
        else
        {
            Path = hello.Path;
            Stream = hello.Stream;
            _peer = _domain.Find(hello.Sender.NodeId)!;
            _domain.StrangerGone(this);
            _peer.Accept(this, hello, isAnswered: _handshake is not null);
        }

        // Whoever judges all links has found this one among its peer's, or this one finds what is believed since.
        if (JudgeAgain() is var code && code != RefusalCode.None) Withdraw(code);
    }

    private void Refuse(RefusalCode code, Hello? hello)
    {
        _domain.StrangerRefused(this, code, hello);
        Refuse(code);
    }
}
