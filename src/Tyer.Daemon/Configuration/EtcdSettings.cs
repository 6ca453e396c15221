using Tyer.Cluster.Etcd;
using Tyer.Cluster.Etcd.Managed;
using Tyer.Cluster.State;
using Tyer.Time;

namespace Tyer.Daemon.Configuration;

/// <summary>The keys that are about etcd, and the engine that follows from them.</summary>
internal sealed class EtcdSettings
{
    public const string Stack = "etcd";

    public IReadOnlyList<Uri> Endpoints { get; set; } = [];

    /// <summary>Set: the daemon runs etcd itself.</summary>
    public string? Members { get; set; }

    public TimeSpan? TimeToLive { get; set; }

    public string? Prefix { get; set; }

    public string? User { get; set; }

    public string? PasswordFile { get; set; }

    public string? Authority { get; set; }

    public string? Certificate { get; set; }

    public string? PrivateKey { get; set; }

    /// <summary>One of the keys that were given; null if none was. With another stack they would be without effect, which nobody means.</summary>
    public string? FirstGiven =>
        Endpoints.Count > 0 ? "EtcdEndpoints"
        : Members is not null ? "EtcdMembers"
        : TimeToLive is not null ? "EtcdTimeToLive"
        : Prefix is not null ? "EtcdPrefix"
        : User is not null ? "EtcdUser"
        : PasswordFile is not null ? "EtcdPasswordFile"
        : Authority is not null ? "EtcdAuthority"
        : Certificate is not null ? "EtcdCertificate"
        : PrivateKey is not null ? "EtcdPrivateKey"
        : null;

    /// <summary>What the daemon is to run etcd with; null: somebody else does.</summary>
    public ManagedEtcdOptions? Managed(TyerNodeOptions node)
    {
        if (Members is null) return null;
        string name = node.Name ?? Environment.MachineName;
        return new ManagedEtcdOptions
        {
            Name = name,
            Cluster = node.Cluster,
            Members = ManagedEtcdOptions.ParseMembers(Members),
            Endpoints = Endpoints,
            DataDirectory = Path.Combine(StatePath.Resolve(node.StateDirectory, name), "etcd"),
            Authority = Authority,
            Certificate = Certificate,
            PrivateKey = PrivateKey,
        };
    }

    /// <summary>Has the node's engine made by these.</summary>
    /// <exception cref="ArgumentException">One of them is wrong; the message names it.</exception>
    public void Attach(TyerNodeOptions node)
    {
        Options(password: null).Validate();
        Managed(node)?.Validate();
        // Read when the engine is made: a changed password takes effect with the node's next life.
        node.Engines[Stack] = () => new EtcdEngine(Options(PasswordFile is { } file ? File.ReadLines(file).FirstOrDefault() ?? "" : null), BootClock.Instance);
    }

    private EtcdOptions Options(string? password)
    {
        if (PasswordFile is not null && User is null) throw new ArgumentException("EtcdPasswordFile is given without EtcdUser.");
        var usual = new EtcdOptions { Endpoints = Endpoints };
        return new EtcdOptions
        {
            Endpoints = Endpoints,
            Prefix = Prefix ?? usual.Prefix,
            TimeToLive = TimeToLive ?? usual.TimeToLive,
            User = User,
            Password = password,
            Authority = Authority,
            Certificate = Certificate,
            PrivateKey = PrivateKey,
        };
    }
}
