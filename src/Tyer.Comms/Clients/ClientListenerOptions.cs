using Tyer.Comms.Endpoints;
using Tyer.Comms.Security;

namespace Tyer.Comms.Clients;

/// <summary>Where clients connect, and how many may be there without having been admitted.</summary>
public sealed class ClientListenerOptions
{
    /// <summary>Where to listen.</summary>
    public required CommsEndpoint Endpoint { get; init; }

    /// <summary>
    /// The node's certificate and whose certificates it believes: connections over TCP are TLS then, for clients with a certificate of the cluster.
    /// Null: no TLS, which is refused where the endpoint is beyond this machine.
    /// </summary>
    public CertificateStore? Certificates { get; init; }

    /// <summary>The mode of a Unix socket's file: who may write to it may connect. By default its owner alone.</summary>
    public UnixFileMode SocketMode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Connections not yet admitted, at most; by default <see cref="CommsLimits.UnadmittedClientsMax"/>.</summary>
    public int UnadmittedMax { get; init; } = CommsLimits.UnadmittedClientsMax;

    /// <summary>The time in which a client must be admitted; by default <see cref="CommsLimits.HelloBudget"/>.</summary>
    public TimeSpan HelloBudget { get; init; } = CommsLimits.HelloBudget;

    /// <summary>Clients with a reading thread of their own, at most; by default <see cref="CommsLimits.ThreadedClientsMax"/>.</summary>
    public int ThreadedMax { get; init; } = CommsLimits.ThreadedClientsMax;
}
