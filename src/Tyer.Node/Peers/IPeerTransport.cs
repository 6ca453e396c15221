using Tyer.Comms.Peers;

namespace Tyer.Node.Peers;

/// <summary>
/// What the node needs of the comms layer: messages to another node arrive once and in order between two incarnations. A seam, so that
/// several nodes can be tried in one process without sockets.
/// </summary>
internal interface IPeerTransport : IAsyncDisposable
{
    /// <summary>Begins to connect and to deliver.</summary>
    void Start(IPeerTransportObserver observer);

    /// <summary>
    /// Queues a message until <see cref="Flush"/>; false if it cannot be taken (the peer is unknown, or the queue to it is full). What is
    /// for an incarnation that has gone is taken and dropped.
    /// </summary>
    /// <param name="node">The peer.</param>
    /// <param name="binding">What the message is for.</param>
    /// <param name="view">The low half of the view to stamp on it.</param>
    /// <param name="body">What it says.</param>
    /// <param name="toIncarnation">The life that it is for, and that alone gets it; 0 for whichever is there.</param>
    bool TryAppend(uint node, ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation = 0);

    /// <summary>Sends what is queued for a peer, unless a reader's batch will do so when it ends.</summary>
    void Flush(uint node);

    /// <summary>
    /// Sends what is long and may wait, as soon as there is room for it: an operator's question or an answer. False if there never will be. Not
    /// from within what a transport calls.
    /// </summary>
    ValueTask<bool> SendAsync(uint node, ushort binding, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var isTaken = TryAppend(node, binding, 0, body.Span);
        Flush(node);
        return ValueTask.FromResult(isTaken);
    }

    /// <summary>Connections that were refused, ever, by reason.</summary>
    IReadOnlyDictionary<string, long> Refusals => new Dictionary<string, long>();

    /// <summary>What has passed between this node and a peer.</summary>
    PeerStatistics TrafficOf(uint node) => default;

    /// <summary>The comms layer, for operators; null where there is another way to peers.</summary>
    CommsTransport? Comms => null;

    /// <summary>Whether there is a connection to a peer.</summary>
    bool IsConnected(uint node);

    /// <summary>Gives a peer up in its present life: what is queued for it is dropped, and it is refused until it has restarted.</summary>
    void CutOff(uint node);

    /// <summary>
    /// Gives up all lives of a peer up to this one: what is queued for them is dropped, their connection ends, and they are refused for
    /// ever. What they sent and is being delivered at this moment still is.
    /// </summary>
    void Fence(uint node, ulong incarnation);
}

/// <summary>What a transport tells. Per peer one call at a time.</summary>
internal interface IPeerTransportObserver
{
    /// <summary>A message has come.</summary>
    void OnMessage(uint from, ushort binding, uint view, ReadOnlySpan<byte> body);

    /// <summary>There is a connection to this life of a peer.</summary>
    void OnConnected(uint node, ulong incarnation);

    /// <summary>The connection is gone; what was sent stays queued for the same life.</summary>
    void OnDisconnected(uint node, string why);

    /// <summary>A way to a peer is up, the first or another.</summary>
    void OnPathUp(uint node, int path);

    /// <summary>A way to a peer is up no more; as long as another is, messages flow.</summary>
    void OnPathDown(uint node, int path, string why);

    /// <summary>A peer answers pings, and has taken no message for so long.</summary>
    void OnStalled(uint node, TimeSpan time);

    /// <summary>The system does not prefer heartbeats as it was asked to; they go on without.</summary>
    void OnPriorityRefused(string what)
    {
    }

    /// <summary>A hello led nowhere.</summary>
    void OnRefused(string what);
}
