using System.Collections.Immutable;
using System.Globalization;
using Tyer.Cluster;
using Tyer.Cluster.Fencing;
using Tyer.Cluster.Leases;
using Tyer.Cluster.Static;
using Tyer.Node.Peers;

namespace Tyer.Node;

/// <summary>A node's options, checked and with their defaults filled in.</summary>
internal sealed record NodeSettings
{
    // A test makes another build of a whole daemon by this property of the runtime's configuration, which is in nobody's environment or settings.
    private const string ProtocolProperty = "Tyer.TestProtocol";

    private static readonly string[] BuiltIn = ["local", "static", "external"];

    private NodeSettings(string name, NodeId id, string cluster, ImmutableArray<StaticPeer> peers)
    {
        Name = name;
        Id = id;
        Cluster = cluster;
        Peers = peers;
    }

    internal string Name { get; }

    internal NodeId Id { get; }

    internal string Cluster { get; }

    /// <summary>The other nodes that are configured; empty with <c>local</c>.</summary>
    internal ImmutableArray<StaticPeer> Peers { get; }

    internal required TyerNodeOptions Options { get; init; }

    internal bool IsLocal => Options.Stack == "local";

    internal bool IsExternal => Options.Stack == "external";

    /// <summary>Whether an outside engine says who is a member.</summary>
    internal bool HasEngine => Options.Engines.ContainsKey(Options.Stack);

    /// <summary>The lease, where there is an engine.</summary>
    internal LeaseTerms Terms => TermsOf(Options);

    /// <summary>Which versions of the lock protocol it offers its peers.</summary>
    internal ProtocolRange Protocol => Options.Protocol ?? OfferedByTest() ?? ProtocolRange.Offered;

    /// <summary>What makes sure that lost nodes have stopped.</summary>
    internal FencingOptions Fencing => FenceSettings.Of(Options, new StaticPeer(Id, Name), Peers);

    internal int Shards => Options.Shards ?? Math.Min(Environment.ProcessorCount, NodeLimits.ShardsMax);

    /// <exception cref="ArgumentException">The message names the option, what is wrong with it, and what would be right.</exception>
    internal static NodeSettings Of(TyerNodeOptions options)
    {
        var name = options.Name ?? DefaultName();
        SystemName.ThrowIfInvalid(name, "node name", nameof(options.Name));
        SystemName.ThrowIfInvalid(options.Cluster, "cluster name", nameof(options.Cluster));
        if (options.Shards is < 1 or > NodeLimits.ShardsMax)
            throw new ArgumentException($"Shards is {options.Shards}; it takes 1 to {NodeLimits.ShardsMax}.", nameof(options));
        if (options.Weight is < 0 or > ClusterLimits.WeightMax)
            throw new ArgumentException($"Weight is {options.Weight}; it takes 0 to {ClusterLimits.WeightMax}.", nameof(options));
        if (options.SessionTimeout < NodeLimits.SessionTimeoutMin || options.SessionTimeout > NodeLimits.SessionTimeoutMax)
        {
            throw new ArgumentException(
                $"SessionTimeout is {options.SessionTimeout}; it takes {NodeLimits.SessionTimeoutMin} to {NodeLimits.SessionTimeoutMax}.", nameof(options));
        }

        var id = IdOf(name, options);
        var settings = options.Stack switch
        {
            "local" => new NodeSettings(name, id, options.Cluster, LocalPeers(options)) { Options = options },
            "static" => new NodeSettings(name, id, options.Cluster, ListedPeers(id, options)) { Options = options },
            "external" when options.Weight != ClusterLimits.WeightDefault => throw new ArgumentException(
                $"Weight is {options.Weight}, but with the stack 'external' a node's weight is what its views say: leave Weight out.", nameof(options)),
            "external" => new NodeSettings(name, id, options.Cluster, ListedPeers(id, options)) { Options = options },
            _ when options.Engines.ContainsKey(options.Stack) => new NodeSettings(name, id, options.Cluster, ListedPeers(id, options)) { Options = options },
            "corosync" or "etcd" => throw new ArgumentException(
                $"The stack '{options.Stack}' needs its engine: reference the package Tyer.Cluster.{char.ToUpperInvariant(options.Stack[0])}{options.Stack[1..]}, and add it to Engines.",
                nameof(options)),
            _ => throw new ArgumentException($"There is no stack '{options.Stack}'; there are {string.Join(", ", BuiltIn.Union(options.Engines.Keys).Union(["corosync", "etcd"]).Select(each => $"'{each}'"))}.", nameof(options)),
        };
        _ = TermsOf(options);
        _ = settings.Fencing;
        NodeSecurity.Check(options);
        _ = PathPolicyName.Parse(options.PathPolicy);
        if (options.HeartbeatPriority is < 0 or > 15 || options.HeartbeatDscp is < 0 or > 63)
            throw new ArgumentException($"HeartbeatPriority is {options.HeartbeatPriority} and HeartbeatDscp {options.HeartbeatDscp}; they take 0 to 15, and 0 to 63.", nameof(options));
        return settings;
    }

