using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tyer.Cluster;
using Tyer.Cluster.Static;
using Tyer.Engine;
using Tyer.Engine.Recovery;
using Tyer.Node.Shards;

namespace Tyer.Node.Peers;

/// <summary>
/// A node's way to its peers: engines' messages out of the shards and into them, the cluster stack's, and operators' questions, over one
/// transport.
/// </summary>
internal sealed partial class PeerMesh : IPeerOutbox, IPeerQuestions, IPeerMessenger, IPeerTransportObserver, IAsyncDisposable
{
    private readonly IPeerTransport _transport;
    private readonly Lock _takingIn = new();
    private ImmutableArray<uint> _peers;
    private readonly ulong[] _incarnations = new ulong[Limits.NodeIdMax + 1];
    private readonly sbyte[] _bits = new sbyte[Limits.NodeIdMax + 1];
    private NodeWiring? _node;
    private Questions? _questions;
    private IPeerReceiver? _stack;
    private ILogger _log = NullLogger.Instance;

    /// <param name="transport">Disposed with the mesh.</param>
    /// <param name="peers">The other nodes; at most 64.</param>
    internal PeerMesh(IPeerTransport transport, IEnumerable<uint> peers)
    {
        _transport = transport;
        _peers = [.. peers];
        Array.Fill(_bits, (sbyte)-1);
        for (var index = 0; index < _peers.Length; index++)
            _bits[_peers[index]] = (sbyte)index;
    }

    internal IPeerTransport Transport => _transport;

    /// <summary>Makes the mesh known to its node. Nothing is delivered before <see cref="Start"/>.</summary>
    internal void Attach(NodeWiring node)
    {
        _node = node;
        _log = node.Log;
        _questions = new Questions(node, (to, bytes, cancellation) => _transport.SendAsync(to, Bindings.Question, bytes, cancellation));
    }

    /// <summary>Another peer is known from now on.</summary>
    internal void TakeIn(uint peer)
    {
        lock (_takingIn)
        {
            // A place is kept for good: who flushes at this moment has the peers as they were.
            if (_bits[peer] >= 0)
                return;
            if (_peers.Length == ClusterLimits.MembersMax)
                throw new ArgumentException($"This node has known {ClusterLimits.MembersMax} others since it was started, which is the limit.", nameof(peer));
            _peers = _peers.Add(peer);
            _bits[peer] = (sbyte)(_peers.Length - 1);
        }
    }

    public void Start(IPeerReceiver receiver)
    {
        _stack = receiver;
        _transport.Start(this);
    }

    public void Send(NodeId to, ReadOnlySpan<byte> message) => SendNow(to.Value, Bindings.Stack, message);

    /// <summary>Cuts off who is not in a view that is about to be installed: what they send from here on is void.</summary>
    internal void CutDeparted(ClusterView? before, ClusterView view)
    {
        foreach (var member in before?.Members ?? [])
        {
            if (member.Id.Value != _node!.Id && !view.Contains(member.NodeIncarnation))
                _transport.Fence(member.Id.Value, member.Incarnation.Value);
        }

        // Also the lives that this node was never in a view with: the present one is newer.
        foreach (var member in view.Members)
        {
            if (member.Id.Value != _node!.Id)
                _transport.Fence(member.Id.Value, member.Incarnation.Value - 1);
        }
    }

    /// <summary>This node is out: it speaks to none of its peers any more, and hears none.</summary>
    internal void CutOffAll()
    {
        foreach (var peer in _peers)
            _transport.Fence(peer, _incarnations[peer]);
    }

    public void Append(MemberId to, ulong view, ReadOnlySpan<byte> message, ref ulong open)
    {
        open |= 1UL << _bits[to.Node];
        if (_transport.TryAppend(to.Node, Bindings.Engine, (uint)view, message, to.Incarnation))
            return;

        // Engines rely on every message. A queue that is full is that of a peer that has taken none for very long: it stays lost.
        LogQueueFull(_node!.NameOf(to.Node));
        _transport.CutOff(to.Node);
    }

    public void Flush(ulong open)
    {
        for (var index = 0; open != 0; index++, open >>= 1)
        {
            if ((open & 1) != 0)
                _transport.Flush(_peers[index]);
        }
    }

    public void Announce(RecoveryMarker marker, ulong view)
    {
        foreach (var member in _node!.Membership.View?.Members ?? [])
        {
            if (member.Id.Value == _node.Id)
                continue;
            if (_transport.TryAppend(member.Id.Value, Bindings.Recovery, (uint)view, [(byte)marker], member.Incarnation.Value))
                _transport.Flush(member.Id.Value);
            else
                _transport.CutOff(member.Id.Value);
        }
    }

    public ValueTask<byte[]?> AskAsync(uint node, QuestionTopic topic, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) =>
        IsReachable(node) ? _questions!.AskAsync(node, topic, json, cancellationToken) : new ValueTask<byte[]?>((byte[]?)null);

