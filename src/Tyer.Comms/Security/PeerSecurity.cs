using Tyer.Comms.Endpoints;

namespace Tyer.Comms.Security;

/// <summary>How a node knows its peers, and what it proves itself with.</summary>
public sealed class PeerSecurity
{
    private readonly KeyStore? _keys;

    private PeerSecurity(SecurityMode mode, KeyStore? keys = null, CertificateStore? certificates = null)
    {
        Mode = mode;
        _keys = keys;
        Certificates = certificates;
    }

    /// <summary>Nobody proves anything: for loopback and Unix sockets.</summary>
    public static PeerSecurity None { get; } = new(SecurityMode.None);

    /// <summary>Keys or certificates were read again. On the thread that did it.</summary>
    internal event Action? Reloaded;

    /// <summary>How.</summary>
    public SecurityMode Mode { get; }

    /// <summary>This node's certificate and whose certificates it believes; null in other modes.</summary>
    internal CertificateStore? Certificates { get; }

    /// <summary>The keys, as they were last read.</summary>
    internal KeyRing Ring => _keys!.Ring;

    /// <summary>By keys that all nodes of the cluster share.</summary>
    /// <param name="mode"><see cref="SecurityMode.Psk"/> or <see cref="SecurityMode.PskSeal"/>.</param>
    /// <param name="keyFile">The file with the keys.</param>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.NoCredentials"/>, with file, line and reason.</exception>
    public static PeerSecurity ByKeys(SecurityMode mode, string keyFile)
    {
        if (mode is not (SecurityMode.Psk or SecurityMode.PskSeal))
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "Keys are for the modes psk and psk+seal.");
        return new PeerSecurity(mode, new KeyStore(keyFile));
    }

    /// <summary>By certificates of the cluster's own authority.</summary>
    public static PeerSecurity ByCertificates(CertificateStore certificates)
    {
        ArgumentNullException.ThrowIfNull(certificates);
        return new PeerSecurity(SecurityMode.Mtls, certificates: certificates);
    }

    /// <summary>
    /// Reads again what it proves itself with, and what it believes. A connection ends when the other side had proved itself by what is not
    /// believed any more, and is made anew if there is another proof; the session goes on over that. If reading fails, all stays as it was.
    /// </summary>
    /// <exception cref="CommsException">
    /// <see cref="CommsErrorCode.NoCredentials"/> or <see cref="CommsErrorCode.CertificateInvalid"/>, with file and reason.
    /// </exception>
    public void Reload()
    {
        _keys?.Reload();
        Certificates?.Reload();
        Reloaded?.Invoke();
    }

    /// <summary>Returns when a node may prove itself with this.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.CertificateInvalid"/>: the certificate is another's.</exception>
    internal void ThrowIfOthers(string cluster, uint node)
    {
        if (Certificates is null || Certificates.Own.IsNode(cluster, node)) return;
        throw new CommsException(
            CommsErrorCode.CertificateInvalid,
            $"This node is {CertificateIdentity.OfNode(cluster, node)}, and its certificate speaks of {string.Join(", ", Certificates.Own.Names)}: give it its own.");
    }

    /// <summary>Returns when an endpoint may be used with this.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.InsecureEndpoint"/>: other machines can reach it, and nothing would tell who they are.</exception>
    internal void ThrowIfInsecure(CommsEndpoint endpoint) => ThrowIfInsecure(Mode, endpoint);

    /// <summary>Returns when an endpoint may be used in a mode.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.InsecureEndpoint"/>: other machines can reach it, and nothing would tell who they are.</exception>
    internal static void ThrowIfInsecure(SecurityMode mode, CommsEndpoint endpoint)
    {
        if (mode == SecurityMode.None)
            endpoint.ThrowUnlessLocal("make a key file with 'tyer keygen FILE', copy it to every node and name it as KeyFile in the configuration");
    }
}
