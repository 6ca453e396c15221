using System.Net.Sockets;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Peers;

/// <summary>
/// This node among its peers: listens, dials, and keeps one session with each. Messages may be queued for a peer as soon as the domain
/// exists; connections begin with <see cref="Start"/>.
/// </summary>
public sealed class CommsDomain : IDisposable
{
    private readonly SegmentPool _pool = new();
    private readonly Dictionary<uint, Peer> _peers = [];
    private readonly Listener _listener;

    private readonly Lock _gate = new();
    private readonly HashSet<PeerLink> _strangers = [];
    private long _linkIds;
    private long _refused;
    private bool _isClosed;

    /// <summary>Listens, so that the endpoint is taken, and answers nobody yet.</summary>
    /// <param name="options">Who, where, and with whom.</param>
    /// <param name="handler">Who handles messages.</param>
    /// <param name="observer">Who hears how connections stand.</param>
    /// <exception cref="ArgumentException">An id, a name or an incarnation is out of range, or two peers have one id.</exception>
    /// <exception cref="CommsException">It cannot listen there.</exception>
    public CommsDomain(CommsDomainOptions options, IMessageHandler handler, IPeerObserver observer)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(observer);
        options.Local.ThrowIfInvalid();

        Options = options;
        Handler = handler;
        Observer = observer;
        Timer = new DomainTimer(this);
        foreach (PeerAddress address in options.Peers)
        {
            (options.Local with { NodeId = address.NodeId, Name = address.Name }).ThrowIfInvalid();
            if (address.NodeId == options.Local.NodeId || !_peers.TryAdd(address.NodeId, new Peer(this, address, _pool)))
                throw new ArgumentException($"Node id {address.NodeId} is given to two nodes.", nameof(options));
        }

        _listener = new Listener(options.Listen, options.SocketMode, OnAccepted);
    }

    /// <summary>Where it listens, with the port that the system chose.</summary>
    public CommsEndpoint Endpoint => _listener.Endpoint;

    /// <summary>Everybody else, by node id.</summary>
    public IReadOnlyDictionary<uint, Peer> Peers => _peers;

    /// <summary>Connections refused before it was known which peer they came from, ever.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Times that the system had no socket to give, ever.</summary>
    public long AcceptFailures => _listener.Failures;

    internal CommsDomainOptions Options { get; }

    internal IMessageHandler Handler { get; }

    internal IPeerObserver Observer { get; }

    internal DomainTimer Timer { get; }

    /// <summary>Segments of its send queues in use.</summary>
    internal int RentedSegments => _pool.Rented;

    /// <summary>Begins to accept and to dial. Once.</summary>
    /// <exception cref="CommsException">The system has no thread to give.</exception>
    public void Start()
    {
        Timer.Start();
        _listener.Start();
        foreach (Peer peer in _peers.Values) peer.Post(new ConnectionEvent(ConnectionEventKind.Start));
    }

    /// <summary>
    /// Leaves cleanly: what was accepted for sending is delivered to every peer that is connected, each is told goodbye, and then all ends.
    /// Takes <see cref="CommsLimits.GoodbyeTimeout"/> at most. Not from within a handler or observer.
    /// </summary>
    public async Task StopAsync()
    {
        foreach (Peer peer in _peers.Values) peer.Post(new ConnectionEvent(ConnectionEventKind.Stop));
        await Task.WhenAll(_peers.Values.Select(peer => peer.Stopped)).ConfigureAwait(false);
        Dispose();
    }

    /// <summary>Ends everything at once, as if the process had died: peers notice a broken link, and what they have not received is lost.</summary>
    public void Dispose()
    {
        PeerLink[] strangers;
        lock (_gate)
        {
            if (_isClosed) return;
            _isClosed = true;
            strangers = [.. _strangers];
        }

        _listener.Dispose();
        foreach (PeerLink stranger in strangers) stranger.Refuse(RefusalCode.ShuttingDown);
        foreach (Peer peer in _peers.Values) peer.Post(new ConnectionEvent(ConnectionEventKind.Abort));
        Timer.Dispose();
    }

    internal Peer? Find(uint nodeId) => _peers.GetValueOrDefault(nodeId);

    /// <summary>A stranger, or one who claims to be a peer, is not let in.</summary>
    internal void StrangerRefused(PeerLink link, RefusalCode code, Hello? hello)
    {
        Interlocked.Increment(ref _refused);
        StrangerGone(link);
        Observer.OnRefused(new RefusedHello(code, hello?.Sender.NodeId ?? 0, hello?.Sender.Name ?? "", IsByPeer: false));
    }

    /// <summary>A link is no stranger's any more, one way or the other.</summary>
    internal void StrangerGone(PeerLink link)
    {
        lock (_gate) _strangers.Remove(link);
    }

    /// <summary>Lets time pass; the timer's thread only.</summary>
    internal bool Tick(TimeSpan now, out TimeSpan next)
    {
        next = TimeSpan.MaxValue;
        bool isOwed = false;
        foreach (Peer peer in _peers.Values) isOwed |= peer.Tick(now, ref next);

        List<PeerLink>? overdue = null;
        lock (_gate)
        {
            foreach (PeerLink stranger in _strangers)
            {
                if (stranger.HelloDeadline <= now) (overdue ??= []).Add(stranger);
                else if (stranger.HelloDeadline < next) next = stranger.HelloDeadline;
            }
        }

        foreach (PeerLink stranger in overdue ?? [])
        {
            StrangerRefused(stranger, RefusalCode.HelloTimeout, hello: null);
            stranger.Refuse(RefusalCode.HelloTimeout);
        }

        return isOwed;
    }

    private void OnAccepted(Socket socket)
    {
        PeerLink link;
        lock (_gate)
        {
            if (_isClosed || _strangers.Count >= CommsLimits.StrangersMax)
            {
                Interlocked.Increment(ref _refused);
                Turn(socket, _isClosed ? RefusalCode.ShuttingDown : RefusalCode.TooManyStrangers);
                return;
            }

            link = new PeerLink(this, ++_linkIds, socket, CommsClock.Now + Options.HelloBudget);
            _strangers.Add(link);
        }

        Timer.WakeAt(link.HelloDeadline);
        link.Start();
    }

    /// <summary>Says why, and closes: the words fit a fresh socket's buffer.</summary>
    private static void Turn(Socket socket, RefusalCode code)
    {
        using (socket)
        {
            Span<byte> frame = stackalloc byte[FrameHeader.Bytes + Refusal.Bytes];
            socket.Send(frame[..Refusal.WriteFrame(frame, code)], SocketFlags.None, out _);
        }
    }
}
