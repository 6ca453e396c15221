namespace Tyer.Engine;

/// <summary>What an engine (one shard of one node) is told at its making.</summary>
public sealed record EngineOptions
{
    /// <summary>Bits of a lock id's counter that number the locks of one shard; the shard stands above them.</summary>
    public const int LockNumberBits = 48;

    /// <summary>This node's id, 1 to 1023.</summary>
    public required uint Node { get; init; }

    /// <summary>Which of the node's shards this is, 0 to 63: part of the ids of its locks.</summary>
    public int Shard { get; init; }

    /// <summary>The first lock number to give: higher than any that this node and shard ever gave before.</summary>
    public ulong FirstLockNumber { get; init; } = 1;

    /// <summary>Mixed into the tables so that names cannot be chosen to collide. Visible in nothing else.</summary>
    public ulong TableSeed { get; init; }

    /// <summary>
    /// How long after a time limit the master's answer is awaited before the caller is told without it, in ticks of 100 ns; for a new lock that is
    /// not to queue (NOQUEUE), how long after the call.
    /// </summary>
    public long AnswerGrace { get; init; } = TimeSpan.TicksPerSecond * 2;

    /// <summary>
    /// How long a request without a time limit waits before <see cref="ILockObserver.WaitsLong"/> tells so, in ticks of 100 ns; then again
    /// each time the wait has doubled.
    /// </summary>
    public long LongWait { get; init; } = TimeSpan.TicksPerSecond * 30;

    /// <summary>
    /// How long a resource that nobody uses is kept, in ticks of 100 ns: it is often used again. <see cref="long.MaxValue"/>: for ever.
    /// </summary>
    public long IdleKept { get; init; } = TimeSpan.TicksPerSecond * 10;
}
