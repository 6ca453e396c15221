using Tyer.Comms.Security;

namespace Tyer.Comms.Tests.Security;

/// <summary>Authorities in folders, and what they have issued.</summary>
internal static class TestCertificates
{
    /// <summary>The files of somebody, such as <c>node-1</c>; made if they are not there.</summary>
    public static CertificateFiles Files(string folder, string who, string cluster = "test", string? revoked = null)
    {
        string path = Path.Combine(folder, who);
        if (!File.Exists(path + ".crt"))
        {
            string[] parts = who.Split('-', 2);
            if (parts[0] == "node") CertificateMaker.Make(folder, cluster, [uint.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture)], []);
            else CertificateMaker.Make(folder, cluster, [], [parts[1]]);
        }

        return new CertificateFiles(path + ".crt", path + ".key", Path.Combine(folder, "ca.crt"), revoked);
    }

    public static CertificateStore Store(string folder, string who, string cluster = "test", string? revoked = null) => new(Files(folder, who, cluster, revoked));
}
