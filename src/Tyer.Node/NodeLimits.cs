namespace Tyer.Node;

/// <summary>What a node takes at most, each with its reason.</summary>
internal static class NodeLimits
{
    /// <summary>Lockspaces open on a node: each is a record in the cluster, and a table of settings in each shard.</summary>
    internal const int LockspacesMax = 256;

    /// <summary>Recoveries that a node remembers: those of a bad night.</summary>
    internal const int RecoveriesKept = 16;

    /// <summary>Sessions of a node: each is known in every shard.</summary>
    internal const int SessionsMax = 10_000;

    /// <summary>Shards: their number is six bits of a lock id.</summary>
    internal const int ShardsMax = 64;

    /// <summary>Longest time between two ticks of the engines: how late a time limit may be noticed, and how coarse ages are.</summary>
    internal static TimeSpan TickMax { get; } = TimeSpan.FromMilliseconds(20);

    /// <summary>With fewer lock numbers than this left of those set aside, more are set aside: enough for minutes at full speed.</summary>
    internal const ulong LockNumbersLow = 1UL << 31;

    /// <summary>A session shorter than this would lapse on a machine that is merely busy.</summary>
    internal static TimeSpan SessionTimeoutMin { get; } = TimeSpan.FromSeconds(2);

    /// <summary>A dead client's locks wait no longer than this for its time to run out.</summary>
    internal static TimeSpan SessionTimeoutMax { get; } = TimeSpan.FromMinutes(10);

    /// <summary>By how much a client's deadline comes before what its node told: client before node before re-grant.</summary>
    internal static TimeSpan ClientMargin { get; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// What recovery may take after the proof: masters of what the dead node mastered are found and told of all locks. It grows with their number; this is for
    /// what a machine that is not starved does with some hundred thousand.
    /// </summary>
    internal static TimeSpan RecoveryMax { get; } = TimeSpan.FromSeconds(2);

    /// <summary>By how much two machines' clocks may differ in rate.</summary>
    internal const double ClockRateError = 0.01;

    /// <summary>How often sessions are looked at: a dead client's locks wait so much longer than they must.</summary>
    internal static TimeSpan SessionScan { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a client that is refused may take to close its end.</summary>
    internal static TimeSpan FarewellMax { get; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a node that stops goes on handing over what it masters, from when it was told to stop.</summary>
    internal static TimeSpan LeaveMax { get; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a node that stops waits for its clients to tell their holders.</summary>
    internal static TimeSpan GoodbyeMax { get; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Requests of one session under way that are not about one lock (lockspaces, purges, questions): each is a task. Locks have their own
    /// limit, and what is sent faster than it is taken waits in the socket.
    /// </summary>
    internal const int RequestsMax = 1024;

    /// <summary>Requests that have waited for long and are explained in the log one by one; of more at once only the number is told.</summary>
    internal const int LongWaitsToldMax = 16;

    /// <summary>How long a query waits for the other members before it names who has not answered.</summary>
    internal static TimeSpan QueryTimeout { get; } = TimeSpan.FromSeconds(2);
}
