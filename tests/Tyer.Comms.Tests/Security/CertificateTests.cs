using System.Security.Cryptography.X509Certificates;
using Tyer.Comms.Security;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Security;

public sealed class CertificateTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Certificates_are_made_with_an_authority_of_their_own()
    {
        string folder = _folder.File("pki");

        IReadOnlyList<string> made = CertificateMaker.Make(folder, "Prod_1.x", [1, 2], ["billing"]);

        Assert.Equal(
            ["ca.crt", "ca.key", "node-1.crt", "node-1.key", "node-2.crt", "node-2.key", "client-billing.crt", "client-billing.key"],
            made.Select(file => Path.GetFileName(file)));
        Assert.All(
            made.Where(file => file.EndsWith(".key", StringComparison.Ordinal)),
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        CertificateStore node = TestCertificates.Store(folder, "node-2");
        Assert.Equal("Prod_1.x", node.Cluster);
        Assert.True(node.Own.IsNode("Prod_1.x", 2));
        Assert.False(node.Own.IsNode("Prod_1.x", 22));
        Assert.False(node.Own.IsNode("prod_1.x", 2));
        Assert.Null(node.Own.ClientOf("Prod_1.x"));
        CertificateStore client = TestCertificates.Store(folder, "client-billing");
        Assert.Equal("billing", client.Own.ClientOf("Prod_1.x"));
        Assert.Null(client.Own.ClientOf("Prod_1"));
        Assert.False(client.Own.IsAnyNode("Prod_1.x"));
    }

    [Fact]
    public void An_authority_that_is_there_is_used_again_and_nothing_is_overwritten()
    {
        string folder = _folder.File("pki");
        CertificateMaker.Make(folder, "c", [1], []);
        string authority = File.ReadAllText(Path.Combine(folder, "ca.crt"));

        Assert.Equal(2, CertificateMaker.Make(folder, "c", [2], []).Count);
        Assert.Equal(authority, File.ReadAllText(Path.Combine(folder, "ca.crt")));
        Assert.Contains("it exists", Assert.Throws<CommsException>(() => CertificateMaker.Make(folder, "c", [2], [])).Message);
        Assert.Contains("not of cluster d", Assert.Throws<CommsException>(() => CertificateMaker.Make(folder, "d", [3], [])).Message);
    }

    [Fact]
    public void What_cannot_be_used_is_named_with_its_file()
    {
        string folder = _folder.File("pki");
        CertificateFiles good = TestCertificates.Files(folder, "node-1");

        AssertFault(good with { Certificate = folder + "/none" }, folder + "/none", "no such file");
        AssertFault(good with { PrivateKey = folder + "/none" }, folder + "/none", "no such file");
        AssertFault(good with { PrivateKey = TestCertificates.Files(folder, "node-2").PrivateKey }, good.Certificate, "");
        AssertFault(good with { Authority = folder + "/none" }, folder + "/none", "no such file");
        AssertFault(good with { Authority = good.PrivateKey }, good.PrivateKey, "no certificate");
        AssertFault(good with { Certificate = good.Authority, PrivateKey = folder + "/ca.key" }, good.Authority, "tyer:CLUSTER/node/2");
        File.WriteAllText(folder + "/revoked", "0A:1b\n# comment\nxyz\n");
        AssertFault(good with { Revoked = folder + "/revoked" }, folder + "/revoked", "'xyz' is no serial number");
        File.SetUnixFileMode(good.PrivateKey, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        AssertFault(good, good.PrivateKey, $"chmod 600 {good.PrivateKey}");
    }

    [Fact]
    public void The_list_of_revoked_serials_takes_what_tools_print()
    {
        string folder = _folder.File("pki");
        CertificateFiles good = TestCertificates.Files(folder, "node-1");
        File.WriteAllText(folder + "/revoked", "  00:0a:1B:2c  # lost\n\nFF\n");
        var store = new CertificateStore(good with { Revoked = folder + "/revoked" });
        Assert.True(store.IsRevoked("0A1B2C"));
        Assert.True(store.IsRevoked("0ff"));
        Assert.False(store.IsRevoked("0A1B2D"));
    }

    [Fact]
    public void Names_of_other_kinds_do_not_count()
    {
        using var pair = System.Security.Cryptography.ECDsa.Create();
        var request = new CertificateRequest("CN=tyer:test/node/1", pair, System.Security.Cryptography.HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("tyer.test");
        names.AddUri(new Uri("https://tyer.test/node/1"));
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        CertificateIdentity identity = CertificateIdentity.Of(certificate);
        Assert.Empty(identity.Names);
        Assert.Null(identity.Cluster);
    }

    [Fact]
    public void Names_that_cannot_be_read_name_nobody() => Seeds.ForEach(300, dice =>
    {
        using var pair = System.Security.Cryptography.ECDsa.Create();
        var request = new CertificateRequest("CN=x", pair, System.Security.Cryptography.HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri("tyer:test/node/1"));
        byte[] raw = names.Build().RawData;
        raw[dice.Below(raw.Length)] ^= (byte)(1 << dice.Below(8));
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", raw[..dice.Between(1, raw.Length)], critical: false));
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        Assert.False(CertificateIdentity.Of(certificate).IsNode("test", 1));
    });

    private static void AssertFault(CertificateFiles files, string file, string what)
    {
        CommsException e = Assert.Throws<CommsException>(() => new CertificateStore(files));
        Assert.Equal(CommsErrorCode.CertificateInvalid, e.Code);
        Assert.StartsWith($"Certificate file {file}: ", e.Message);
        Assert.Contains(what, e.Message);
    }
}
