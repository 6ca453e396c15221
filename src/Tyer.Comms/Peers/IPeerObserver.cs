using System.Net;
using Tyer.Comms.Links;

namespace Tyer.Comms.Peers;

/// <summary>
/// Who hears how the connections stand. What concerns one peer comes one at a time and in order, and its place among the messages is exact:
/// connected and reset before any message that follows, disconnected after the last one before. It must not block; what it throws stops
/// the connection, as with a handler.
/// </summary>
public interface IPeerObserver
{
    /// <summary>Messages flow.</summary>
    void OnConnected(Peer peer, ulong incarnation);

    /// <summary>No path is up any more. The session goes on with the next, unless a reset says otherwise.</summary>
    void OnDisconnected(Peer peer, ulong incarnation, in LinkEnd end);

    /// <summary>
    /// The peer has started again: what the older incarnation had not acknowledged is dropped, received or not. Sends are for the new one
    /// from now on.
    /// </summary>
    void OnSessionReset(Peer peer, ulong oldIncarnation, ulong newIncarnation);

    /// <summary>
    /// A hello was refused, by this node or by another. Of a peer that this node dials a reason is told once, until there is a connection; of
    /// who knocks, once a minute for each reason and address.
    /// </summary>
    void OnRefused(in RefusedHello refused);

    /// <summary>A path has changed; as long as another is up, messages flow.</summary>
    void OnPathChanged(Peer peer, in PathChange change);

    /// <summary>
    /// The peer answers pings, and has acknowledged nothing of what was sent to it for so long: it stands still, or cannot keep up. Told
    /// once, until it takes something.
    /// </summary>
    void OnStalled(Peer peer, TimeSpan time);

    /// <summary>The system does not give heartbeats the priority that was asked for; they go on without it. Told once.</summary>
    void OnPriorityRefused(Endpoints.SocketPriority priority, System.Net.Sockets.SocketError error)
    {
    }

    /// <summary>A send was answered <see cref="Sending.SendResult.WouldBlock"/>, and there is room again. On any thread, at any time.</summary>
    void OnSendable(Peer peer);
}

/// <summary>A hello that led nowhere.</summary>
/// <param name="Code">Why.</param>
/// <param name="NodeId">The other node, as it calls itself; 0 if it has not said.</param>
/// <param name="Name">Its name, as it calls itself, or as configured.</param>
/// <param name="IsByPeer">True: it refused this node. False: this node refused it.</param>
public readonly record struct RefusedHello(RefusalCode Code, uint NodeId, string Name, bool IsByPeer)
{
    /// <summary>Where it came from; null over a Unix socket, or when this node had dialled.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>How many of the same kind were not told since the last one.</summary>
    public long Untold { get; init; }
}
