namespace Tyer.Cluster.Watchdogs;

/// <summary>A watchdog of the machine that a node feeds while it may act.</summary>
public sealed record WatchdogOptions
{
    /// <summary>Where it is: <c>/dev/watchdog</c>, or a FIFO.</summary>
    public required string Path { get; init; }

    /// <summary>How long it waits before it resets the machine: whole seconds, 1 s to 10 min; the same on all nodes. Default: 10 s.</summary>
    public TimeSpan Timeout { get; init; } = ClusterLimits.WatchdogTimeoutDefault;

    /// <summary>How often it is fed, at most half of <see cref="Timeout"/>.</summary>
    public required TimeSpan Interval { get; init; }

    /// <summary>Returns when it can be fed as it is configured.</summary>
    /// <exception cref="ArgumentException">It cannot; the message says why, and what would be right.</exception>
    public void Validate()
    {
        if (Timeout < ClusterLimits.WatchdogTimeoutMin || Timeout > ClusterLimits.WatchdogTimeoutMax || Timeout.Ticks % TimeSpan.TicksPerSecond != 0)
            throw new ArgumentException($"WatchdogTimeout is {Timeout}; it takes whole seconds, {ClusterLimits.WatchdogTimeoutMin} to {ClusterLimits.WatchdogTimeoutMax}.");
        if (Interval <= TimeSpan.Zero || Interval > Timeout / 2)
            throw new ArgumentException($"WatchdogInterval is {Interval}; it takes more than 0 and at most half of WatchdogTimeout, {Timeout / 2}.");
        if (!File.Exists(Path))
            throw new ArgumentException($"Watchdog is '{Path}', which is not there: load its driver (modprobe softdog), or name the one that is there (ls /dev/watchdog*).");
    }
}
