namespace Tyer.Comms.Peers;

/// <summary>
/// The thread that pings. It does nothing else, allocates nothing and waits for nobody, so that its being late says one thing only: this
/// process, or its machine, stood still.
/// </summary>
internal sealed class HeartbeatThread : IDisposable
{
    private readonly AutoResetEvent _wake = new(initialState: false);
    private volatile bool _isDone;
    private long _nextTicks = long.MaxValue;

    /// <summary>Begins to beat.</summary>
    /// <exception cref="CommsException">The system has no thread to give.</exception>
    public void Start(CommsDomain domain)
    {
        if (!CommsThread.TryStart("tyer heartbeat", () => Loop(domain)))
            throw new CommsException(CommsErrorCode.SystemFailure, "The system has no thread or descriptor to give.");
    }

    /// <summary>A beat is needed at this time, or earlier.</summary>
    public void BeatAt(TimeSpan time)
    {
        if (time.Ticks < Volatile.Read(ref _nextTicks)) _wake.Set();
    }

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        _isDone = true;
        _wake.Set();
    }

    private void Loop(CommsDomain domain)
    {
        TimeSpan lateness = TimeSpan.Zero;
        while (!_isDone)
        {
            // From here on any new deadline wakes, until it is known which is the first.
            Volatile.Write(ref _nextTicks, long.MaxValue);
            domain.Beat(CommsClock.Now, lateness, out TimeSpan next);
            Volatile.Write(ref _nextTicks, next.Ticks);
            TimeSpan wait = next - CommsClock.Now;
            if (wait > TimeSpan.Zero) _wake.WaitOne((int)Math.Ceiling(wait.TotalMilliseconds));
            lateness = CommsClock.Now - next;
        }
    }
}
