using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Security;
using Tyer.Comms.Sessions;

namespace Tyer.Comms.Peers;

/// <summary>
/// This node among its peers: listens, dials, and keeps one session with each. Messages may be queued for a peer as soon as the domain
/// exists; connections begin with <see cref="Start"/>.
/// </summary>
public sealed class CommsDomain : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Doorkeeper _door = new();
    private readonly BeatLog _beats = new();

    // In the order in which they came.
    private readonly List<PeerLink> _strangers = [];

    // Of peers that were forgotten, and may come back in the same life.
    private readonly Dictionary<uint, PeerSession> _forgotten = [];
    private long _linkIds;
    private long _localStalls;
    private long _longestStallTicks;
    private bool _isStarted;
    private int _isPriorityRefusalTold;
    private bool _isClosed;

    // Replaced as a whole under the gate.
    private volatile ImmutableSortedDictionary<uint, Peer> _peers = ImmutableSortedDictionary<uint, Peer>.Empty;
    private volatile Peer[] _all = [];
    private int _strangersMax = CommsLimits.StrangersMax;

    // The timer's.
    private TimeSpan _judgeAt = TimeSpan.MaxValue;

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
        options.Net.ThrowIfInvalid();
        options.HeartbeatPriority.ThrowIfInvalid();
        if (options.Listen.Count is 0 or > CommsLimits.PathsPerPeerMax)
        {
            throw new ArgumentException(
                $"This node has {options.Listen.Count} addresses to listen at; it takes 1 to {CommsLimits.PathsPerPeerMax}.", nameof(options));
        }

        Options = options;
        Settings = new NetSettings(options.Net);
        Handler = handler;
        Observer = observer;
        foreach (CommsEndpoint endpoint in options.Listen) options.Security.ThrowIfInsecure(endpoint);
        options.Security.ThrowIfOthers(options.Local.Cluster, options.Local.NodeId);
        HashSet<uint> ids = [options.Local.NodeId];
        foreach (PeerAddress address in options.Peers)
        {
            ThrowIfInvalid(address);
            if (!ids.Add(address.NodeId))
                throw new ArgumentException($"Node id {address.NodeId} is given to two nodes.", nameof(options));
        }

        Transport = open(options);
        foreach (PeerAddress address in options.Peers) Add(new Peer(this, address));
        if (options.Security.Mode != SecurityMode.None) options.Security.Reloaded += JudgeAgain;
        if (options.Security.Mode == SecurityMode.Mtls) _judgeAt = Transport.Now + CommsLimits.CertificateCheckInterval;
    }

    /// <summary>Where it listens, with the ports that the system chose.</summary>
    public IReadOnlyList<CommsEndpoint> Endpoints => Transport.Endpoints;

    /// <summary>Times that this process stood still for longer than a heartbeat's interval, ever: what was silent meanwhile was not held against peers.</summary>
    public long LocalStalls => Volatile.Read(ref _localStalls);

    /// <summary>The longest of them.</summary>
    public TimeSpan LongestLocalStall => TimeSpan.FromTicks(Volatile.Read(ref _longestStallTicks));

    /// <summary>By how much the latest heartbeats, at most 1024, left later than they were due, in no order.</summary>
    public IReadOnlyList<TimeSpan> HeartbeatDelays => _beats.ToArray();

    /// <summary>What may be changed while connections stand, as it is now; see <see cref="Change"/>.</summary>
    public NetOptions Net => Settings.Present;

    /// <summary>Everybody else, by node id.</summary>
    public IReadOnlyDictionary<uint, Peer> Peers => _peers;

    /// <summary>Connections refused before it was known which peer they came from, ever.</summary>
    public long Refused => _door.Refused;

    /// <summary>The same, by reason.</summary>
    public IReadOnlyDictionary<RefusalCode, long> Refusals => _door.Refusals;

    /// <summary>Times that the system had no socket to give, ever.</summary>
    public long AcceptFailures => Transport.AcceptFailures;

    internal CommsDomainOptions Options { get; }

    internal NetSettings Settings { get; }

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
        lock (_gate) _isStarted = true;
        foreach (Peer peer in _all) peer.Post(new ConnectionEvent(ConnectionEventKind.Start));
    }

    /// <summary>Changes the options of all connections, from now on, without interrupting any.</summary>
    /// <exception cref="CommsException">One is out of its range, or contradicts another; nothing is changed.</exception>
    public void Change(NetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.ThrowIfInvalid();
        Settings.Present = options;
        Transport.BeatAt(Transport.Now);
        foreach (Peer peer in _all) peer.Post(new ConnectionEvent(ConnectionEventKind.Tick));
    }

    /// <summary>Takes in another node: it is dialled, and its hellos are answered.</summary>
    /// <param name="address">Who and where.</param>
    /// <exception cref="ArgumentException">The id or the name is out of range.</exception>
    /// <exception cref="CommsException">It is this node, or there is one with that id; or an address needs security that this node does not have.</exception>
    public Peer AddPeer(PeerAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        ThrowIfInvalid(address);
        if (address.NodeId == Options.Local.NodeId)
            throw new CommsException(CommsErrorCode.PeerIsSelf, $"{address.Name} has the id {address.NodeId}, which is this node's own.");
        Peer peer;
        bool isStarted;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_peers.TryGetValue(address.NodeId, out Peer? present))
                throw new CommsException(CommsErrorCode.PeerExists, $"There is a peer with the id {address.NodeId} already: {present.Name}.");
            _forgotten.Remove(address.NodeId, out PeerSession? session);
            peer = new Peer(this, address, session);
            Add(peer);
            isStarted = _isStarted;
        }

        if (isStarted) peer.Post(new ConnectionEvent(ConnectionEventKind.Start));
        return peer;
    }

    /// <summary>
    /// Forgets another node: it is neither dialled nor answered. Only where what was said stands in the session is kept, with what is queued and
    /// not acknowledged: the other node may not have noticed anything, and when it is taken in again in the same life, both go on from there.
    /// One to which a handler has been broken is an exception: it is refused (<see cref="RefusalCode.SequenceLost"/>) until one of the two has
    /// started anew.
    /// </summary>
    /// <param name="nodeId">Its id.</param>
    /// <exception cref="CommsException">There is none, or it is not disconnected; see <see cref="Peer.Disconnect"/>.</exception>
    public async Task RemovePeerAsync(uint nodeId)
    {
        Peer? peer;
        lock (_gate)
        {
            if (!_peers.TryGetValue(nodeId, out peer)) throw Unknown(nodeId);
            if (peer.State is not (ConnectionState.StandAlone or ConnectionState.Fenced))
                throw new CommsException(CommsErrorCode.NotStandAlone, $"{peer.Name} is {peer.State}: disconnect it first.");
        }

        // Nobody else may have the session before its last link is gone.
        peer.Post(new ConnectionEvent(ConnectionEventKind.Abort));
        await peer.Stopped.ConfigureAwait(false);
        lock (_gate)
        {
            if (_peers.GetValueOrDefault(nodeId) != peer) throw Unknown(nodeId);
            Put(_peers.Remove(nodeId));

            // A message that was taken and not handled is lost: going on would hide that.
            if (peer.LastEnd.Reason != LinkEndReason.HandlerFailed) _forgotten[nodeId] = peer.Session;
        }
    }

    /// <summary>
    /// Leaves cleanly: what was accepted for sending is delivered to every peer that is connected, each is told goodbye, and then all ends.
    /// Takes <see cref="CommsLimits.GoodbyeTimeout"/> at most. Not from within a handler or observer.
    /// </summary>
    public async Task StopAsync()
    {
        foreach (Peer peer in _all) peer.Post(new ConnectionEvent(ConnectionEventKind.Stop));
        await Task.WhenAll(_all.Select(peer => peer.Stopped)).ConfigureAwait(false);
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

        Options.Security.Reloaded -= JudgeAgain;
        Transport.StopListening();
        foreach (PeerLink stranger in strangers) stranger.Refuse(RefusalCode.ShuttingDown);
        foreach (Peer peer in _all) peer.Post(new ConnectionEvent(ConnectionEventKind.Abort));
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

    /// <summary>The system does not prefer heartbeats: said once, since it will not the next time either. They go on without.</summary>
    internal void TellPriorityRefused(SocketError error)
    {
        if (Interlocked.Exchange(ref _isPriorityRefusalTold, 1) == 0) Observer.OnPriorityRefused(Options.HeartbeatPriority, error);
    }

    /// <summary>Lets time pass; by the transport only, one at a time.</summary>
    internal bool Tick(TimeSpan now, out TimeSpan next)
    {
        next = TimeSpan.MaxValue;
        bool isOwed = false;
        foreach (Peer peer in _all) isOwed |= peer.Tick(now, ref next);
        if (now >= _judgeAt)
        {
            // Certificates expire without anybody saying so; to look at them takes longer than acknowledgements wait.
            _judgeAt = now + CommsLimits.CertificateCheckInterval;
            _ = Task.Run(JudgeAgain);
        }

        if (_judgeAt < next) next = _judgeAt;

        List<PeerLink>? overdue = null;
        lock (_gate)
        {
            foreach (PeerLink stranger in _strangers)
            {
                if (stranger.HelloDeadline <= now) (overdue ??= []).Add(stranger);
                else if (stranger.HelloDeadline < next) next = stranger.HelloDeadline;
            }
        }

        if (overdue is null) return isOwed;
        foreach (PeerLink stranger in overdue)
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
        _beats.Add(lateness);
        if (lateness <= Net.HeartbeatInterval) lateness = TimeSpan.Zero;
        if (lateness > TimeSpan.Zero)
        {
            Interlocked.Increment(ref _localStalls);
            if (lateness.Ticks > _longestStallTicks) Volatile.Write(ref _longestStallTicks, lateness.Ticks);
        }

        next = now + Net.HeartbeatInterval;
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

    private void JudgeAgain()
    {
        foreach (Peer peer in _all) peer.JudgeAgain();
    }

    private void ThrowIfInvalid(PeerAddress address)
    {
        (Options.Local with { NodeId = address.NodeId, Name = address.Name }).ThrowIfInvalid();
        if (address.Endpoints.Count is 0 or > CommsLimits.PathsPerPeerMax)
        {
            throw new ArgumentException(
                $"{address.Name} has {address.Endpoints.Count} addresses; it takes 1 to {CommsLimits.PathsPerPeerMax}.", nameof(address));
        }

        foreach (CommsEndpoint endpoint in address.Endpoints) Options.Security.ThrowIfInsecure(endpoint);
    }

    private static CommsException Unknown(uint nodeId) => new(CommsErrorCode.UnknownPeer, $"There is no peer with the id {nodeId}.");

    private void Add(Peer peer) => Put(_peers.Add(peer.NodeId, peer));

    private void Put(ImmutableSortedDictionary<uint, Peer> peers)
    {
        _peers = peers;
        _all = [.. peers.Values];
        _strangersMax = CommsLimits.StrangersMax + (CommsLimits.LinksPerPeerMax * _all.Sum(peer => Math.Max(1, peer.Paths.Count)));
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
