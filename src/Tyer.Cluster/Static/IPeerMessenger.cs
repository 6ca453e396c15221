namespace Tyer.Cluster.Static;

/// <summary>
/// How a stack talks to its peers. The transport is another floor's; whoever puts a node together connects the two.
/// </summary>
/// <remarks>
/// Little is asked of it: a message may be lost, delayed, repeated or overtaken. That the sender is the node it is said to be is asked.
/// </remarks>
public interface IPeerMessenger
{
    /// <summary>Begins to deliver. Called once, before the first <see cref="Send"/>.</summary>
    void Start(IPeerReceiver receiver);

    /// <summary>
    /// Sends to a listed peer, or drops the message where it cannot. Never waits and never throws; called from any thread.
    /// </summary>
    /// <param name="to">The peer.</param>
    /// <param name="message">Valid during the call; at most <see cref="ClusterLimits.PeerMessageBytesMax"/>.</param>
    void Send(NodeId to, ReadOnlySpan<byte> message);
}

/// <summary>What an <see cref="IPeerMessenger"/> delivers to: from any thread, at any time after its start. No call blocks.</summary>
public interface IPeerReceiver
{
    /// <summary>A message has come.</summary>
    /// <param name="from">The node that sent it.</param>
    /// <param name="message">Valid during the call.</param>
    /// <returns>False when it is malformed: the connection that it came on should be closed.</returns>
    bool OnMessage(NodeId from, ReadOnlySpan<byte> message);

    /// <summary>Messages to the peer are expected to arrive from now on.</summary>
    void OnReachable(NodeIncarnation peer);

    /// <summary>Messages to the peer are not expected to arrive any more.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="why">Such as "connection refused"; as a clause.</param>
    void OnUnreachable(NodeId peer, string why);
}
