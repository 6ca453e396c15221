using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tyer.Comms.Links;

namespace Tyer.Comms.Security;

/// <summary>
/// What the other side of a link has proved itself by. It is judged again when what this node believes has changed: a link lives no longer
/// than the belief that it was let in by.
/// </summary>
internal abstract class Credential
{
    /// <summary>Whether it would be believed today: why not, or none.</summary>
    public abstract RefusalCode Judge();

    /// <summary>Its name, and nothing secret.</summary>
    public abstract override string ToString();
}

/// <summary>A key of the cluster: good as long as it is in the file, the same secret under the same id.</summary>
internal sealed class KeyCredential(PeerSecurity security, ClusterKey key) : Credential
{
    /// <inheritdoc/>
    public override RefusalCode Judge() =>
        security.Ring.Find(key.Id) is { } present && CryptographicOperations.FixedTimeEquals(present.Secret, key.Secret) ? RefusalCode.None : RefusalCode.KeyWithdrawn;

    /// <inheritdoc/>
    public override string ToString() => key.ToString();
}

/// <summary>A certificate: good as long as it is not on the list of those revoked, has not expired, and the authority is the cluster's.</summary>
/// <param name="store">Whose certificates are believed.</param>
/// <param name="serial">Its serial number.</param>
/// <param name="chain">It, and those that were between it and the authority's, as they came.</param>
internal sealed class CertificateCredential(CertificateStore store, string serial, IReadOnlyList<byte[]> chain) : Credential
{
    /// <inheritdoc/>
    public override RefusalCode Judge()
    {
        if (store.IsRevoked(serial)) return RefusalCode.CertificateRevoked;

        var certificates = new X509Certificate2Collection();
        using var check = new X509Chain { ChainPolicy = store.NewPolicy() };
        try
        {
            foreach (byte[] certificate in chain) certificates.Add(X509CertificateLoader.LoadCertificate(certificate));
            check.ChainPolicy.ExtraStore.AddRange(certificates);
            return check.Build(certificates[0]) ? RefusalCode.None : RefusalCode.CertificateInvalid;
        }
        finally
        {
            foreach (X509Certificate2 certificate in certificates) certificate.Dispose();
            foreach (X509ChainElement element in check.ChainElements) element.Certificate.Dispose();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"certificate {serial}";
}
