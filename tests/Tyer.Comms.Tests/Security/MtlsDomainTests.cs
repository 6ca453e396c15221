using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Security;

/// <summary>Nodes with certificates, over real sockets.</summary>
public sealed class MtlsDomainTests : IDisposable
{
    private readonly TestCluster _cluster = new();

    private string Pki => _cluster.File("pki");

    private string OtherPki => _cluster.File("other");

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Row_16_Two_nodes_with_certificates_of_the_same_authority_connect_and_talk()
    {
        TestNode n1 = Node(1, 2).Start();
        TestNode n2 = Node(2, 1).Start();
        byte[] large = new Dice(1).Bytes(CommsLimits.PeerBodyBytesMax);
        var received = new TaskCompletionSource();
        int count = 0;
        n2.OnMessage = (_, _, _, body) =>
        {
            if (!body.SequenceEqual(count % 2 == 0 ? large : [1])) received.TrySetException(new InvalidDataException($"message {count}"));
            if (++count == 20) received.TrySetResult();
        };

        for (int i = 0; i < 20; i++)
        {
            while (n1.Domain.Peers[2].TrySend(1, 0, i % 2 == 0 ? large : [1]) != SendResult.Accepted) await Task.Yield();
        }

        await Wait.For(received.Task);
        n2.Domain.Peers[1].TrySend(2, 0, [9]);
        Assert.Equal("n2 says 2 0 09", await n1.Until("n2 says"));
        Assert.Equal(0, n1.Domain.Refused + n2.Domain.Refused);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused_by_both()
    {
        TestNode n1 = Node(1, 2).Start();
        TestNode n2 = _cluster.Node(2, [1], security: Certificates(2, OtherPki)).Start();
        Assert.StartsWith("refused CertificateInvalid 2 n2", await n1.Until("refused CertificateInvalid 2"));
        Assert.StartsWith("refused CertificateInvalid 1 n1", await n2.Until("refused CertificateInvalid 1"));
        Assert.NotEqual(ConnectionState.Connected, n1.Domain.Peers[2].State);
        Assert.True(n1.Domain.Refusals[RefusalCode.CertificateInvalid] > 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task The_certificate_of_another_node_is_refused_on_either_stream(byte stream)
    {
        // Node 3 has a good certificate, and says that it is node 2.
        TestNode n1 = Node(1, 2).Start();
        using SslStream dialled = await Dial(TestCertificates.Files(Pki, "node-3"));
        byte[] hello = new Hello(new NodeIdentity("test", 2, "n2", 1), 1, 1, Path: 0, (LinkStream)stream).ToFrame();
        await dialled.WriteAsync(hello, TestContext.Current.CancellationToken);
        Assert.StartsWith("refused CertificateMismatch 2 n2", await n1.Until("refused"));
        Assert.Equal(1, n1.Domain.Refusals[RefusalCode.CertificateMismatch]);
    }

    [Fact]
    public async Task The_certificate_of_a_client_is_not_that_of_a_node()
    {
        TestNode n1 = Node(1, 2).Start();
        using SslStream stream = await Dial(TestCertificates.Files(Pki, "client-billing"));
        await stream.WriteAsync(new Hello(new NodeIdentity("test", 2, "n2", 1), 1, 1).ToFrame(), TestContext.Current.CancellationToken);
        Assert.StartsWith("refused CertificateMismatch 2 n2", await n1.Until("refused"));
    }

    [Fact]
    public void A_node_with_the_certificate_of_another_does_not_start()
    {
        CommsException e = Assert.Throws<CommsException>(() => _cluster.Node(1, [2], security: Certificates(2, Pki)));
        Assert.Equal(CommsErrorCode.CertificateInvalid, e.Code);
        Assert.Equal("This node is tyer:test/node/1, and its certificate speaks of tyer:test/node/2: give it its own.", e.Message);
    }

    [Fact]
    public async Task An_older_version_of_tls_is_refused()
    {
        TestNode n1 = Node(1, 2).Start();
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using SslStream stream = await Dial(TestCertificates.Files(Pki, "node-2"), SslProtocols.Tls12);
        });
        Assert.StartsWith("refused TlsFailed", await n1.Until("refused"));
    }

    [Fact]
    public async Task Without_a_certificate_or_without_tls_nothing_is_heard()
    {
        TestNode n1 = Node(1, 2).Start();
        using (KnockingNode plain = KnockingNode.AtUnix(_cluster.Path(1)))
        {
            plain.Send(new Hello(new NodeIdentity("test", 2, "n2", 1), 1, 1).ToFrame());
            Assert.StartsWith("refused TlsFailed", await n1.Until("refused"));
        }

        try
        {
            using SslStream stream = await Dial(null);
            await stream.ReadExactlyAsync(new byte[1], TestContext.Current.CancellationToken);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // The other side says so while the certificate is exchanged, or after it.
        }

        Assert.StartsWith("refused CertificateInvalid", await n1.Until("refused"));
    }

    [Fact]
    public async Task A_certificate_that_is_revoked_ends_what_it_had_proven_and_is_refused_from_then_on()
    {
        string list = _cluster.File("revoked");
        File.WriteAllText(list, "");
        PeerSecurity[] security = [PeerSecurity.ByCertificates(TestCertificates.Store(Pki, "node-1", revoked: list)), Certificates(2, Pki)];
        TestNode n1 = _cluster.Node(1, [2], security: security[0]).Start();
        TestNode n2 = _cluster.Node(2, [1], security: security[1]).Start();
        n1.Domain.Peers[2].TrySend(1, 0, [1]);
        await n2.Until("n1 says 1 0 01");
        string serial = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Pki, "node-2.crt")).SerialNumber;
        Assert.Equal($"certificate {serial}", n1.Domain.Peers[2].Paths[0].ProvenBy);

