namespace Tyer.Engine;

/// <summary>What the engine needs to know of a lockspace. All nodes agree on it before they open one (the node layer sees to that).</summary>
/// <param name="ValueSize">The longest value, in bytes: 0 to 1024.</param>
/// <param name="QueueLengthMax">How many new requests may wait for one resource.</param>
/// <param name="LocksPerSessionMax">How many locks a session may have in this shard.</param>
public sealed record LockspaceSettings(int ValueSize, int QueueLengthMax, int LocksPerSessionMax);
