using Tyer.Comms.Endpoints;

namespace Tyer.Comms.Peers;

/// <summary>Where a peer is.</summary>
/// <param name="NodeId">Its id, 1 to 1023.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Endpoint">Where it listens.</param>
public sealed record PeerAddress(uint NodeId, string Name, CommsEndpoint Endpoint);
