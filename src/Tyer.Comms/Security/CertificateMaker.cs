using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Tyer.Comms.Security;

/// <summary>
/// A small authority in a folder, for clusters that have none: its own certificate and key, and certificates for nodes and clients. Whoever
/// can read its key can be any node, so the folder belongs to an operator and not on a node.
/// </summary>
public static class CertificateMaker
{
    /// <summary>Days for which certificates of nodes and clients are good, unless said otherwise.</summary>
    public const int DaysDefault = 365;

    private const int AuthorityDays = 10 * 365;
    private const int SerialBytes = 16;
    private const string AuthorityName = "ca";

    private static readonly Oid[] OfClient = [new("1.3.6.1.5.5.7.3.2")];
    private static readonly Oid[] OfNode = [.. OfClient, new("1.3.6.1.5.5.7.3.1")];

    /// <summary>Makes certificates, and the authority if the folder has none. Files that are there stay as they are.</summary>
    /// <param name="folder">The folder; made for its owner only if it is not there.</param>
    /// <param name="cluster">The name of the cluster.</param>
    /// <param name="nodes">The ids of the nodes that are to have a certificate.</param>
    /// <param name="clients">The names of the clients that are to have one.</param>
    /// <param name="days">For how long they are good.</param>
    /// <returns>The files that were made.</returns>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.CertificateInvalid"/>, with file and reason.</exception>
    public static IReadOnlyList<string> Make(string folder, string cluster, IEnumerable<uint> nodes, IEnumerable<string> clients, int days = DaysDefault)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(clients);
        ArgumentOutOfRangeException.ThrowIfLessThan(days, 1);
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, PrivateFile.OwnerOnly | UnixFileMode.UserExecute);
            List<string> made = [];
            using X509Certificate2 authority = Authority(folder, cluster, made);
            foreach (uint id in nodes)
                Issue(folder, authority, string.Create(CultureInfo.InvariantCulture, $"node-{id}"), CertificateIdentity.OfNode(cluster, id), OfNode, days, made);
            foreach (string name in clients) Issue(folder, authority, $"client-{name}", CertificateIdentity.OfClient(cluster, name), OfClient, days, made);
            return made;
        }
        catch (Exception e) when (e is (IOException and not CommsException) or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommsException(CommsErrorCode.CertificateInvalid, $"Cannot make certificates in {folder}: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static X509Certificate2 Authority(string folder, string cluster, List<string> made)
    {
        string file = Path.Combine(folder, AuthorityName + ".crt");
        string key = Path.Combine(folder, AuthorityName + ".key");
        string subject = $"CN=Tyer cluster {cluster}";
        if (File.Exists(file))
        {
            X509Certificate2 found = X509Certificate2.CreateFromPemFile(file, key);
            if (found.Subject == subject) return found;
            throw new CommsException(CommsErrorCode.CertificateInvalid, $"Certificate file {file}: it is the authority of '{found.Subject[3..]}', not of cluster {cluster}; take another folder.");
        }

        using ECDsa pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, pair, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        X509Certificate2 authority = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(AuthorityDays));
        Write(file, key, authority, pair, made);
        return authority;
    }

    private static void Issue(string folder, X509Certificate2 authority, string fileName, string name, Oid[] uses, int days, List<string> made)
    {
        string file = Path.Combine(folder, fileName + ".crt");
        string key = Path.Combine(folder, fileName + ".key");
        if (File.Exists(file) || File.Exists(key))
            throw new CommsException(CommsErrorCode.CertificateInvalid, $"Certificate file {file}: it exists, with its key; move both away to have new ones made.");

        using ECDsa pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name.Replace('/', ' ')}", pair, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddUri(new Uri(name));
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. uses], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        DateTimeOffset end = now.AddDays(days) < authority.NotAfter ? now.AddDays(days) : authority.NotAfter;
        using X509Certificate2 issued = request.Create(authority, now.AddHours(-1) > authority.NotBefore ? now.AddHours(-1) : authority.NotBefore, end, NewSerial());
        Write(file, key, issued, pair, made);
    }

    private static byte[] NewSerial()
    {
        // Positive, and of full length.
        byte[] serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] = (byte)((serial[0] & 0x3F) | 0x40);
        return serial;
    }

    private static void Write(string file, string key, X509Certificate2 certificate, ECDsa pair, List<string> made)
    {
        using (FileStream secret = PrivateFile.Create(key))
        {
            byte[] pkcs8 = pair.ExportPkcs8PrivateKey();
            char[] pem = PemEncoding.Write("PRIVATE KEY", pkcs8);
            byte[] bytes = Encoding.ASCII.GetBytes(pem);
            secret.Write(bytes);
            secret.Flush(flushToDisk: true);
            CryptographicOperations.ZeroMemory(pkcs8);
            CryptographicOperations.ZeroMemory(bytes);
            Array.Clear(pem);
        }

        File.WriteAllText(file, certificate.ExportCertificatePem() + "\n");
        made.AddRange([file, key]);
    }
}
