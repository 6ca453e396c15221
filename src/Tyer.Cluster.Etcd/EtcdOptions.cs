namespace Tyer.Cluster.Etcd;

/// <summary>Where etcd is, and how to be let in: as the clients of etcd have it.</summary>
public sealed class EtcdOptions
{
    /// <summary>The shortest <see cref="TimeToLive"/>: etcd itself grants no shorter one with its usual election timeout.</summary>
    public static readonly TimeSpan TimeToLiveMin = TimeSpan.FromSeconds(2);

    /// <summary>Addresses of its members, such as <c>http://127.0.0.1:2379</c> or <c>https://…</c>; at least one. All members, so that any may fail.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>What all keys begin with, before the cluster's name. Default: <c>/tyer/</c>.</summary>
    public string Prefix { get; init; } = "/tyer/";

    /// <summary>
    /// How long etcd keeps a node that it does not hear, in whole seconds, 2 s or more: how soon a failure is noticed. Shorter than three election timeouts of
    /// etcd, its members may be taken for failed whenever its leader changes. Default: 6 s.
    /// </summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>The user that etcd knows this node as; null where it asks for none.</summary>
    public string? User { get; init; }

    /// <summary>Its password.</summary>
    public string? Password { get; init; }

    /// <summary>The file with the certificates of the authorities that etcd's own is believed by (PEM); null: those of the system.</summary>
    public string? Authority { get; init; }

    /// <summary>The file with this node's certificate for etcd (PEM); null: none.</summary>
    public string? Certificate { get; init; }

    /// <summary>The file with the key to it (PEM).</summary>
    public string? PrivateKey { get; init; }

    /// <summary>Checks all this.</summary>
    /// <exception cref="ArgumentException">The message names the option, and what it takes.</exception>
    public void Validate()
    {
        if (Endpoints.Count == 0) throw new ArgumentException("The stack 'etcd' needs EtcdEndpoints, such as http://127.0.0.1:2379.");
        foreach (Uri endpoint in Endpoints)
        {
            if (!endpoint.IsAbsoluteUri || endpoint.Scheme is not ("http" or "https") || endpoint.AbsolutePath != "/")
                throw new ArgumentException($"EtcdEndpoints has '{endpoint}'; an endpoint is http://HOST:PORT or https://HOST:PORT.");
        }

        if (TimeToLive < TimeToLiveMin || TimeToLive > ClusterLimits.LeaseMax || TimeToLive.Ticks % TimeSpan.TicksPerSecond != 0)
            throw new ArgumentException($"EtcdTimeToLive is {TimeToLive}; it takes whole seconds, {TimeToLiveMin} to {ClusterLimits.LeaseMax}.");
        if (Password is not null && User is null) throw new ArgumentException("A password is given without EtcdUser.");
        if ((Certificate is null) != (PrivateKey is null)) throw new ArgumentException("EtcdCertificate and EtcdPrivateKey go together.");
        if (Prefix.Length == 0 || !Prefix.EndsWith('/')) throw new ArgumentException($"EtcdPrefix is '{Prefix}'; it ends in a slash, such as /tyer/.");
    }
}
