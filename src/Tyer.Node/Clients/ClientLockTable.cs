namespace Tyer.Node.Clients;

/// <summary>
/// The locks of one connection, by the keys that the client chose. An entry stays when its lock has ended, to be used again with its key;
/// a client that never uses a key again has them cleared away. Only the connection's reader uses it.
/// </summary>
internal sealed class ClientLockTable(ClientConnection connection)
{
    private const int SweptFirst = 1024;

    private readonly Dictionary<uint, ClientLock> _entries = [];
    private int _sweepAt = SweptFirst;

    /// <summary>The entry for a new lock; null if the key is in use.</summary>
    internal ClientLock? TryBegin(uint key)
    {
        if (_entries.TryGetValue(key, out var entry))
            return entry.IsLive ? null : entry;
        if (_entries.Count >= _sweepAt)
            Sweep();
        entry = new ClientLock(connection, key);
        _entries.Add(key, entry);
        return entry;
    }

    /// <summary>The lock; null if there is none.</summary>
    internal ClientLock? Find(uint key) => _entries.TryGetValue(key, out var entry) && entry.IsLive ? entry : null;

    private void Sweep()
    {
        foreach (var (key, entry) in _entries)
        {
            if (!entry.IsLive)
                _entries.Remove(key);
        }

        _sweepAt = Math.Max(SweptFirst, 2 * _entries.Count);
    }
}
