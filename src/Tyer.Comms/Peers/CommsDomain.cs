using System.Net;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Security;

namespace Tyer.Comms.Peers;

/// <summary>
/// This node among its peers: listens, dials, and keeps one session with each. Messages may be queued for a peer as soon as the domain
/// exists; connections begin with <see cref="Start"/>.
/// </summary>
public sealed class CommsDomain : IDisposable
{
    private readonly Dictionary<uint, Peer> _peers = [];
    private readonly Peer[] _all;

    private readonly Lock _gate = new();
    private readonly Doorkeeper _door = new();

    // In the order in which they came.
    private readonly List<PeerLink> _strangers = [];
    private readonly int _strangersMax;
    private long _linkIds;
    private long _localStalls;
    private long _longestStallTicks;
    private bool _isClosed;

    /// <summary>Listens, so that the endpoint is taken, and answers nobody yet.</summary>
    /// <param name="options">Who, where, and with whom.</param>
    /// <param name="handler">Who handles messages.</param>
    /// <param name="observer">Who hears how connections stand.</param>
    /// <exception cref="ArgumentException">An id, a name or an incarnation is out of range, or two peers have one id.</exception>
    /// <exception cref="CommsException">It cannot listen there; or it may not without security.</exception>
    public CommsDomain(CommsDomainOptions options, IMessageHandler handler, IPeerObserver observer)
        : this(options, handler, observer, static options => new SocketTransport(options))
    {
    }

    /// <summary>The same over another transport, which is opened when the options are found to be good.</summary>
    internal CommsDomain(
        CommsDomainOptions options, IMessageHandler handler, IPeerObserver observer, Func<CommsDomainOptions, ILinkTransport> open)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(observer);
        options.Local.ThrowIfInvalid();
        options.Heartbeat.ThrowIfInvalid();
        if (options.Listen.Count is 0 or > CommsLimits.PathsPerPeerMax)
        {
            throw new ArgumentException(
                $"This node has {options.Listen.Count} addresses to listen at; it takes 1 to {CommsLimits.PathsPerPeerMax}.", nameof(options));
        }

        Options = options;
        Handler = handler;
        Observer = observer;
        foreach (CommsEndpoint endpoint in options.Listen) options.Security.ThrowIfInsecure(endpoint);
        options.Security.ThrowIfOthers(options.Local.Cluster, options.Local.NodeId);
        HashSet<uint> ids = [options.Local.NodeId];
        foreach (PeerAddress address in options.Peers)
        {
            (options.Local with { NodeId = address.NodeId, Name = address.Name }).ThrowIfInvalid();
            if (address.Endpoints.Count is 0 or > CommsLimits.PathsPerPeerMax)
            {
                throw new ArgumentException(
                    $"{address.Name} has {address.Endpoints.Count} addresses; it takes 1 to {CommsLimits.PathsPerPeerMax}.", nameof(options));
            }

            if (!ids.Add(address.NodeId))
                throw new ArgumentException($"Node id {address.NodeId} is given to two nodes.", nameof(options));
            foreach (CommsEndpoint endpoint in address.Endpoints) options.Security.ThrowIfInsecure(endpoint);
        }

