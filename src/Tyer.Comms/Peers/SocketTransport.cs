using System.Net.Sockets;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Peers;

/// <summary>Links over sockets: a thread accepts, each link has a thread that dials and reads, one more lets time pass.</summary>
internal sealed class SocketTransport : ILinkTransport
{
    private readonly Listener _listener;
    private readonly DomainTimer _timer = new();
    private readonly CertificateStore? _certificates;
    private CommsDomain? _domain;

    /// <summary>Listens, so that the endpoint is taken, and answers nobody yet.</summary>
    /// <exception cref="CommsException">It cannot listen there.</exception>
    public SocketTransport(CommsDomainOptions options)
    {
        _certificates = options.Security.Certificates;
        _listener = new Listener(options.Listen, options.SocketMode, OnAccepted);
    }

    /// <inheritdoc/>
    public CommsEndpoint Endpoint => _listener.Endpoint;

    /// <inheritdoc/>
    public long AcceptFailures => _listener.Failures;

    /// <inheritdoc/>
    public TimeSpan Now => CommsClock.Now;

    /// <inheritdoc/>
    public SegmentPool Segments { get; } = new();

    /// <inheritdoc/>
    public void Start(CommsDomain domain)
    {
        _domain = domain;
        _timer.Start(domain);
        _listener.Start();
    }

    /// <inheritdoc/>
    public void Dial(PeerLink link, PeerAddress to)
    {
        if (!CommsThread.TryStart($"tyer peer {to.Name}", () => DialAndRead(link, to.Endpoint)))
            link.NotConnected(fault: null);
    }

    /// <inheritdoc/>
    public void WakeForAcknowledgement() => _timer.WakeForAcknowledgement();

    /// <inheritdoc/>
    public void WakeAt(TimeSpan time) => _timer.WakeAt(time);

    /// <inheritdoc/>
    public void StopListening() => _listener.Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        _timer.Dispose();
    }

    private void DialAndRead(PeerLink link, CommsEndpoint to)
    {
        Socket socket;
        SocketLink? plain;
        try
        {
            socket = Dialer.Connect(to, CommsLimits.ConnectTimeout);
            plain = _certificates is null ? NewLink(socket) : null;
        }
        catch (Exception e) when (e is CommsException or SocketException)
        {
            link.NotConnected(e);
            return;
        }

        if (plain is null)
        {
            AgreeAndRead(link, socket, _certificates!);
            return;
        }

        link.Connected(plain);
        plain.Read(link);
    }

    private static void AgreeAndRead(PeerLink link, Socket socket, CertificateStore certificates)
    {
        RefusalCode code;
        TlsLink? agreed;
        try
        {
            code = TlsLink.Dialled(
                socket, certificates, static _ => RefusalCode.None, CommsLimits.HandshakeBodyBytesMax, CommsLimits.PeerReceiveBytesMin, out agreed);
        }
        catch (CommsException e)
        {
            link.NotConnected(e);
            return;
        }

        if (agreed is null)
        {
            link.NotAgreed(code);
            return;
        }

        link.Connected(agreed);
        agreed.Read(link);
    }

    private void OnAccepted(Socket socket)
    {
        RefusalCode code = _domain!.Accept(_certificates is null ? NewLink(socket) : NewTlsLink(socket, _certificates));
        if (code == RefusalCode.None) return;
        if (_certificates is null) Turn(socket, code);
        else socket.Dispose();
    }

    private static TlsLink NewTlsLink(Socket socket, CertificateStore certificates) => new(
        socket, new TlsSession(socket, certificates, HandshakeRole.Responder), ReadModel.Thread, CommsLimits.HandshakeBodyBytesMax, CommsLimits.PeerReceiveBytesMin);

    /// <summary>Says why, and closes: the words fit a fresh socket's buffer.</summary>
    private static void Turn(Socket socket, RefusalCode code)
    {
        using (socket)
        {
            Span<byte> frame = stackalloc byte[FrameHeader.Bytes + Refusal.Bytes];
            socket.Send(frame[..Refusal.WriteFrame(frame, code)], SocketFlags.None, out _);
        }
    }

    private static SocketLink NewLink(Socket socket) =>
        new(socket, ReadModel.Thread, CommsLimits.HandshakeBodyBytesMax, CommsLimits.PeerReceiveBytesMin);
}
