namespace Tyer.Comms.Paths;

/// <summary>How paths are watched.</summary>
public sealed class HeartbeatOptions
{
    /// <summary>How often each path is pinged: 20 ms to 5 s; by default <see cref="CommsLimits.HeartbeatInterval"/>.</summary>
    public TimeSpan Interval { get; init; } = CommsLimits.HeartbeatInterval;

    /// <summary>
    /// The silence after which a path is down: 60 ms to 30 s, and at least three times the interval; by default
    /// <see cref="CommsLimits.HeartbeatTimeout"/>.
    /// </summary>
    public TimeSpan Timeout { get; init; } = CommsLimits.HeartbeatTimeout;

    /// <summary>Pongs in a row, each in time, that prove a path: 1 to 100; by default <see cref="CommsLimits.PongsToProve"/>.</summary>
    public int PongsToProve { get; init; } = CommsLimits.PongsToProve;

    /// <summary>
    /// For how long a peer may answer pings and acknowledge nothing before it is told of as stalled: 0.1 s to 600 s, and more than
    /// <see cref="Timeout"/>; by default <see cref="CommsLimits.StallTimeout"/>.
    /// </summary>
    public TimeSpan StallTimeout { get; init; } = CommsLimits.StallTimeout;

    /// <summary>Returns when every option is in its range and none contradicts another.</summary>
    /// <exception cref="ArgumentException">One is not; the message says which, and what would do.</exception>
    public void ThrowIfInvalid()
    {
        Check(nameof(Interval), Interval, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(5));
        Check(nameof(Timeout), Timeout, TimeSpan.FromMilliseconds(60), TimeSpan.FromSeconds(30));
        Check(nameof(StallTimeout), StallTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(600));
        if (PongsToProve is < 1 or > 100)
            throw new ArgumentException($"{nameof(PongsToProve)} is {PongsToProve}; it takes 1 to 100.");
        if (Timeout < 3 * Interval)
        {
            throw new ArgumentException(
                $"{nameof(Timeout)} ({Timeout.TotalMilliseconds} ms) is less than three times {nameof(Interval)} ({Interval.TotalMilliseconds} ms): one ping lost would be a path lost.");
        }

        if (StallTimeout <= Timeout)
        {
            throw new ArgumentException(
                $"{nameof(StallTimeout)} ({StallTimeout.TotalMilliseconds} ms) must be more than {nameof(Timeout)} ({Timeout.TotalMilliseconds} ms): a path that is lost is no stalled peer.");
        }
    }

    private static void Check(string name, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
            throw new ArgumentException($"{name} is {value.TotalMilliseconds} ms; it takes {least.TotalMilliseconds} to {most.TotalMilliseconds}.");
    }
}