    /// <summary>Connections of nodes that were refused, ever, by reason.</summary>
    internal IReadOnlyDictionary<string, long> Refusals => _transport.Refusals;

    public bool IsReachable(uint node) => _transport.IsConnected(node);

    public void OnMessage(uint from, ushort binding, uint view, ReadOnlySpan<byte> body)
    {
        try
        {
            var understood = binding switch
            {
                Bindings.Stack => _stack!.OnMessage(new NodeId(from), body),
                Bindings.Engine => _node!.Shards.Receive(MemberOf(from), FullView(view), body),
                Bindings.Recovery => OnMarker(from, FullView(view), body),
                Bindings.Question => _questions!.Receive(from, body),
                _ => false,
            };
            if (understood)
                return;
            LogMalformed(_node!.NameOf(from), binding);
            _transport.CutOff(from);
        }
        catch (InvariantBrokenException broken)
        {
            _node!.Fail(broken);
        }
    }

    public void OnConnected(uint node, ulong incarnation)
    {
        _incarnations[node] = incarnation;
        LogConnected(_node!.NameOf(node));
        _node.Events.Connected(node, incarnation);
        _stack!.OnReachable(new NodeIncarnation(new NodeId(node), new Incarnation(incarnation)));
    }

    public void OnDisconnected(uint node, string why)
    {
        LogDisconnected(_node!.NameOf(node), why);
        _node.Events.Disconnected(node, why);
        _stack!.OnUnreachable(new NodeId(node), why);
    }

    public void OnPathUp(uint node, int path)
    {
        LogPathUp(_node!.NameOf(node), path);
        _node.Events.Path(node, path, whyDown: null);
    }

    public void OnPathDown(uint node, int path, string why)
    {
        LogPathDown(_node!.NameOf(node), path, why);
        _node.Events.Path(node, path, why);
    }

    public void OnStalled(uint node, TimeSpan time) => LogStalled(_node!.NameOf(node), time.TotalSeconds);

    public void OnPriorityRefused(string what) => LogPriorityRefused(what);

    public void OnRefused(string what) => LogRefused(what);

    public ValueTask DisposeAsync() => _transport.DisposeAsync();

    private bool SendNow(uint node, ushort binding, ReadOnlySpan<byte> body)
    {
        if (!_transport.TryAppend(node, binding, 0, body))
            return false;
        _transport.Flush(node);
        return true;
    }

    private bool OnMarker(uint from, ulong view, ReadOnlySpan<byte> body)
    {
        if (body.Length != 1 || !Enum.IsDefined((RecoveryMarker)body[0]))
            return false;
        _node!.Shards.Mark(MemberOf(from), (RecoveryMarker)body[0], view);
        return true;
    }

    private MemberId MemberOf(uint from) => new(from, _incarnations[from]);

    /// <summary>Frames carry the low half of a view's id; views of nodes that speak to each other are close together.</summary>
    private ulong FullView(uint low)
    {
        var mine = _node!.Membership.View?.Id ?? low;
        return mine + (ulong)(int)(low - (uint)mine);
    }

    [LoggerMessage(EventId = 1302, Level = LogLevel.Information, Message = "Connected to {Peer}")]
    private partial void LogConnected(string peer);

    [LoggerMessage(EventId = 1304, Level = LogLevel.Error, Message = "{Peer} has taken no message for too long; it is cut off until it restarts")]
    private partial void LogQueueFull(string peer);

    [LoggerMessage(EventId = 1305, Level = LogLevel.Error, Message = "{Peer} sent what no node of this version sends (binding {Binding}); it is cut off until it restarts")]
    private partial void LogMalformed(string peer, ushort binding);

    [LoggerMessage(EventId = 1306, Level = LogLevel.Warning, Message = "{What}")]
    private partial void LogRefused(string what);

    [LoggerMessage(EventId = 1307, Level = LogLevel.Information, Message = "Path {Path} to {Peer} is up")]
    private partial void LogPathUp(string peer, int path);

    [LoggerMessage(EventId = 1308, Level = LogLevel.Information, Message = "Path {Path} to {Peer} is down: {Why}")]
    private partial void LogPathDown(string peer, int path, string why);

    [LoggerMessage(EventId = 1309, Level = LogLevel.Warning, Message = "{Peer} answers, and has taken no message for {Seconds} s: it stands still, or cannot keep up")]
    private partial void LogStalled(string peer, double seconds);

    [LoggerMessage(EventId = 1310, Level = LogLevel.Warning, Message = "{What}")]
    private partial void LogPriorityRefused(string what);

    [LoggerMessage(EventId = 1303, Level = LogLevel.Information, Message = "The connection to {Peer} is gone: {Why}")]
    private partial void LogDisconnected(string peer, string why);
}
