using System.Net.Sockets;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;

namespace Tyer.Node.Peers;

/// <summary>The comms layer as the node uses it.</summary>
internal sealed class CommsTransport : IPeerTransport, IMessageHandler, IPeerObserver
{
    private readonly CommsDomain _domain;
    private readonly Peer?[] _peers = new Peer?[Limits.NodeIdMax + 1];
    private IPeerTransportObserver? _observer;

    /// <summary>Over sockets, as configured.</summary>
    internal CommsTransport(NodeSettings settings, PeerSecurity security, ulong incarnation)
    {
        var options = new CommsDomainOptions
        {
            Local = new NodeIdentity(settings.Cluster, settings.Id.Value, settings.Name, incarnation),
            Listen = CommsEndpoint.ParseList(settings.Options.Listen!),
            Security = security,
            HeartbeatPriority = new SocketPriority(settings.Options.HeartbeatPriority, settings.Options.HeartbeatDscp),
            Net = new NetOptions { PathPolicy = PathPolicyName.Parse(settings.Options.PathPolicy) },
            Peers = [.. settings.Peers.Select(peer => new PeerAddress(peer.Id.Value, peer.Name, CommsEndpoint.ParseList(settings.Options.Peers[peer.Name])))],
        };
        _domain = Connect(new CommsDomain(options, this, this));
    }

    /// <summary>Over links of another kind.</summary>
    internal CommsTransport(CommsDomainOptions options, ILinkTransport links) => _domain = Connect(new CommsDomain(options, this, this, _ => links));

    public CommsTransport Comms => this;

    /// <summary>The comms layer itself.</summary>
    internal CommsDomain Domain => _domain;

    public void Start(IPeerTransportObserver observer)
    {
        _observer = observer;
        _domain.Start();
    }

    public bool TryAppend(uint node, ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation = 0) =>
        _peers[node]?.TryAppend(binding, view, body, toIncarnation, TraitsOf(binding)) is SendResult.Accepted or SendResult.Closed;

    public async ValueTask<bool> SendAsync(uint node, ushort binding, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        _peers[node] is { } peer
        && await peer.SendAsync(binding, 0, body, traits: TraitsOf(binding), cancellationToken: cancellationToken).ConfigureAwait(false) == SendResult.Accepted;

    public void Flush(uint node) => _peers[node]?.Flush();

    public bool IsConnected(uint node) => _peers[node]?.State == ConnectionState.Connected;

    public PeerStatistics TrafficOf(uint node) => _peers[node]?.Statistics ?? default;

    public IReadOnlyDictionary<string, long> Refusals => _domain.Refusals.ToDictionary(each => each.Key.ToString(), each => each.Value);

    public void CutOff(uint node)
    {
        if (_peers[node] is { } peer)
            peer.Fence(peer.Incarnation);
    }

    public void Fence(uint node, ulong incarnation) => _peers[node]?.Fence(incarnation);

    public void OnMessage(Peer peer, ushort binding, uint view, ReadOnlySpan<byte> body) => _observer!.OnMessage(peer.NodeId, binding, view, body);

    public void OnBatchEnd(Peer peer)
    {
        // Replies to this peer leave now by themselves; what is for others has left with the shard that had it.
    }

    public void OnConnected(Peer peer, ulong incarnation) => _observer!.OnConnected(peer.NodeId, incarnation);

    public void OnDisconnected(Peer peer, ulong incarnation, in LinkEnd end) => _observer!.OnDisconnected(peer.NodeId, end.ToString());

    public void OnSessionReset(Peer peer, ulong oldIncarnation, ulong newIncarnation)
    {
        // The new life is told with its connection; whether it is taken in is the cluster stack's to say.
    }

    public void OnRefused(in RefusedHello refused)
    {
        var who = refused.NodeId == 0 ? "a stranger" : $"{refused.Name} (id {refused.NodeId})";
        var from = refused.Address is { } address ? $" at {address}" : "";
        var more = refused.Untold == 0 ? "" : $", and {refused.Untold} more like it since this was last told";
        _observer!.OnRefused(refused.IsByPeer ? $"{who} refuses this node: {refused.Code}" : $"Refused {who}{from}: {refused.Code}{more}");
    }

    public void OnPathChanged(Peer peer, in PathChange change)
    {
        if (change.NewState == PathState.Up)
            _observer!.OnPathUp(peer.NodeId, change.Path);
        else if (change.OldState is PathState.Up or PathState.Draining && change.NewState is PathState.Down or PathState.Removing)
            _observer!.OnPathDown(peer.NodeId, change.Path, change.End.ToString());
    }

    public void OnStalled(Peer peer, TimeSpan time) => _observer!.OnStalled(peer.NodeId, time);

    public void OnPriorityRefused(SocketPriority priority, SocketError error) => _observer!.OnPriorityRefused(
        $"The system gives heartbeats no priority {priority.Queue} with DSCP {priority.Dscp} ({error}): they may wait behind other traffic. Above 6 it takes CAP_NET_ADMIN");

    public void OnSendable(Peer peer)
    {
        // Nobody waits: a queue that was full has cut the peer off.
    }

    /// <inheritdoc cref="CommsDomain.AddPeer"/>
    internal void AddPeer(PeerAddress address) => _peers[address.NodeId] = _domain.AddPeer(address);

    /// <inheritdoc cref="CommsDomain.RemovePeerAsync"/>
    internal async Task RemovePeerAsync(uint node)
    {
        await _domain.RemovePeerAsync(node).ConfigureAwait(false);
        _peers[node] = null;
    }

    public async ValueTask DisposeAsync()
    {
        await _domain.StopAsync().ConfigureAwait(false);
        _domain.Dispose();
    }

    /// <summary>
    /// Answers to operators are long and may wait. Everything else keeps its order with engines' messages, and must not be turned away as long
    /// as there is any room: engines rely on every message.
    /// </summary>
    private static SendTraits TraitsOf(ushort binding) => binding == Bindings.Question ? SendTraits.Bulk : SendTraits.Reply;

    private CommsDomain Connect(CommsDomain domain)
    {
        foreach (var (id, peer) in domain.Peers)
            _peers[id] = peer;
        return domain;
    }
}
