namespace Tyer.Node.Peers;

/// <summary>
/// What the node needs of the comms layer: messages to another node arrive once and in order between two incarnations. A seam, so that
/// several nodes can be tried in one process without sockets.
/// </summary>
internal interface IPeerTransport : IAsyncDisposable
{
    /// <summary>Begins to connect and to deliver.</summary>
    void Start(IPeerTransportObserver observer);

    /// <summary>Queues a message; false if it cannot be taken (the peer is unknown, or the queue to it is full).</summary>
    bool TrySend(uint node, ushort binding, uint view, ReadOnlySpan<byte> body);

    /// <summary>From here on messages to a peer are collected, until as many <see cref="LeaveBatch"/> calls were made.</summary>
    void EnterBatch(uint node);

    /// <summary>Sends what was collected, if this was the last open batch.</summary>
    void LeaveBatch(uint node);

    /// <summary>Whether there is a connection to a peer.</summary>
    bool IsConnected(uint node);
}

/// <summary>What a transport tells. Per peer one call at a time.</summary>
internal interface IPeerTransportObserver
{
    /// <summary>A message has come; false if it is malformed, and the connection is to be closed.</summary>
    bool OnMessage(uint from, ushort binding, uint view, ReadOnlySpan<byte> body);

    /// <summary>There is a connection to this life of a peer.</summary>
    void OnConnected(uint node, ulong incarnation);

    /// <summary>The connection is gone; what was sent stays queued for the same life.</summary>
    void OnDisconnected(uint node, string why);
}
