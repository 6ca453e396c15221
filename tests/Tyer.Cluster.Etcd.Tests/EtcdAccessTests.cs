using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tyer.Cluster.Etcd.Client;

namespace Tyer.Cluster.Etcd.Tests;

/// <summary>An etcd that asks who one is, as the clients of etcd know it.</summary>
public sealed class EtcdAccessTests : IDisposable
{
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("tyer-etcd-access-");

    [Fact]
    public async Task A_user_is_let_in_with_the_right_password_and_no_other()
    {
        await using EtcdServer etcd = await EtcdServer.StartAsync();
        await AskAsync(etcd, "auth/user/add", """{"name":"root","password":"high"}""");
        await AskAsync(etcd, "auth/role/add", """{"name":"root"}""");
        await AskAsync(etcd, "auth/user/grant", """{"user":"root","role":"root"}""");
        await AskAsync(etcd, "auth/enable", "{}");

        using var right = new EtcdClient(new EtcdOptions { Endpoints = [etcd.Endpoint], User = "root", Password = "high" });
        Assert.Null((await right.RangeAsync(new RangeRequest("key"u8.ToArray()), TestContext.Current.CancellationToken)).Kvs);
        using var wrong = new EtcdClient(new EtcdOptions { Endpoints = [etcd.Endpoint], User = "root", Password = "low" });
        await RefusedAsync(wrong);
        using var nobody = new EtcdClient(new EtcdOptions { Endpoints = [etcd.Endpoint] });
        await RefusedAsync(nobody);
    }

    [Fact]
    public async Task Both_sides_show_certificates_of_the_same_authority()
    {
        using X509Certificate2 authority = Authority("etcd-ca");
        using X509Certificate2 stranger = Authority("another-ca");
        string ca = Write("ca.crt", authority.ExportCertificatePem());
        (string server, string serverKey) = Issue(authority, "server");
        (string node, string nodeKey) = Issue(authority, "node");
        (string other, string otherKey) = Issue(stranger, "other");
        await using EtcdServer etcd = await EtcdServer.StartSecureAsync(
            ca, node, nodeKey, "--cert-file", server, "--key-file", serverKey, "--trusted-ca-file", ca, "--client-cert-auth=true");

        using var right = new EtcdClient(new EtcdOptions { Endpoints = [etcd.Endpoint], Authority = ca, Certificate = node, PrivateKey = nodeKey });
        Assert.Null((await right.RangeAsync(new RangeRequest("key"u8.ToArray()), TestContext.Current.CancellationToken)).Kvs);
        using var unknown = new EtcdClient(new EtcdOptions { Endpoints = [etcd.Endpoint], Authority = ca, Certificate = other, PrivateKey = otherKey });
        await RefusedAsync(unknown);
        // An etcd whose authority is not ours is not believed, whatever it lets in.
        using var deceived = new EtcdClient(new EtcdOptions
        {
            Endpoints = [etcd.Endpoint], Authority = Write("other-ca.crt", stranger.ExportCertificatePem()), Certificate = node, PrivateKey = nodeKey,
        });
        await RefusedAsync(deceived);
    }

    public void Dispose() => _files.Delete(recursive: true);

    private static async Task RefusedAsync(EtcdClient client) =>
        await Assert.ThrowsAsync<EtcdException>(() => client.RangeAsync(new RangeRequest("key"u8.ToArray()), TestContext.Current.CancellationToken));

    private static async Task AskAsync(EtcdServer etcd, string path, string json)
    {
        using var http = new HttpClient();
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await http.PostAsync(new Uri(etcd.Endpoint, $"v3/{path}"), content, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private (string Certificate, string Key) Issue(X509Certificate2 authority, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var addresses = new SubjectAlternativeNameBuilder();
        addresses.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(addresses.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using X509Certificate2 certificate = request.Create(authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(8));
        return (Write($"{name}.crt", certificate.ExportCertificatePem()), Write($"{name}.key", key.ExportPkcs8PrivateKeyPem()));
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_files.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
