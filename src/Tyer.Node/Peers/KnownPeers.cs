using System.Collections.Immutable;
using System.Globalization;
using Tyer.Cluster.Static;

namespace Tyer.Node.Peers;

/// <summary>The other nodes that this one knows: those that are configured, and those that an operator has taken in since.</summary>
internal sealed class KnownPeers(ImmutableArray<StaticPeer> configured)
{
    private ImmutableArray<StaticPeer> _all = configured;

    /// <summary>All of them, in no order.</summary>
    internal ImmutableArray<StaticPeer> All
    {
        get
        {
            Interlocked.MemoryBarrier();
            return _all;
        }
    }

    /// <summary>By name, or by id; null for none.</summary>
    internal StaticPeer? Find(string nameOrId) =>
        All.FirstOrDefault(peer => peer.Name == nameOrId || peer.Id.Value.ToString(CultureInfo.InvariantCulture) == nameOrId);

    /// <summary>Its name; null if it is not known.</summary>
    internal string? NameOf(uint id) => All.FirstOrDefault(peer => peer.Id.Value == id)?.Name;

    internal void Add(StaticPeer peer) => ImmutableInterlocked.Update(ref _all, static (all, peer) => all.Add(peer), peer);

    internal void Remove(StaticPeer peer) => ImmutableInterlocked.Update(ref _all, static (all, peer) => all.Remove(peer), peer);
}
