using System.Net.Sockets;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Peers;

/// <summary>
/// Links over sockets: a thread accepts at each endpoint, each link has a thread that dials and reads; one more lets time pass, and one beats.
/// </summary>
internal sealed class SocketTransport : ILinkTransport
{
    private readonly List<Listener> _listeners = [];
    private readonly DomainTimer _timer = new();
    private readonly HeartbeatThread _heart = new();
    private readonly CertificateStore? _certificates;
    private CommsDomain? _domain;

    /// <summary>Listens, so that the endpoints are taken, and answers nobody yet.</summary>
    /// <exception cref="CommsException">It cannot listen there.</exception>
    public SocketTransport(CommsDomainOptions options)
    {
        _certificates = options.Security.Certificates;
        try
        {
            foreach (CommsEndpoint endpoint in options.Listen) _listeners.Add(new Listener(endpoint, options.SocketMode, OnAccepted));
        }
        catch
        {
            StopListening();
            throw;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<CommsEndpoint> Endpoints => [.. _listeners.Select(listener => listener.Endpoint)];

    /// <inheritdoc/>
    public long AcceptFailures => _listeners.Sum(listener => listener.Failures);

    /// <inheritdoc/>
    public TimeSpan Now => CommsClock.Now;

    /// <inheritdoc/>
    public SegmentPool Segments { get; } = new();

    /// <inheritdoc/>
    public void Start(CommsDomain domain)
    {
        _domain = domain;
        _timer.Start(domain);
        _heart.Start(domain);
        foreach (Listener listener in _listeners) listener.Start();
    }

    /// <inheritdoc/>
    public void Dial(PeerLink link, CommsEndpoint to)
    {
        if (!CommsThread.TryStart($"tyer peer {link.Peer!.Name}", () => DialAndRead(link, to)))
            link.NotConnected(fault: null);
    }

    /// <inheritdoc/>
    public void WakeForAcknowledgement() => _timer.WakeForAcknowledgement();

    /// <inheritdoc/>
    public void WakeAt(TimeSpan time) => _timer.WakeAt(time);

    /// <inheritdoc/>
    public void BeatAt(TimeSpan time) => _heart.BeatAt(time);

    /// <inheritdoc/>
    public void StopListening()
    {
        foreach (Listener listener in _listeners) listener.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        StopListening();
        _timer.Dispose();
        _heart.Dispose();
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
