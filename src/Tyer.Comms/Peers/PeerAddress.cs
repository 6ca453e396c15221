using Tyer.Comms.Endpoints;

namespace Tyer.Comms.Peers;

/// <summary>Where a peer is.</summary>
/// <param name="NodeId">Its id, 1 to 1023.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Endpoints">
/// Where it listens, one for each path, at most <see cref="CommsLimits.PathsPerPeerMax"/>: the first that is up is used, the others stand by.
/// The nodes of a cluster list their networks in the same order.
/// </param>
public sealed record PeerAddress(uint NodeId, string Name, params IReadOnlyList<CommsEndpoint> Endpoints);