        File.WriteAllText(list, serial + " # lost\n");
        security[0].Reload();

        Assert.Equal("n2 disconnected 1 Withdrawn", await n1.Until("n2 disconnected"));
        Assert.Contains("n1 disconnected 1", await n2.Until("n1 disconnected"));
        Assert.StartsWith("refused CertificateRevoked", await n1.Until("refused CertificateRevoked"));
        Assert.Equal(SendResult.Accepted, n1.Domain.Peers[2].TrySend(1, 0, [2]));

        // With another certificate it comes back, and has missed nothing.
        File.Delete(Path.Combine(Pki, "node-2.crt"));
        File.Delete(Path.Combine(Pki, "node-2.key"));
        CertificateMaker.Make(Pki, "test", [2], []);
        security[1].Reload();
        Assert.Equal("n1 says 1 0 02", await n2.Until("n1 says"));
        Assert.Equal(0, n1.Domain.Peers[2].Statistics.Resets);
        Assert.NotEqual($"certificate {serial}", n1.Domain.Peers[2].Paths[0].ProvenBy);
    }

    [Fact]
    public async Task A_certificate_that_is_none_of_the_authoritys_any_more_ends_what_it_had_proven()
    {
        PeerSecurity security = Certificates(1, Pki);
        TestNode n1 = _cluster.Node(1, [2], security: security).Start();
        Node(2, 1).Start();
        await n1.Until("n2 connected");

        // The file of authorities is the first thing that is read again: another authority's is in its place.
        TestCertificates.Files(OtherPki, "node-1");
        File.Copy(Path.Combine(OtherPki, "ca.crt"), Path.Combine(Pki, "ca.crt"), overwrite: true);
        security.Reload();

        Assert.Equal("n2 disconnected 1 Withdrawn", await n1.Until("n2 disconnected"));
        Assert.Equal(RefusalCode.CertificateInvalid, await Ended(n1.Domain.Peers[2]));

        static async Task<RefusalCode> Ended(Peer peer)
        {
            await Wait.Until(() => peer.LastEnd.Reason is LinkEndReason.Withdrawn or LinkEndReason.Refused, "the link has ended");
            return peer.LastEnd.Refusal;
        }
    }

    [Fact]
    public void A_certificate_is_good_until_it_is_not()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        CertificateStore store = TestCertificates.Store(Pki, "node-1");
        using X509Certificate2 expired = Issue(now.AddMinutes(-1));
        using X509Certificate2 good = Issue(now.AddDays(1));
        Assert.Equal(RefusalCode.CertificateInvalid, new CertificateCredential(store, expired.SerialNumber, [expired.RawData]).Judge());
        Assert.Equal(RefusalCode.None, new CertificateCredential(store, good.SerialNumber, [good.RawData]).Judge());

        X509Certificate2 Issue(DateTimeOffset until)
        {
            using X509Certificate2 authority = X509Certificate2.CreateFromPemFile(Path.Combine(Pki, "ca.crt"), Path.Combine(Pki, "ca.key"));
            using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=node", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
            return request.Create(authority, authority.NotBefore, until, [1, 2, 3]);
        }
    }

    [Fact]
    public async Task Row_17_Certificates_are_changed_while_nodes_talk()
    {
        Proxy[] proxies = [_cluster.Proxy(1, 2), _cluster.Proxy(2, 1)];
        PeerSecurity security = Certificates(1, Pki);
        TestNode n1 = _cluster.Node(1, [2], security: security).Start();
        TestNode n2 = Node(2, 1).Start();
        n1.Domain.Peers[2].TrySend(1, 0, [1]);
        await n2.Until("n1 says 1 0 01");

        string before = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Pki, "node-1.crt")).SerialNumber;
        File.Delete(Path.Combine(Pki, "node-1.crt"));
        File.Delete(Path.Combine(Pki, "node-1.key"));
        Assert.Throws<CommsException>(security.Reload);
        CertificateMaker.Make(Pki, "test", [1], []);
        security.Reload();
        foreach (Proxy proxy in proxies) proxy.Cut();

        n1.Domain.Peers[2].TrySend(1, 0, [2]);
        await n2.Until("n1 says 1 0 02");
        Assert.NotEqual(before, security.Certificates!.Own.Serial);
        Assert.Equal(0, n1.Domain.Peers[2].Statistics.Resets);
    }

    private TestNode Node(uint id, uint peer) => _cluster.Node(id, [peer], security: Certificates(id, Pki));

    private static PeerSecurity Certificates(uint id, string pki) => PeerSecurity.ByCertificates(TestCertificates.Store(pki, $"node-{id}"));

    /// <summary>TLS to node 1, by other code than that under test.</summary>
    private async Task<SslStream> Dial(CertificateFiles? files, SslProtocols protocols = SslProtocols.Tls13)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(_cluster.Path(1)), TestContext.Current.CancellationToken);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), false, (_, certificate, _, _) => certificate is not null);
        X509Certificate2Collection own = [];
        if (files is not null)
            own.Add(X509CertificateLoader.LoadPkcs12(X509Certificate2.CreateFromPemFile(files.Certificate, files.PrivateKey).Export(X509ContentType.Pkcs12), null));
        await Wait.For(stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "x", EnabledSslProtocols = protocols, ClientCertificates = own }, TestContext.Current.CancellationToken));
        return stream;
    }
}