    /// <summary>A peer, whose id is the number at the end of its name.</summary>
    /// <exception cref="ArgumentException">It is no name, or has no number.</exception>
    internal static StaticPeer PeerOf(string name)
    {
        SystemName.ThrowIfInvalid(name, "peer's name", nameof(name));
        return TryNumberAtEnd(name) is { } number
            ? new StaticPeer(new NodeId(number), name)
            : throw new ArgumentException($"Peer '{name}' has no id: its name does not end in a number from 1 to {Limits.NodeIdMax}.", nameof(name));
    }

    private static ProtocolRange? OfferedByTest() =>
        (AppContext.GetData(ProtocolProperty) as string)?.Split('-') is [var minimum, var maximum]
            ? new ProtocolRange(int.Parse(minimum, CultureInfo.InvariantCulture), int.Parse(maximum, CultureInfo.InvariantCulture))
            : null;

    private static LeaseTerms TermsOf(TyerNodeOptions options) => options.Lease >= ClusterLimits.LeaseMin && options.Lease <= ClusterLimits.LeaseMax
        ? new LeaseTerms(options.Lease, options.Lease / 4 < ClusterLimits.LeaseMarginDefault ? options.Lease / 4 : ClusterLimits.LeaseMarginDefault)
        : throw new ArgumentException($"Lease is {options.Lease}; it takes {ClusterLimits.LeaseMin} to {ClusterLimits.LeaseMax}.", nameof(options));

    private static string DefaultName()
    {
        var host = Environment.MachineName;
        return SystemName.IsValid(host) ? host : throw new ArgumentException($"The host's name '{host}' cannot be a node name: set Name (1 to 64 of A-Za-z0-9._-).");
    }

    private static NodeId IdOf(string name, TyerNodeOptions options)
    {
        if (options.Id is { } given)
        {
            return given > 0 && NodeId.IsValid((uint)given)
                ? new NodeId((uint)given)
                : throw new ArgumentException($"Id is {given}; a node id is {Limits.NodeIdMin} to {Limits.NodeIdMax}.", nameof(options));
        }

        if (options.Stack == "local")
            return new NodeId(1);
        return TryNumberAtEnd(name) is { } number
            ? new NodeId(number)
            : throw new ArgumentException($"Node '{name}' has no id: its name does not end in a number from 1 to {Limits.NodeIdMax}; set Id.", nameof(options));
    }

    private static uint? TryNumberAtEnd(string name)
    {
        var start = name.Length;
        while (start > 0 && char.IsAsciiDigit(name[start - 1]))
            start--;
        return uint.TryParse(name.AsSpan(start), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && NodeId.IsValid(number) ? number : null;
    }

    private static ImmutableArray<StaticPeer> LocalPeers(TyerNodeOptions options)
    {
        if (options.Peers.Count > 0)
        {
            throw new ArgumentException(
                $"Peers are given ({string.Join(", ", options.Peers.Keys)}), but the stack is 'local', which is always one node: set Stack to 'static' or 'external', or leave the peers out.",
                nameof(options));
        }

        if (options.Listen is not null)
        {
            throw new ArgumentException(
                $"Listen is given ({options.Listen}), but the stack is 'local', which is always one node and listens to no other: set Stack to 'static' or 'external', and Peers, or leave Listen out.",
                nameof(options));
        }

        return [];
    }

    private static ImmutableArray<StaticPeer> ListedPeers(NodeId id, TyerNodeOptions options)
    {
        if (options.Peers.Count == 0)
            throw new ArgumentException($"The stack '{options.Stack}' needs peers: list every other node of the cluster with its address.", nameof(options));
        if (options.Listen is null)
            throw new ArgumentException("A node with peers needs an address that they connect to: set Listen, such as tcp://127.0.0.1:7600.", nameof(options));
        var peers = ImmutableArray.CreateBuilder<StaticPeer>();
        foreach (var name in options.Peers.Keys)
        {
            var peer = PeerOf(name);
            if (peer.Id == id)
                throw new ArgumentException($"Peer '{name}' has the id {id}, which is this node's own: ids are unique in a cluster.", nameof(options));
            peers.Add(peer);
        }

        return peers.ToImmutable();
    }
}
