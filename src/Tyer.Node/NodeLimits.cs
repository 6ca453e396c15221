namespace Tyer.Node;

/// <summary>What a node takes at most, each with its reason.</summary>
internal static class NodeLimits
{
    /// <summary>Lockspaces open on a node: each is a record in the cluster, and a table of settings in each shard.</summary>
    internal const int LockspacesMax = 256;

    /// <summary>Sessions of a node: each is known in every shard.</summary>
    internal const int SessionsMax = 10_000;

    /// <summary>Shards: their number is six bits of a lock id.</summary>
    internal const int ShardsMax = 64;

    /// <summary>Longest time between two ticks of the engines: how late a time limit may be noticed, and how coarse ages are.</summary>
    internal static TimeSpan TickMax { get; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How far ahead of the lock numbers in use the persisted mark is: one write in hours.</summary>
    internal const ulong LockNumbersReserved = 1UL << 32;

    /// <summary>How long a query waits for the other members before it names who has not answered.</summary>
    internal static TimeSpan QueryTimeout { get; } = TimeSpan.FromSeconds(2);
}
