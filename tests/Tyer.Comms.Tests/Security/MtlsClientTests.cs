using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Tyer.Comms.Clients;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Clients;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Security;

/// <summary>Clients with certificates, over TCP.</summary>
public sealed class MtlsClientTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string Pki => _folder.File("pki");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(32)]
    [InlineData(0)]
    public async Task A_client_with_a_certificate_of_the_cluster_is_served_by_thread_and_by_pool(int threadedMax)
    {
        var acceptor = new Acceptor();
        using ClientListener listener = Listen(acceptor, threadedMax);
        var recorder = new Recorder();

        ClientLink client = await Connect(listener, recorder, Certificate("client-billing"));

        byte[] large = new Dice(1).Bytes(CommsLimits.ClientBodyBytesMax);
        for (ulong i = 1; i <= 40; i++) client.TrySend(1, i, 0, i % 2 == 0 ? large : [1]);
        for (ulong i = 1; i <= 40; i++)
        {
            (ulong sequence, byte[] body) = await recorder.Next();
            Assert.Equal(i, sequence);
            Assert.Equal(i % 2 == 0 ? large.Length : 1, body.Length);
        }

        (ClientLink atNode, _) = await acceptor.Next();
        Assert.Equal("billing", atNode.CertifiedName);
        Assert.Null(atNode.Credentials);
        client.Close();
        Assert.Equal(LinkEndReason.Closed, (await Wait.For(recorder.End)).Reason);
        await Wait.Until(() => listener.Statistics.Connected == 0, "the node has seen it go");
    }

    [Fact]
    public async Task A_client_of_another_authority_is_refused_and_counted()
    {
        var acceptor = new Acceptor { Admits = false };
        using ClientListener listener = Listen(acceptor);
        CertificateFiles other = TestCertificates.Files(_folder.File("other"), "client-billing");

        // It believes the node, which does not believe it.
        var recorder = new Recorder();
        try
        {
            await Connect(listener, recorder, new CertificateStore(other with { Authority = Path.Combine(Pki, "ca.crt") }));
            await Wait.For(recorder.End);
        }
        catch (CommsException e)
        {
            Assert.Equal(CommsErrorCode.CertificateInvalid, e.Code);
        }

        (_, Recorder atNode) = await acceptor.Next();
        LinkEnd end = await Wait.For(atNode.End);
        Assert.Equal((LinkEndReason.Refused, RefusalCode.CertificateInvalid), (end.Reason, end.Refusal));
        Assert.Equal(1, listener.Statistics.Refused);
    }

    [Fact]
    public async Task A_client_does_not_believe_a_node_of_another_authority_or_another_client()
    {
        using ClientListener listener = Listen(new Acceptor());
        CommsException e = await Assert.ThrowsAsync<CommsException>(() => Connect(listener, new Recorder(), TestCertificates.Store(_folder.File("other"), "client-billing")));
        Assert.Equal(CommsErrorCode.CertificateInvalid, e.Code);
        Assert.Contains("not one of this cluster's authority", e.Message);

        using var impostor = new ClientListener(
            new ClientListenerOptions { Endpoint = CommsEndpoint.Parse("tcp://127.0.0.1:0"), Certificates = Certificate("client-impostor") }, new Acceptor());
        e = await Assert.ThrowsAsync<CommsException>(() => Connect(impostor, new Recorder(), Certificate("client-billing")));
        Assert.Equal(CommsErrorCode.CertificateInvalid, e.Code);
    }

    [Fact]
    public async Task The_certificate_of_a_node_is_not_that_of_a_client_and_the_client_is_told()
    {
        using ClientListener listener = Listen(new Acceptor { Admits = false });
        var recorder = new Recorder();
        await Connect(listener, recorder, Certificate("node-2"));
        LinkEnd end = await Wait.For(recorder.End);
        Assert.Equal((LinkEndReason.Refused, RefusalCode.CertificateMismatch), (end.Reason, end.Refusal));
    }

    [Fact]
    public async Task A_revoked_client_is_told()
    {
        CertificateStore client = Certificate("client-billing");
        string list = _folder.File("revoked");
        File.WriteAllText(list, X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Pki, "client-billing.crt")).SerialNumber);
        using var listener = new ClientListener(
            new ClientListenerOptions { Endpoint = CommsEndpoint.Parse("tcp://127.0.0.1:0"), Certificates = TestCertificates.Store(Pki, "node-1", revoked: list) },
            new Acceptor { Admits = false });
        var recorder = new Recorder();
        await Connect(listener, recorder, client);
        LinkEnd end = await Wait.For(recorder.End);
        Assert.Equal((LinkEndReason.Refused, RefusalCode.CertificateRevoked), (end.Reason, end.Refusal));
    }

    [Theory]
    [InlineData(32)]
    [InlineData(0)]
    public async Task A_client_whose_certificate_is_revoked_is_told_and_others_are_served_on(int threadedMax)
    {
        string list = _folder.File("revoked");
        File.WriteAllText(list, "");
        CertificateStore certificates = TestCertificates.Store(Pki, "node-1", revoked: list);
        var acceptor = new Acceptor();
        using var listener = new ClientListener(
            new ClientListenerOptions { Endpoint = CommsEndpoint.Parse("tcp://127.0.0.1:0"), Certificates = certificates, ThreadedMax = threadedMax }, acceptor);
        Recorder billing = new(), shop = new();
        ClientLink revoked = await Connect(listener, billing, Certificate("client-billing"));
        ClientLink other = await Connect(listener, shop, Certificate("client-shop"));
        revoked.TrySend(1, 1, 0, [1]);
        other.TrySend(1, 2, 0, [1]);
        Assert.Equal((1ul, 2ul), ((await billing.Next()).Sequence, (await shop.Next()).Sequence));
        (_, Recorder one) = await acceptor.Next();
        (_, Recorder two) = await acceptor.Next();

        File.WriteAllText(list, X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Pki, "client-billing.crt")).SerialNumber);
        certificates.Reload();

        LinkEnd end = await Wait.For(billing.End);
        Assert.Equal((LinkEndReason.Refused, RefusalCode.CertificateRevoked), (end.Reason, end.Refusal));
        Assert.Equal(LinkEndReason.Withdrawn, (await Wait.For(await Task.WhenAny(one.End, two.End))).Reason);
        Assert.Equal(SendResult.Accepted, other.TrySend(1, 7, 0, [1]));
        Assert.False(shop.End.IsCompleted);
        Assert.Equal(0, listener.Statistics.Refused);
    }

    [Fact]
    public async Task Silence_and_nonsense_before_tls_cost_a_place_for_a_while_only()
    {
        var acceptor = new Acceptor { Admits = false };
        using var listener = new ClientListener(
            new ClientListenerOptions
            {
                Endpoint = CommsEndpoint.Parse("tcp://127.0.0.1:0"),
                Certificates = Certificate("node-1"),
                HelloBudget = TimeSpan.FromSeconds(2),
                UnadmittedMax = 8,
            },
            acceptor);
        List<Socket> silent = [];
        for (int i = 0; i < 20; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect((IPEndPoint)listener.Endpoint.Address);
            silent.Add(socket);
        }

        silent[^1].Send("GET / HTTP/1.1\r\n\r\n"u8);
        var recorder = new Recorder();
        ClientLink client = await Connect(listener, recorder, Certificate("client-billing"));
        for (int i = 0; i < silent.Count; i++) await acceptor.Next();
        (await acceptor.Next()).Link.Admit();
        client.TrySend(1, 7, 0, [1]);
        Assert.Equal(7ul, (await recorder.Next()).Sequence);
        await Wait.Until(() => listener.Statistics is { Unadmitted: 0, Connected: 1 }, "the silent ones have gone");
        foreach (Socket socket in silent) socket.Dispose();
    }

    [Fact]
    public async Task Without_a_certificate_a_client_does_not_leave_its_machine()
    {
        CommsEndpoint far = CommsEndpoint.Parse("tcp://10.0.0.1:7601");
        CommsException e = await Assert.ThrowsAsync<CommsException>(() => ClientLink.ConnectAsync(far, new Recorder(), cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(CommsErrorCode.InsecureEndpoint, e.Code);
        e = Assert.Throws<CommsException>(() => new ClientListener(new ClientListenerOptions { Endpoint = CommsEndpoint.Parse("tcp://0.0.0.0:0") }, new Acceptor()));
        Assert.Equal(CommsErrorCode.InsecureEndpoint, e.Code);
        Assert.Contains("tyer cert", e.Message);
    }

    private ClientListener Listen(Acceptor acceptor, int threadedMax = 32) => new(
        new ClientListenerOptions { Endpoint = CommsEndpoint.Parse("tcp://0.0.0.0:0"), Certificates = Certificate("node-1"), ThreadedMax = threadedMax }, acceptor);

    private CertificateStore Certificate(string who) => TestCertificates.Store(Pki, who);

    private static Task<ClientLink> Connect(ClientListener listener, Recorder recorder, CertificateStore certificates) => Wait.For(ClientLink.ConnectAsync(
        CommsEndpoint.OfTcp(new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)listener.Endpoint.Address).Port)),
        recorder,
        certificates: certificates,
        cancellationToken: TestContext.Current.CancellationToken));
}
