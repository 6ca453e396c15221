using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Tyer.Comms.Links;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Security;

/// <summary>
/// TLS on one socket: version 1.3 only, a certificate of the cluster's own authority on both sides, no resumption, so that each connection is
/// checked against what is believed today. Whom the certificate speaks of is compared by who uses the link.
/// </summary>
internal sealed class TlsSession : IDisposable
{
    private readonly CertificateStore _store;
    private readonly HandshakeRole _role;
    private readonly TlsPipe _pipe;
    private bool _isCertificateRefused;
    private byte[][] _chain = [];

    /// <param name="socket">Connected.</param>
    /// <param name="store">This side's certificate, and whom it believes.</param>
    /// <param name="role">Who dialled is the client of TLS.</param>
    public TlsSession(Socket socket, CertificateStore store, HandshakeRole role)
    {
        _store = store;
        _role = role;
        _pipe = new TlsPipe(socket);
        Stream = new SslStream(_pipe, leaveInnerStreamOpen: true);
        Sink = new TlsSink(new SocketSink(socket), Stream, _pipe);
    }

    /// <summary>What is read from it is plain.</summary>
    public SslStream Stream { get; }

    /// <summary>What is sent to it goes out sealed.</summary>
    public IByteSink Sink { get; }

    /// <summary>Whom the other side's certificate speaks of, once both have agreed.</summary>
    public CertificateIdentity? Peer { get; private set; }

    /// <summary>The same certificate, to be judged again while the connection stands.</summary>
    public Credential? Credential { get; private set; }

    /// <summary>Agrees with the other side, waiting for it.</summary>
    /// <returns>Why not, or none.</returns>
    /// <exception cref="IOException">The connection broke, or was ended; other exceptions say the same.</exception>
    public RefusalCode Agree()
    {
        try
        {
            if (_role == HandshakeRole.Initiator) Stream.AuthenticateAsClient(ClientOptions());
            else Stream.AuthenticateAsServer(ServerOptions());
        }
        catch (AuthenticationException)
        {
            return _isCertificateRefused ? RefusalCode.CertificateInvalid : RefusalCode.TlsFailed;
        }

        return Agreed();
    }

    /// <summary>Agrees with the other side without holding a thread.</summary>
    /// <returns>Why not, or none.</returns>
    /// <exception cref="IOException">The connection broke, or was ended; other exceptions say the same.</exception>
    public async Task<RefusalCode> AgreeAsync()
    {
        try
        {
            if (_role == HandshakeRole.Initiator) await Stream.AuthenticateAsClientAsync(ClientOptions()).ConfigureAwait(false);
            else await Stream.AuthenticateAsServerAsync(ServerOptions()).ConfigureAwait(false);
        }
        catch (AuthenticationException)
        {
            return _isCertificateRefused ? RefusalCode.CertificateInvalid : RefusalCode.TlsFailed;
        }

        return Agreed();
    }

    /// <summary>Ends it; the socket stays its owner's.</summary>
    public void Dispose()
    {
        Stream.Dispose();
        _pipe.Dispose();
    }

    private RefusalCode Agreed()
    {
        Peer = CertificateIdentity.Of((X509Certificate2)Stream.RemoteCertificate!);
        _pipe.Collect();

        // Judged once more by what is believed now: what was read again meanwhile has not met a connection that was still being agreed on.
        Credential = new CertificateCredential(_store, Peer.Serial, _chain);
        return Credential.Judge();
    }

    private SslClientAuthenticationOptions ClientOptions() => new()
    {
        // Only names of nodes count, and these are compared with the hello; there are no names of hosts to be compared.
        TargetHost = "",
        EnabledSslProtocols = SslProtocols.Tls13,
        ClientCertificateContext = _store.Context,
        CertificateChainPolicy = _store.NewPolicy(),
        RemoteCertificateValidationCallback = Check,
        AllowTlsResume = false,
        AllowRenegotiation = false,
    };

    private SslServerAuthenticationOptions ServerOptions() => new()
    {
        EnabledSslProtocols = SslProtocols.Tls13,
        ServerCertificateContext = _store.Context,
        ClientCertificateRequired = true,
        CertificateChainPolicy = _store.NewPolicy(),
        RemoteCertificateValidationCallback = Check,
        AllowTlsResume = false,
        AllowRenegotiation = false,
    };

    private bool Check(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        bool isGood = certificate is X509Certificate2 && (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;
        _isCertificateRefused = !isGood;
        if (isGood) _chain = [.. chain!.ChainElements.Select(element => element.Certificate.RawData)];
        return isGood;
    }
}
