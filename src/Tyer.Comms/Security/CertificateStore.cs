using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Win32.SafeHandles;

namespace Tyer.Comms.Security;

/// <summary>Where a node's or a client's certificate is, and whose certificates it believes. PEM files.</summary>
/// <param name="Certificate">Its own certificate, and those between it and the authority's, if there are any.</param>
/// <param name="PrivateKey">The key to it, for its owner only.</param>
/// <param name="Authority">The certificates of the authority of the cluster.</param>
/// <param name="Revoked">A list of serial numbers that are not believed any more, one a line; null for none.</param>
public sealed record CertificateFiles(string Certificate, string PrivateKey, string Authority, string? Revoked = null);

/// <summary>
/// A certificate and whose certificates it believes; read from files, and read again while connections stand: those whose certificate is not
/// believed any more are ended by who has them.
/// </summary>
public sealed class CertificateStore
{
    private readonly CertificateFiles _files;
    private volatile Content _content;

    /// <summary>Reads the files.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.CertificateInvalid"/>, with file and reason.</exception>
    public CertificateStore(CertificateFiles files)
    {
        ArgumentNullException.ThrowIfNull(files);
        _files = files;
        _content = Read(files);
    }

    /// <summary>The files were read again. On the thread that did it.</summary>
    internal event Action? Reloaded;

    /// <summary>The name of the cluster that the certificate speaks of.</summary>
    public string Cluster => _content.Own.Cluster!;

    /// <summary>Whom its own certificate speaks of.</summary>
    internal CertificateIdentity Own => _content.Own;

    /// <summary>Its certificate, as TLS sends it.</summary>
    internal SslStreamCertificateContext Context => _content.Context;

    /// <summary>How the other side's certificate is checked: by the cluster's own authority, and by no other.</summary>
    internal X509ChainPolicy NewPolicy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(_content.Authority);
        return policy;
    }

    /// <summary>Whether a serial number is on the list of those that are not believed any more.</summary>
    internal bool IsRevoked(string serial) => _content.Revoked.Contains(Normalize(serial));

    /// <summary>Reads the files again. If that fails, all stays as it was.</summary>
    /// <exception cref="CommsException"><see cref="CommsErrorCode.CertificateInvalid"/>, with file and reason.</exception>
    public void Reload()
    {
        _content = Read(_files);
        Reloaded?.Invoke();
    }

    private static Content Read(CertificateFiles files)
    {
        using X509Certificate2 own = Try(files.Certificate, () =>
        {
            using SafeFileHandle key = File.OpenHandle(files.PrivateKey);
            if (PrivateFile.FaultOf(key, files.PrivateKey) is { } others) throw Fault(files.PrivateKey, others);
            return X509Certificate2.CreateFromPemFile(files.Certificate, files.PrivateKey);
        });
        X509Certificate2Collection chain = Try(files.Certificate, () => ReadAll(files.Certificate));
        X509Certificate2Collection authority = Try(files.Authority, () => ReadAll(files.Authority));
        if (authority.Count == 0) throw Fault(files.Authority, "it holds no certificate");
        HashSet<string> revoked = files.Revoked is { } list ? Try(list, () => ReadRevoked(list)) : [];

        CertificateIdentity identity = CertificateIdentity.Of(own);
        if (identity.Cluster is null)
            throw Fault(files.Certificate, "it names no node or client of one cluster: it needs an alternative name such as tyer:CLUSTER/node/2 (URI); 'tyer cert' makes such certificates");

        // With its key by another way than memory only, which TLS would not take.
        X509Certificate2 usable = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), password: null);
        return new Content(identity, SslStreamCertificateContext.Create(usable, chain, offline: true), authority, revoked);
    }

    private static X509Certificate2Collection ReadAll(string file)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(file);
        return all;
    }

    private static HashSet<string> ReadRevoked(string file) =>
        [.. File.ReadLines(file).Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0).Select(line =>
            Normalize(line) is { Length: > 0 } serial && serial.All(char.IsAsciiHexDigit) ? serial : throw Fault(file, $"'{line}' is no serial number"))];

    /// <summary>Tools print serial numbers with colons, in either case, and with leading zeros.</summary>
    private static string Normalize(string serial) => serial.Replace(":", "", StringComparison.Ordinal).TrimStart('0').ToUpperInvariant();

    private static T Try<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is (IOException and not CommsException) or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw Fault((e as FileNotFoundException)?.FileName ?? file, e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message, e);
        }
    }

    private static CommsException Fault(string file, string what, Exception? cause = null) =>
        new(CommsErrorCode.CertificateInvalid, $"Certificate file {file}: {what.TrimEnd('.')}.", cause);

    private sealed record Content(CertificateIdentity Own, SslStreamCertificateContext Context, X509Certificate2Collection Authority, HashSet<string> Revoked);
}
