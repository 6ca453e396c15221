using System.Collections.Immutable;

namespace Tyer.Comms.Security;

/// <summary>
/// The keys of a cluster: one that this node offers, and others that it accepts as well, so that keys can be changed one node after the
/// other: install the new one everywhere, make it the active one everywhere, and retire the old one everywhere. Immutable.
/// </summary>
internal sealed class KeyRing
{
    /// <summary>Keys in a ring, at most: changing keys needs two.</summary>
    public const int KeysMax = 16;

    private readonly ImmutableArray<ClusterKey> _keys;

    /// <param name="keys">The active one first; not empty, no id twice.</param>
    public KeyRing(params ImmutableArray<ClusterKey> keys)
    {
        if (keys.Length is 0 or > KeysMax || keys.DistinctBy(key => key.Id).Count() != keys.Length)
            throw new ArgumentException($"A ring has 1 to {KeysMax} keys with different ids.", nameof(keys));
        _keys = keys;
    }

    /// <summary>The key that this node offers.</summary>
    public ClusterKey Active => _keys[0];

    /// <summary>All keys, the active one first.</summary>
    public ImmutableArray<ClusterKey> Keys => _keys;

    /// <summary>A key by its id; null when it is not in the ring.</summary>
    public ClusterKey? Find(uint id) => _keys.FirstOrDefault(key => key.Id == id);

    /// <summary>With one more key, which is accepted and not yet offered.</summary>
    public KeyRing Add(ClusterKey key) => new(_keys.Add(key));

    /// <summary>The same keys, this one being offered.</summary>
    public KeyRing Activate(ClusterKey key) => new(_keys.Remove(key).Insert(0, key));

    /// <summary>Without a key.</summary>
    public KeyRing Remove(ClusterKey key) => new(_keys.Remove(key));

    /// <summary>The ids only.</summary>
    public override string ToString() => $"keys {string.Join(", ", _keys.Select(key => key.IdText))}";
}