        Transport = open(options);
        foreach (PeerAddress address in options.Peers) _peers.Add(address.NodeId, new Peer(this, address, Transport.Segments));
        _all = [.. _peers.Values];
        _strangersMax = CommsLimits.StrangersMax + (CommsLimits.LinksPerPeerMax * options.Peers.Sum(address => address.Endpoints.Count));
    }

    /// <summary>Where it listens, with the ports that the system chose.</summary>
    public IReadOnlyList<CommsEndpoint> Endpoints => Transport.Endpoints;

    /// <summary>Times that this process stood still for longer than a heartbeat's interval, ever: what was silent meanwhile was not held against peers.</summary>
    public long LocalStalls => Volatile.Read(ref _localStalls);

    /// <summary>The longest of them.</summary>
    public TimeSpan LongestLocalStall => TimeSpan.FromTicks(Volatile.Read(ref _longestStallTicks));

    /// <summary>Everybody else, by node id.</summary>
    public IReadOnlyDictionary<uint, Peer> Peers => _peers;

    /// <summary>Connections refused before it was known which peer they came from, ever.</summary>
    public long Refused => _door.Refused;

    /// <summary>The same, by reason.</summary>
    public IReadOnlyDictionary<RefusalCode, long> Refusals => _door.Refusals;

    /// <summary>Times that the system had no socket to give, ever.</summary>
    public long AcceptFailures => Transport.AcceptFailures;

    internal CommsDomainOptions Options { get; }

    internal IMessageHandler Handler { get; }

    internal IPeerObserver Observer { get; }

    internal ILinkTransport Transport { get; }

    /// <summary>Segments of its send queues in use.</summary>
    internal int RentedSegments => Transport.Segments.Rented;

    /// <summary>Begins to accept and to dial. Once.</summary>
    /// <exception cref="CommsException">The system has no thread to give.</exception>
    public void Start()
    {
        Transport.Start(this);
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

        Transport.StopListening();
        foreach (PeerLink stranger in strangers) stranger.Refuse(RefusalCode.ShuttingDown);
        foreach (Peer peer in _peers.Values) peer.Post(new ConnectionEvent(ConnectionEventKind.Abort));
        Transport.Dispose();
    }

    /// <summary>Whether peers have to prove who they are, before anything else is heard of them.</summary>
    internal bool IsSecured => Options.Security.Mode is SecurityMode.Psk or SecurityMode.PskSeal;

    internal LinkHandshake NewHandshake(HandshakeRole role) => new(role, Options.Security, Options.Local);

    internal Peer? Find(uint nodeId) => _peers.GetValueOrDefault(nodeId);

    /// <summary>A stranger, or one who claims to be a peer, is not let in.</summary>
    internal void StrangerRefused(PeerLink link, RefusalCode code, Hello? hello)
    {
        StrangerGone(link);
        TellRefused(code, link.Peer is null ? link.RemoteAddress : null, hello?.Sender.NodeId ?? link.Peer?.NodeId, hello?.Sender.Name ?? link.Peer?.Name);
    }

    /// <summary>A link is no stranger's any more, one way or the other.</summary>
    internal void StrangerGone(PeerLink link)
    {
        lock (_gate) _strangers.Remove(link);
    }

    /// <summary>Lets time pass; by the transport only, one at a time.</summary>
    internal bool Tick(TimeSpan now, out TimeSpan next)
    {
        next = TimeSpan.MaxValue;
        bool isOwed = false;
        foreach (Peer peer in _all) isOwed |= peer.Tick(now, ref next);

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

    /// <summary>Pings what is due; by the transport only, one at a time. It neither allocates nor waits for anybody.</summary>
    /// <param name="now">The time.</param>
    /// <param name="lateness">How much later than asked for it comes.</param>
    /// <param name="next">When it is needed next.</param>
    internal void Beat(TimeSpan now, TimeSpan lateness, out TimeSpan next)
    {
        if (lateness <= Options.Heartbeat.Interval) lateness = TimeSpan.Zero;
        if (lateness > TimeSpan.Zero)
        {
            Interlocked.Increment(ref _localStalls);
            if (lateness.Ticks > _longestStallTicks) Volatile.Write(ref _longestStallTicks, lateness.Ticks);
        }

        next = now + Options.Heartbeat.Interval;
        foreach (Peer peer in _all) peer.Beat(now, lateness, ref next);
    }

    /// <summary>Somebody has connected: its first words will say which peer it is.</summary>
    /// <returns>Why it is turned away, by whoever brought it; or none.</returns>
    internal RefusalCode Accept(Link accepted)
    {
        TimeSpan now = Transport.Now;
        if (_door.IsShut(accepted.RemoteAddress, now))
        {
            TellRefused(RefusalCode.TooManyFailures, accepted.RemoteAddress, node: null, name: null);
            return RefusalCode.TooManyFailures;
        }

        PeerLink link;
        PeerLink? crowdedOut;
        lock (_gate)
        {
            if (_isClosed) return RefusalCode.ShuttingDown;
            crowdedOut = _strangers.Count < _strangersMax ? null : MostCrowding();
            link = new PeerLink(this, ++_linkIds, accepted, now + Options.HelloBudget);
            _strangers.Add(link);
        }

        if (crowdedOut is not null)
        {
            StrangerRefused(crowdedOut, RefusalCode.TooManyStrangers, hello: null);
            crowdedOut.Refuse(RefusalCode.TooManyStrangers);
        }

        Transport.WakeAt(link.HelloDeadline);
        link.Start();
        return RefusalCode.None;
    }

    /// <summary>
    /// Of too many strangers, the one to go: the first come of those at the address that has most of them. Who is honest says who it is at once,
    /// so those who only open connections crowd out each other.
    /// </summary>
    private PeerLink MostCrowding() => _strangers.GroupBy(stranger => stranger.RemoteAddress).MaxBy(group => group.Count())!.First();

    private void TellRefused(RefusalCode code, IPAddress? address, uint? node, string? name)
    {
        if (!_door.OnRefused(code, address, address?.ToString() ?? name ?? "", Transport.Now, out long untold)) return;
        Observer.OnRefused(new RefusedHello(code, node ?? 0, name ?? "", IsByPeer: false) { Address = address, Untold = untold });
    }
}
