using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tyer.Cluster;
using Tyer.Cluster.Static;
using Tyer.Node.Shards;

namespace Tyer.Node.Peers;

/// <summary>
/// A node's way to its peers: engines' messages out of the shards and into them, the cluster stack's, and operators' questions, over one
/// transport.
/// </summary>
internal sealed partial class PeerMesh : IPeerOutbox, IPeerQuestions, IPeerMessenger, IPeerTransportObserver, IAsyncDisposable
{
    private readonly IPeerTransport _transport;
    private readonly ImmutableArray<uint> _peers;
    private readonly ulong[] _incarnations = new ulong[Limits.NodeIdMax + 1];
    private readonly sbyte[] _bits = new sbyte[Limits.NodeIdMax + 1];
    private NodeCore? _node;
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

    /// <summary>Where engines' messages arrive.</summary>
    internal EngineInbox Inbox { get; private set; } = null!;

    /// <summary>Makes the mesh known to its node. Nothing is delivered before <see cref="Start"/>.</summary>
    internal void Attach(NodeCore node)
    {
        _node = node;
        _log = node.Log;
        Inbox = new EngineInbox(node.Shards);
        _questions = new Questions(node, (to, bytes) => _transport.TrySend(to, Bindings.Question, 0, bytes.Span));
    }

    public void Start(IPeerReceiver receiver)
    {
        _stack = receiver;
        _transport.Start(this);
    }

    public void Send(NodeId to, ReadOnlySpan<byte> message) => _transport.TrySend(to.Value, Bindings.Stack, 0, message);

    public void Append(uint node, ulong view, ReadOnlySpan<byte> message, ref ulong open)
    {
        var bit = 1UL << _bits[node];
        if ((open & bit) == 0)
        {
            open |= bit;
            _transport.EnterBatch(node);
        }

        // Engines rely on every message. A queue that is full is a peer that has not read for very long: this node cannot go on with it.
        if (!_transport.TrySend(node, Bindings.Engine, (uint)view, message))
            _node!.Fail(new InvalidOperationException($"The queue of messages to {_node.NameOf(node)} is full: it has not taken any for too long."));
    }

    public void Flush(ulong open)
    {
        for (var index = 0; open != 0; index++, open >>= 1)
        {
            if ((open & 1) != 0)
                _transport.LeaveBatch(_peers[index]);
        }
    }

    public ValueTask<byte[]?> AskAsync(uint node, QuestionTopic topic, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) =>
        IsReachable(node) ? _questions!.AskAsync(node, topic, json, cancellationToken) : new ValueTask<byte[]?>((byte[]?)null);

    public bool IsReachable(uint node) => _transport.IsConnected(node);

    public bool OnMessage(uint from, ushort binding, uint view, ReadOnlySpan<byte> body)
    {
        try
        {
            return binding switch
            {
                Bindings.Stack => _stack!.OnMessage(new NodeId(from), body),
                Bindings.Engine => !IsOfThisView(from) || Inbox.Receive(from, view, body),
                Bindings.Question => _questions!.Receive(from, body),
                _ => false,
            };
        }
        catch (InvariantBrokenException broken)
        {
            _node!.Fail(broken);
            return true;
        }
    }

    public void OnConnected(uint node, ulong incarnation)
    {
        _incarnations[node] = incarnation;
        LogConnected(_node!.NameOf(node));
        _stack!.OnReachable(new NodeId(node));
    }

    public void OnDisconnected(uint node, string why)
    {
        LogDisconnected(_node!.NameOf(node), why);
        _stack!.OnUnreachable(new NodeId(node), why);
    }

    public ValueTask DisposeAsync() => _transport.DisposeAsync();

    /// <summary>A restarted peer's engine is not the one in the view: what it sends is not for ours.</summary>
    private bool IsOfThisView(uint from) =>
        _node!.Membership.View is not { } view || view.Find(new NodeId(from))?.Incarnation.Value == _incarnations[from];

    [LoggerMessage(EventId = 1302, Level = LogLevel.Information, Message = "Connected to {Peer}")]
    private partial void LogConnected(string peer);

    [LoggerMessage(EventId = 1303, Level = LogLevel.Information, Message = "The connection to {Peer} is gone: {Why}")]
    private partial void LogDisconnected(string peer, string why);
}
