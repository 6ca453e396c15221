using Tyer.Comms.Endpoints;
using Tyer.Comms.Security;

namespace Tyer.Comms.Peers;

/// <summary>A node's place among its peers.</summary>
public sealed class CommsDomainOptions
{
    /// <summary>Who this node is.</summary>
    public required NodeIdentity Local { get; init; }

    /// <summary>Where it listens for peers: one endpoint for each path, at most <see cref="CommsLimits.PathsPerPeerMax"/>.</summary>
    public required IReadOnlyList<CommsEndpoint> Listen { get; init; }

    /// <summary>Everybody else.</summary>
    public required IReadOnlyList<PeerAddress> Peers { get; init; }

    /// <summary>How the nodes know each other; by default not at all, which is refused where an endpoint is beyond this machine.</summary>
    public PeerSecurity Security { get; init; } = PeerSecurity.None;

    /// <summary>The mode of a Unix socket's file; by default its owner alone may connect.</summary>
    public UnixFileMode SocketMode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>How paths are watched, to begin with; see <see cref="CommsDomain.Net"/>.</summary>
    public NetOptions Net { get; init; } = new();

    /// <summary>How the system and the network treat heartbeats; by default <see cref="SocketPriority.Default"/>.</summary>
    public SocketPriority HeartbeatPriority { get; init; } = SocketPriority.Default;

    /// <summary>Bytes queued for or sent to one peer on one lane and not acknowledged, at most; by default <see cref="CommsLimits.PeerQueueBytesMax"/>.</summary>
    public long PeerQueueBytesMax { get; init; } = CommsLimits.PeerQueueBytesMax;

    /// <summary>What it speaks.</summary>
    internal Dialect Dialect { get; init; } = Dialect.Own;

    /// <summary>The time in which a connection must say hello; by default <see cref="CommsLimits.HelloBudget"/>.</summary>
    public TimeSpan HelloBudget { get; init; } = CommsLimits.HelloBudget;
}
