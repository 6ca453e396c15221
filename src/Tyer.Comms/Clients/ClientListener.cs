using System.Net;
using System.Net.Sockets;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Clients;

/// <summary>Accepts clients on one endpoint, and sees to it that none stays without having been admitted.</summary>
public sealed class ClientListener : IDisposable
{
    private readonly ClientListenerOptions _options;
    private readonly IClientAcceptor _acceptor;
    private readonly SegmentPool _pool = new();
    private readonly Listener _listener;
    private readonly Timer _sweep;
    private readonly nint _descriptorMax = LibC.GetDescriptorsMax() - CommsLimits.DescriptorsReserved;

    private readonly Doorkeeper _door = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<ClientLink, ReadModel> _clients = [];
    private readonly HashSet<ClientLink> _unadmitted = [];
    private int _threaded;
    private bool _isClosed;
    private TimeSpan _judgeAt;
    private ClientListenerStatistics _statistics;

    /// <summary>Listens and accepts until disposed of.</summary>
    /// <exception cref="CommsException">It cannot or may not listen there: <see cref="CommsErrorCode.InsecureEndpoint"/>, <see cref="CommsErrorCode.LocalEndpointInUse"/> and others.</exception>
    public ClientListener(ClientListenerOptions options, IClientAcceptor acceptor)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(acceptor);
        if (options.Certificates is null)
            options.Endpoint.ThrowUnlessLocal(CommsEndpoint.CertificateRemedy);
        _options = options;
        _acceptor = acceptor;
        _listener = new Listener(options.Endpoint, options.SocketMode, OnAccepted);
        TimeSpan interval = options.HelloBudget / 8;
        _sweep = new Timer(_ => Sweep(), state: null, interval, interval);
        if (options.Certificates is not null)
        {
            _judgeAt = CommsClock.Now + CommsLimits.CertificateCheckInterval;
            options.Certificates.Reloaded += JudgeAgain;
        }

