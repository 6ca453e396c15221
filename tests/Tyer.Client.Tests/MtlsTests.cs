using Tyer.Comms.Security;

namespace Tyer.Client.Tests;

/// <summary>Clients that reach a node over TCP, with certificates.</summary>
public sealed class MtlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-mtls-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public MtlsTests() => CertificateMaker.Make(_folder, "tyer", [1], ["billing"]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_client_with_a_certificate_locks_from_afar_under_its_certified_name_and_may_not_administer()
    {
        await using var node = await TyerNode.StartAsync(Node(), Stop);
        await using var client = await TyerClient.ConnectAsync(Client(node), Stop);
        await using var locks = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);

        await using var handle = await locks.LockAsync("orders/42", LockMode.Exclusive, Stop);

        Assert.True(handle.Token.CompareTo(default) > 0);
        var session = await client.Administration.SessionsAsync(Stop).SingleAsync(each => each.Transport == "tls", Stop);
        Assert.Equal("billing", session.Owner.User);
        Assert.False(session.Owner.Verified);
        await Assert.ThrowsAsync<LockRefusedException>(() => client.Administration.RevokeAsync(handle.Id, "test", Stop).AsTask());
    }

    [Fact]
    public async Task Certificates_are_changed_without_losing_sessions()
    {
        await using var node = await TyerNode.StartAsync(Node(), Stop);
        await using var client = await TyerClient.ConnectAsync(Client(node), Stop);
        await using var locks = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);
        await using var handle = await locks.LockAsync("orders/42", LockMode.Exclusive, Stop);

        // A new authority beside the old one: who has a certificate of the old one stays.
        var former = await File.ReadAllTextAsync(PathOf("ca.crt"), Stop);
        foreach (var file in Directory.GetFiles(_folder))
            File.Delete(file);
        CertificateMaker.Make(_folder, "tyer", [1], ["billing"]);
        var authority = await File.ReadAllTextAsync(PathOf("ca.crt"), Stop);
        await File.WriteAllTextAsync(PathOf("ca.crt"), authority + former, Stop);
        node.ReloadSecurity();
        await using var fresh = await TyerClient.ConnectAsync(Client(node), Stop);

        Assert.False(handle.Lost.IsCancellationRequested);
        Assert.True(client.IsConnected);
        await handle.ConvertAsync(LockMode.ProtectedRead, Stop);
        await using var space = await fresh.OpenLockspaceAsync("orders", cancellationToken: Stop);
        await using var read = await space.TryLockAsync("orders/42", LockMode.ProtectedRead, TimeSpan.FromSeconds(20), Stop);
        Assert.NotNull(read);

        // The old one is not believed any more.
        await File.WriteAllTextAsync(PathOf("ca.crt"), authority, Stop);
        node.ReloadSecurity();
        await UntilLostAsync(handle);
        Assert.False(read.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_client_without_a_certificate_or_with_another_authoritys_is_not_served()
    {
        await using var node = await TyerNode.StartAsync(Node(), Stop);
        var without = Client(node);
        without.Certificate = without.PrivateKey = without.Authority = null;
        without.ConnectTimeout = TimeSpan.FromSeconds(3);
        await Assert.ThrowsAsync<LockUnavailableException>(() => TyerClient.ConnectAsync(without, Stop).AsTask());

        var other = Path.Combine(_folder, "other");
        CertificateMaker.Make(other, "tyer", [], ["billing"]);
        var stranger = Client(node);
        (stranger.Certificate, stranger.PrivateKey, stranger.Authority) = (other + "/client-billing.crt", other + "/client-billing.key", other + "/ca.crt");
        var fault = await Assert.ThrowsAsync<LockUnavailableException>(() => TyerClient.ConnectAsync(stranger, Stop).AsTask());
        Assert.Contains("not one of this cluster's authority", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_missing_is_named()
    {
        var half = new TyerClientOptions { Endpoint = "tcp://127.0.0.1:1", Certificate = "/c" };
        Assert.Contains("three files", Assert.Throws<ArgumentException>(half.Validate).Message, StringComparison.Ordinal);
        var none = new TyerClientOptions { Endpoint = "tcp://127.0.0.1:1", Certificate = "/none", PrivateKey = "/none", Authority = "/none" };
        Assert.Contains("/none: there is no such file", (await Assert.ThrowsAsync<ArgumentException>(() => TyerClient.ConnectAsync(none, Stop).AsTask())).Message, StringComparison.Ordinal);
        var node = new TyerNodeOptions { Name = "n1", Volatile = true, ClientEndpoints = { "tcp://0.0.0.0:0" } };
        Assert.Contains("tyer cert", Assert.Throws<ArgumentException>(node.Validate).Message, StringComparison.Ordinal);
        var elsewhere = Node();
        elsewhere.Cluster = "prod";
        var wrong = await Assert.ThrowsAnyAsync<IOException>(() => TyerNode.StartAsync(elsewhere, Stop).AsTask());
        Assert.Contains("speaks of cluster 'tyer', and this node is of cluster 'prod'", wrong.Message, StringComparison.Ordinal);
    }

    private static async Task UntilLostAsync(LockHandle handle)
    {
        var lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = handle.Lost.Register(lost.SetResult);
        await lost.Task.WaitAsync(TimeSpan.FromSeconds(30), Stop);
    }

    private string PathOf(string file) => Path.Combine(_folder, file);

    private TyerNodeOptions Node() => new()
    {
        Name = "n1",
        Volatile = true,
        ClientEndpoints = { "tcp://0.0.0.0:0" },
        Certificate = PathOf("node-1.crt"),
        PrivateKey = PathOf("node-1.key"),
        Authority = PathOf("ca.crt"),
    };

    private TyerClientOptions Client(TyerNode node) => new()
    {
        Endpoint = node.ClientEndpoints[0].Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal),
        Certificate = PathOf("client-billing.crt"),
        PrivateKey = PathOf("client-billing.key"),
        Authority = PathOf("ca.crt"),
    };
}
