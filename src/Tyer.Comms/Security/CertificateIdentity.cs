using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tyer.Comms.Security;

/// <summary>
/// Whom a certificate speaks of: names of the form <c>tyer:CLUSTER/node/ID</c> or <c>tyer:CLUSTER/client/NAME</c> among its alternative
/// names (URI). Nothing else in it names anybody.
/// </summary>
/// <param name="Names">The names.</param>
/// <param name="Serial">Its serial number, in hexadecimal digits.</param>
internal sealed record CertificateIdentity(IReadOnlyList<string> Names, string Serial)
{
    private const string Scheme = "tyer:";
    private const int UriTag = 6;

    /// <summary>The name of a node.</summary>
    public static string OfNode(string cluster, uint id) => string.Create(CultureInfo.InvariantCulture, $"{Scheme}{cluster}/node/{id}");

    /// <summary>The name of a client.</summary>
    public static string OfClient(string cluster, string name) => $"{Scheme}{cluster}/client/{name}";

    /// <summary>Reads a certificate.</summary>
    public static CertificateIdentity Of(X509Certificate2 certificate)
    {
        try
        {
            return new CertificateIdentity([.. NamesOf(certificate)], certificate.SerialNumber);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            // An authority that signs what cannot be read names nobody by it.
            return new CertificateIdentity([], certificate.SerialNumber);
        }
    }

    /// <summary>Whether it speaks of this node.</summary>
    public bool IsNode(string cluster, uint id) => Names.Contains(OfNode(cluster, id));

    /// <summary>Whether it speaks of some node of a cluster.</summary>
    public bool IsAnyNode(string cluster) => Names.Any(name => name.StartsWith($"{Scheme}{cluster}/node/", StringComparison.Ordinal));

    /// <summary>The name of the client of a cluster that it speaks of, or null.</summary>
    public string? ClientOf(string cluster)
    {
        string prefix = $"{Scheme}{cluster}/client/";
        return Names.FirstOrDefault(name => name.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];
    }

    /// <summary>The cluster that it speaks of, or null when that is none or not one.</summary>
    public string? Cluster => Names.Select(name => name[Scheme.Length..name.IndexOf('/', StringComparison.Ordinal)]).Distinct().ToArray() is [var one] ? one : null;

    private static IEnumerable<string> NamesOf(X509Certificate2 certificate)
    {
        foreach (X509SubjectAlternativeNameExtension extension in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            AsnReader names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                Asn1Tag tag = names.PeekTag();
                if (tag is { TagClass: TagClass.ContextSpecific, TagValue: UriTag })
                {
                    string name = names.ReadCharacterString(UniversalTagNumber.IA5String, tag);
                    if (name.StartsWith(Scheme, StringComparison.Ordinal) && name.Contains('/', StringComparison.Ordinal)) yield return name;
                }
                else
                {
                    names.ReadEncodedValue();
                }
            }
        }
    }
}