        _listener.Start();
    }

    /// <summary>Where it listens, with the port that the system chose.</summary>
    public CommsEndpoint Endpoint => _listener.Endpoint;

    /// <summary>How many there are, and how many were not let in.</summary>
    public ClientListenerStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return _statistics with
                {
                    Connected = _clients.Count,
                    Unadmitted = _unadmitted.Count,
                    Threaded = _threaded,
                    AcceptFailures = _listener.Failures,
                };
            }
        }
    }

    /// <summary>Segments of its send queues in use; 0 when every queue is empty.</summary>
    internal int RentedSegments => _pool.Rented;

    /// <summary>Stops accepting and refuses everybody with <see cref="RefusalCode.ShuttingDown"/>; their receivers hear of it.</summary>
    public void Dispose()
    {
        ClientLink[] clients;
        lock (_gate)
        {
            if (_isClosed) return;
            _isClosed = true;
            clients = [.. _clients.Keys];
        }

        if (_options.Certificates is not null) _options.Certificates.Reloaded -= JudgeAgain;
        _listener.Dispose();
        _sweep.Dispose();
        foreach (ClientLink client in clients) client.Refuse(RefusalCode.ShuttingDown);
    }

    internal void Admitted(ClientLink client)
    {
        lock (_gate) _unadmitted.Remove(client);
    }

    internal void Ended(ClientLink client, in LinkEnd end)
    {
        bool isRefused = end.Reason == LinkEndReason.Refused && RefusalCodes.IsFailedProof(end.Refusal);
        if (isRefused) _door.OnRefused(end.Refusal, client.RemoteAddress, whence: "", CommsClock.Now, out _);
        lock (_gate)
        {
            if (isRefused) _statistics.Refused++;
            _unadmitted.Remove(client);
            if (_clients.Remove(client, out ReadModel model) && model == ReadModel.Thread) _threaded--;
        }
    }

    private void OnAccepted(Socket socket)
    {
        if (_door.IsShut((socket.RemoteEndPoint as IPEndPoint)?.Address, CommsClock.Now))
        {
            lock (_gate) _statistics.Refused++;
            socket.Dispose();
            return;
        }

        ClientLink? client = Register(socket, out ClientLink? crowdedOut);
        crowdedOut?.Refuse(RefusalCode.TooManyStrangers);
        if (client is null) return;

        ILinkReceiver receiver = _acceptor.OnAccepted(client);
        client.Start(receiver);
    }

    /// <summary>
    /// Gives a new connection its place. Where there is none, the one that has been silent for longest loses its own: an honest client says
    /// who it is at once, so those who only open connections crowd out each other, and not it.
    /// </summary>
    private ClientLink? Register(Socket socket, out ClientLink? crowdedOut)
    {
        lock (_gate)
        {
            // The system gives out the lowest number that is free: a high one says how many are in use, whoever uses them.
            bool lacksDescriptors = socket.Handle >= _descriptorMax;
            crowdedOut = _isClosed || !(lacksDescriptors || _unadmitted.Count >= _options.UnadmittedMax) ? null
                : _unadmitted.MinBy(client => client.HelloDeadline);
            if (crowdedOut is not null)
            {
                _unadmitted.Remove(crowdedOut);
                _statistics.Refused++;
            }

            RefusalCode refusal = _isClosed ? RefusalCode.ShuttingDown
                : lacksDescriptors ? RefusalCode.TooManyStrangers
                : RefusalCode.None;
            if (refusal != RefusalCode.None)
            {
                _statistics.Refused++;
                if (_options.Certificates is null) Turn(socket, refusal);
                else socket.Dispose();
                return null;
            }

            ReadModel model = _threaded < _options.ThreadedMax ? ReadModel.Thread : ReadModel.Async;
            Link link = NewLink(socket, model);
            var client = new ClientLink(link, _pool, this) { HelloDeadline = CommsClock.Now + _options.HelloBudget };
            if (model == ReadModel.Thread) _threaded++;
            _clients.Add(client, model);
            _unadmitted.Add(client);
            _statistics.Accepted++;
            return client;
        }
    }

    private Link NewLink(Socket socket, ReadModel model)
    {
        if (_options.Certificates is not { } certificates || socket.AddressFamily == AddressFamily.Unix)
        {
            return new SocketLink(socket, model, CommsLimits.ClientBodyBytesMax, CommsLimits.ClientReceiveBytesMin)
            {
                QuietBytes = CommsLimits.ClientQueueBytesQuiet,
            };
        }

        var session = new TlsSession(socket, certificates, HandshakeRole.Responder);
        return new TlsLink(socket, session, model, CommsLimits.ClientBodyBytesMax, CommsLimits.ClientReceiveBytesMin)
        {
            QuietBytes = CommsLimits.ClientQueueBytesQuiet,
            Judge = identity => identity.ClientOf(certificates.Cluster) is null ? RefusalCode.CertificateMismatch : RefusalCode.None,
        };
    }

    /// <summary>Says why, and closes: the words fit a fresh socket's buffer.</summary>
    private static void Turn(Socket socket, RefusalCode code)
    {
        using (socket)
        {
            Span<byte> frame = stackalloc byte[Frames.FrameHeader.Bytes + Refusal.Bytes];
            socket.Send(frame[..Refusal.WriteFrame(frame, code)], SocketFlags.None, out _);
        }
    }

    private void Sweep()
    {
        RefuseOverdue();
        if (_options.Certificates is null || CommsClock.Now < _judgeAt) return;

        // Certificates expire without anybody saying so.
        _judgeAt = CommsClock.Now + CommsLimits.CertificateCheckInterval;
        JudgeAgain();
    }

    /// <summary>Ends the links of those whose certificate is not believed any more.</summary>
    private void JudgeAgain()
    {
        ClientLink[] clients;
        lock (_gate) clients = [.. _clients.Keys];
        foreach (ClientLink client in clients) client.JudgeAgain();
    }

    private void RefuseOverdue()
    {
        ClientLink[] overdue;
        lock (_gate)
        {
            TimeSpan now = CommsClock.Now;
            overdue = [.. _unadmitted.Where(client => client.HelloDeadline <= now)];
            _unadmitted.ExceptWith(overdue);
            _statistics.Refused += overdue.Length;
        }

        foreach (ClientLink client in overdue) client.Refuse(RefusalCode.HelloTimeout);
    }
}
