using System.Collections.Immutable;
using System.Text;
using Tyer.Hashing;

namespace Tyer.Cluster.Static;

/// <summary>
/// All nodes of a static cluster, this one included, in the order of their ids: what must be the same in everybody's configuration.
/// Addresses are not part of it: how a node is reached may well depend on from where.
/// </summary>
internal sealed class PeerList
{
    /// <exception cref="ArgumentException">The message names what is wrong.</exception>
    public PeerList(string cluster, IEnumerable<StaticPeer> peers)
    {
        SystemName.ThrowIfInvalid(cluster, "cluster name");
        Cluster = cluster;
        Peers = [.. peers.OrderBy(peer => peer.Id)];
        if (Peers.Length is 0 or > ClusterLimits.MembersMax)
            throw new ArgumentException($"A cluster has 1 to {ClusterLimits.MembersMax} nodes; {Peers.Length} are listed.", nameof(peers));

        var names = new Dictionary<string, StaticPeer>();
        StaticPeer? previous = null;
        foreach (StaticPeer peer in Peers)
        {
            ArgumentOutOfRangeException.ThrowIfEqual(peer.Id, default, nameof(peers));
            SystemName.ThrowIfInvalid(peer.Name, "node name", nameof(peers));
            if (peer.Id == previous?.Id)
            {
                throw new ArgumentException(
                    $"Id {peer.Id} is both {previous.Name} and {peer.Name}; every node needs an id of its own.", nameof(peers));
            }

            if (!names.TryAdd(peer.Name, peer))
            {
                throw new ArgumentException(
                    $"{peer.Name} has both the ids {names[peer.Name].Id} and {peer.Id}; every node needs a name of its own.",
                    nameof(peers));
            }

            previous = peer;
        }

        Digest = ComputeDigest();
    }

    /// <summary>The cluster's name.</summary>
    public string Cluster { get; }

    /// <summary>The nodes, in the order of their ids.</summary>
    public ImmutableArray<StaticPeer> Peers { get; }

    /// <summary>Equal where the lists are.</summary>
    public ulong Digest { get; }

    /// <summary>The node with an id; null when it is not listed.</summary>
    public StaticPeer? Find(NodeId id) => Peers.FirstOrDefault(peer => peer.Id == id);

    /// <summary>How a node is called in messages, listed or not.</summary>
    public string NameOf(NodeId id) => Find(id)?.Name ?? $"id {id}";

    /// <summary>What differs between this list and <paramref name="other"/>, which <paramref name="owner"/> has; as a clause.</summary>
    public string DescribeDifference(PeerList other, string owner)
    {
        var differences = new List<string>();
        if (Cluster != other.Cluster) differences.Add($"the cluster is {Cluster} here and {other.Cluster} at {owner}");

        foreach (NodeId id in Peers.Concat(other.Peers).Select(peer => peer.Id).Distinct().Order())
        {
            string? difference = (Find(id), other.Find(id)) switch
            {
                ({ } here, null) => $"{here} is listed here but not at {owner}",
                (null, { } there) => $"{there} is listed at {owner} but not here",
                ({ } here, { } there) when here.Name != there.Name => $"id {id} is {here.Name} here and {there.Name} at {owner}",
                _ => null,
            };
            if (difference is not null) differences.Add(difference);
        }

        return string.Join("; ", differences);
    }

    private ulong ComputeDigest()
    {
        // Neither character can be in a name, so different lists have different texts.
        var text = new StringBuilder(Cluster);
        foreach (StaticPeer peer in Peers) text.Append('\n').Append(peer.Id).Append(' ').Append(peer.Name);
        return XxHash64.Hash(Encoding.ASCII.GetBytes(text.ToString()));
    }
}
