using Tyer.Comms.Paths;

namespace Tyer.Comms.Peers;

/// <summary>
/// What may be changed while connections stand: how paths are watched, and with how much patience. Who listens where, who the nodes are
/// and how they prove it is not here: that is fixed as long as the domain lives.
/// </summary>
public sealed record NetOptions
{
    /// <summary>How often each path is pinged: 20 ms to 5 s; by default <see cref="CommsLimits.HeartbeatInterval"/>.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = CommsLimits.HeartbeatInterval;

    /// <summary>
    /// The silence after which a path is down: 60 ms to 30 s, and at least three times the interval; by default
    /// <see cref="CommsLimits.HeartbeatTimeout"/>.
    /// </summary>
    public TimeSpan HeartbeatTimeout { get; init; } = CommsLimits.HeartbeatTimeout;

    /// <summary>Pongs in a row, each in time, that prove a path: 1 to 100; by default <see cref="CommsLimits.PongsToProve"/>.</summary>
    public int PongsToProve { get; init; } = CommsLimits.PongsToProve;

    /// <summary>
    /// For how long a peer may answer pings and acknowledge nothing before it is told of as stalled: 0.1 s to 600 s, and more than
    /// <see cref="HeartbeatTimeout"/>; by default <see cref="CommsLimits.StallTimeout"/>.
    /// </summary>
    public TimeSpan StallTimeout { get; init; } = CommsLimits.StallTimeout;

    /// <summary>The longest delay before the next attempt to reach a peer: 0.1 s to 120 s; by default <see cref="CommsLimits.ReconnectDelayMax"/>.</summary>
    public TimeSpan ConnectInterval { get; init; } = CommsLimits.ReconnectDelayMax;

    /// <summary>
    /// For how long a better path must have been up before messages go back to it: 0 to 600 s; by default <see cref="CommsLimits.FailbackDelay"/>.
    /// </summary>
    public TimeSpan FailbackDelay { get; init; } = CommsLimits.FailbackDelay;

    /// <summary>Which path carries; by default <see cref="PathPolicy.Passive"/>. A peer may have its own: <see cref="Peer.PathPolicy"/>.</summary>
    public PathPolicy PathPolicy { get; init; }

    /// <summary>Returns when every option is in its range and none contradicts another.</summary>
    /// <exception cref="CommsException">One is not; the message says which, and what would do.</exception>
    public void ThrowIfInvalid()
    {
        Check("hb-interval", HeartbeatInterval, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(5));
        Check("hb-timeout", HeartbeatTimeout, TimeSpan.FromMilliseconds(60), TimeSpan.FromSeconds(30));
        Check("stall-timeout", StallTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(600));
        Check("connect-int", ConnectInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(120));
        Check("failback-delay", FailbackDelay, TimeSpan.Zero, TimeSpan.FromSeconds(600));
        if (!Enum.IsDefined(PathPolicy))
            throw new CommsException(CommsErrorCode.OptionRange, $"path-policy is {PathPolicy}; it takes one of {string.Join(", ", Enum.GetNames<PathPolicy>())}.");
        if (PongsToProve is < 1 or > 100)
            throw new CommsException(CommsErrorCode.OptionRange, $"pong-count is {PongsToProve}; it takes 1 to 100.");
        if (HeartbeatTimeout < 3 * HeartbeatInterval)
        {
            throw new CommsException(
                CommsErrorCode.OptionConflict,
                $"hb-timeout ({HeartbeatTimeout.TotalMilliseconds} ms) is less than three times hb-interval "
                + $"({HeartbeatInterval.TotalMilliseconds} ms): one ping lost would be a path lost.");
        }

        if (StallTimeout <= HeartbeatTimeout)
        {
            throw new CommsException(
                CommsErrorCode.OptionConflict,
                $"stall-timeout ({StallTimeout.TotalMilliseconds} ms) must be more than hb-timeout "
                + $"({HeartbeatTimeout.TotalMilliseconds} ms): a path that is lost is no stalled peer.");
        }
    }

    private static void Check(string name, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value >= least && value <= most) return;
        throw new CommsException(
            CommsErrorCode.OptionRange, $"{name} is {value.TotalMilliseconds} ms; it takes {least.TotalMilliseconds} to {most.TotalMilliseconds}.");
    }
}
