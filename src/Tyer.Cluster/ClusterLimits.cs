namespace Tyer.Cluster;

/// <summary>The bounds of membership and of the state directory, each with its reason.</summary>
public static class ClusterLimits
{
    /// <summary>Members of a cluster, at most: what is tested.</summary>
    public const int MembersMax = 64;

    /// <summary>Addresses of a member, at most: one per path between two nodes.</summary>
    public const int AddressesMax = 8;

    /// <summary>Characters (ASCII) in an address, at most: a host name has at most 253, the rest is scheme and port.</summary>
    public const int AddressLengthMax = 272;

    /// <summary>The greatest weight of a member. The weight is the number of its tickets when resources are placed.</summary>
    public const int WeightMax = 16;

    /// <summary>The weight of a member that does not say otherwise.</summary>
    public const int WeightDefault = 1;

    /// <summary>Bytes in a message between static peers, at most: a view of the greatest cluster with the longest addresses fits.</summary>
    public const int PeerMessageBytesMax = 192 * 1024;

    /// <summary>Lock ids that one write of the state file sets aside: at a million locks a second, more than an hour of them.</summary>
    public const ulong LockIdsReserved = 1UL << 32;

    /// <summary>
    /// What adopting a restored or copied state directory adds to the view id: more views than a cluster goes through between
    /// two backups, and still 127 adoptions within the 23 bits that a folded token has for the epoch.
    /// </summary>
    public const ulong AdoptionStep = 65_536;

    /// <summary>
    /// What adopting adds to the lock-id mark, in reservations: a node reserves once per start, and 4,096 starts
    /// leave room for a thousand adoptions in the 54 bits of a lock's counter.
    /// </summary>
    public const ulong AdoptionReservations = 4096;

    /// <summary>
    /// How long a session is taken to outlive a node of which only a copied state is known: the default session timeout. What
    /// was told after the copy was made is not in it.
    /// </summary>
    public static readonly TimeSpan SessionAssumed = TimeSpan.FromSeconds(10);

    /// <summary>Bytes in a state file, at most. A larger one is not ours.</summary>
    public const int StateFileBytesMax = 4096;

    /// <summary>
    /// How much faster or slower than true time a clock may run: 1 %. A deadline kept by another machine or process is
    /// waited for that much longer.
    /// </summary>
    public const double ClockRateError = 0.01;

    /// <summary>How long a node's lease lasts: shorter ones lapsed on starved machines.</summary>
    public static readonly TimeSpan LeaseDefault = TimeSpan.FromSeconds(10);

    /// <summary>The shortest lease: with a fifth of it between renewals, and the margin, nothing is left of a shorter one.</summary>
    public static readonly TimeSpan LeaseMin = TimeSpan.FromSeconds(1);

    /// <summary>The longest lease: so long the locks of a dead node may be stuck.</summary>
    public static readonly TimeSpan LeaseMax = TimeSpan.FromMinutes(10);

    /// <summary>By how much a member stops before its lease ends: a sleep of 20 ms has been seen to take 400 ms too long.</summary>
    public static readonly TimeSpan LeaseMarginDefault = TimeSpan.FromMilliseconds(500);

    /// <summary>The greatest error of clocks' rates that can be configured. Beyond it a clock is broken.</summary>
    public const double ClockRateErrorMax = 0.2;

    /// <summary>How long a node that goes waits for the others to agree to it. If they do not, its lease is waited for instead.</summary>
    public static readonly TimeSpan FarewellMax = TimeSpan.FromSeconds(3);

    /// <summary>How often a node that is not in a view yet repeats itself to its peers.</summary>
    public static readonly TimeSpan HelloIntervalDefault = TimeSpan.FromSeconds(1);

    /// <summary>How long a fence agent may take unless it is configured otherwise: a management board that resets itself answers within it.</summary>
    public static readonly TimeSpan FenceTimeoutDefault = TimeSpan.FromSeconds(60);

    /// <summary>The shortest time for a fence agent.</summary>
    public static readonly TimeSpan FenceTimeoutMin = TimeSpan.FromSeconds(1);

    /// <summary>The longest time for a fence agent.</summary>
    public static readonly TimeSpan FenceTimeoutMax = TimeSpan.FromHours(1);

    /// <summary>The longest that a departed node can be given before its power is cut.</summary>
    public static readonly TimeSpan FenceDelayMax = TimeSpan.FromHours(1);

    /// <summary>How long after all agents of a node have failed they are tried again for the first time; twice as long each time after that.</summary>
    public static readonly TimeSpan FenceRetryMin = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause between two rounds of a node's agents.</summary>
    public static readonly TimeSpan FenceRetryMax = TimeSpan.FromSeconds(60);

    /// <summary>How long a watchdog waits unless it is configured otherwise.</summary>
    public static readonly TimeSpan WatchdogTimeoutDefault = TimeSpan.FromSeconds(10);

    /// <summary>The shortest time of a watchdog: drivers count in seconds.</summary>
    public static readonly TimeSpan WatchdogTimeoutMin = TimeSpan.FromSeconds(1);

    /// <summary>The longest time of a watchdog; so long, twice, the locks of a lost node wait besides.</summary>
    public static readonly TimeSpan WatchdogTimeoutMax = TimeSpan.FromMinutes(10);

    /// <summary>How long a node that is missing when a cluster starts is waited for before its power is cut: machines that are switched on together do not come up together.</summary>
    public static readonly TimeSpan FenceStartDelay = TimeSpan.FromSeconds(30);
}
