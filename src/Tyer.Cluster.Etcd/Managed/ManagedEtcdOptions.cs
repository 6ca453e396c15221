using System.Globalization;
using System.Net;

namespace Tyer.Cluster.Etcd.Managed;

/// <summary>What a node runs a member of etcd with: a fixed list, the same on all nodes.</summary>
public sealed class ManagedEtcdOptions
{
    /// <summary>This node's name, one of <see cref="Members"/>.</summary>
    public required string Name { get; init; }

    /// <summary>The cluster's name: members of another one are refused.</summary>
    public required string Cluster { get; init; }

    /// <summary>All members and where they reach each other, such as n1 and <c>http://10.0.0.1:2380</c>; an odd number, best three or five.</summary>
    public required IReadOnlyList<KeyValuePair<string, Uri>> Members { get; init; }

    /// <summary>Where each serves its clients, in the same order.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>Where this member keeps its data.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The file with the certificates of the authorities that members and clients are believed by (PEM), where addresses are <c>https</c>.</summary>
    public string? Authority { get; init; }

    /// <summary>The file with this member's certificate (PEM), which has its addresses.</summary>
    public string? Certificate { get; init; }

    /// <summary>The file with the key to it (PEM).</summary>
    public string? PrivateKey { get; init; }

    /// <summary>What an operator must know: that others on the network can join in, or read. Null for nothing.</summary>
    public string? Caution => Members.Select(member => member.Value).Concat(Endpoints).FirstOrDefault(address => address.Scheme == "http" && !IsLoopback(address)) is { } open
        ? $"etcd listens at {open} without encryption, and asks nobody who he is: keep that network to the cluster's machines, or use https."
        : null;

    /// <summary>Reads members: <c>n1=http://10.0.0.1:2380,n2=…</c>.</summary>
    /// <exception cref="FormatException">The message says what is right.</exception>
    public static IReadOnlyList<KeyValuePair<string, Uri>> ParseMembers(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var members = new List<KeyValuePair<string, Uri>>();
        foreach (string each in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (each.Split('=', 2) is not [{ Length: > 0 } name, var address] || !Uri.TryCreate(address, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
                throw new FormatException($"'{each}' is no member; one looks like n1=http://10.0.0.1:2380");
            members.Add(new(name, url));
        }

        return members;
    }

    /// <summary>Checks all this.</summary>
    /// <exception cref="ArgumentException">The message names the option, and what it takes.</exception>
    public void Validate()
    {
        if (!Members.Any(member => member.Key == Name))
            throw new ArgumentException($"EtcdMembers has {string.Join(", ", Members.Select(member => member.Key))}, but not this node, {Name}: list it, or leave EtcdMembers out where etcd is run by somebody else.");
        if (Endpoints.Count != Members.Count)
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"EtcdEndpoints has {Endpoints.Count} addresses and EtcdMembers {Members.Count}: list where each member serves its clients, in the same order."));
        if (Members.Count % 2 == 0)
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"EtcdMembers has {Members.Count} members; an even number fails as soon as one less does: run three or five."));
        if (Members.Select(member => member.Value).Concat(Endpoints).Any(address => address.Scheme == "https") && (Authority is null || Certificate is null || PrivateKey is null))
            throw new ArgumentException("EtcdMembers or EtcdEndpoints has https, which needs EtcdAuthority, EtcdCertificate and EtcdPrivateKey.");
    }

    /// <summary>Where the others reach this member.</summary>
    internal Uri OwnPeer => Members[OwnIndex].Value;

    /// <summary>Where this member serves its clients.</summary>
    internal Uri OwnEndpoint => Endpoints[OwnIndex];

    private int OwnIndex => Members.ToList().FindIndex(member => member.Key == Name);

    /// <summary>What the program is called with.</summary>
    /// <param name="joins">Whether the others are a cluster already, and expect it; without effect where it has data.</param>
    internal IEnumerable<string> Arguments(bool joins)
    {
        string peer = Text(OwnPeer);
        string client = Text(OwnEndpoint);
        yield return $"--name={Name}";
        yield return $"--data-dir={DataDirectory}";
        yield return $"--listen-peer-urls={peer}";
        yield return $"--initial-advertise-peer-urls={peer}";
        yield return $"--listen-client-urls={client}";
        yield return $"--advertise-client-urls={client}";
        yield return $"--initial-cluster={string.Join(",", Members.Select(member => $"{member.Key}={Text(member.Value)}"))}";
        yield return $"--initial-cluster-token=tyer-{Cluster}";
        yield return $"--initial-cluster-state={(joins ? "existing" : "new")}";
        // In hours: far longer than any node goes on without hearing of it.
        yield return "--auto-compaction-retention=24";
        if (Certificate is null) yield break;
        foreach (string side in (string[])["", "peer-"])
        {
            yield return $"--{side}cert-file={Certificate}";
            yield return $"--{side}key-file={PrivateKey}";
            yield return $"--{side}trusted-ca-file={Authority}";
            yield return $"--{side}client-cert-auth=true";
        }
    }

    // Etcd takes no path, not even the empty one.
    internal static string Text(Uri address) => address.GetLeftPart(UriPartial.Authority);

    private static bool IsLoopback(Uri address) => address.Host == "localhost" || (IPAddress.TryParse(address.Host.Trim('[', ']'), out IPAddress? ip) && IPAddress.IsLoopback(ip));
}
