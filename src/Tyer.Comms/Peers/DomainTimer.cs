namespace Tyer.Comms.Peers;

/// <summary>
/// The thread that lets time pass for a domain: late acknowledgements, delays, budgets. While acknowledgements are owed it ticks each
/// millisecond, and a little longer, so that a reader need not wake it for every message; else it sleeps until something is due.
/// </summary>
internal sealed class DomainTimer : IDisposable
{
    private const int TicksBeforeSleep = 16;

    private readonly AutoResetEvent _wake = new(initialState: false);
    private volatile bool _isAsleep;
    private volatile bool _isDone;
    private long _wakeAtTicks = long.MaxValue;

    /// <summary>Begins to tick.</summary>
    /// <exception cref="CommsException">The system has no thread to give.</exception>
    public void Start(CommsDomain domain)
    {
        if (!CommsThread.TryStart("tyer comms timer", () => Loop(domain)))
            throw new CommsException(CommsErrorCode.SystemFailure, "The system has no thread or descriptor to give.");
    }

    /// <summary>An acknowledgement is owed, and found nothing to ride on.</summary>
    public void WakeForAcknowledgement()
    {
        // Either this sees that the timer sleeps, or the timer's last look before sleeping sees what is owed.
        Interlocked.MemoryBarrier();
        if (_isAsleep) _wake.Set();
    }

    /// <summary>Something is due at this time.</summary>
    public void WakeAt(TimeSpan time)
    {
        if (time.Ticks < Volatile.Read(ref _wakeAtTicks)) _wake.Set();
    }

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        _isDone = true;
        _wake.Set();
    }

    private void Loop(CommsDomain domain)
    {
        int idleTicks = 0;
        while (!_isDone)
        {
            bool goesToSleep = idleTicks >= TicksBeforeSleep;
            if (goesToSleep)
            {
                // From here on any new deadline wakes, until it is known which is the first.
                Volatile.Write(ref _wakeAtTicks, long.MaxValue);
                _isAsleep = true;
                Interlocked.MemoryBarrier();
            }

            TimeSpan now = CommsClock.Now;
            bool isOwed = domain.Tick(now, out TimeSpan next);
            idleTicks = isOwed ? 0 : Math.Min(idleTicks + 1, TicksBeforeSleep);
            if (goesToSleep && !isOwed)
            {
                Volatile.Write(ref _wakeAtTicks, next.Ticks);
                _wake.WaitOne(Until(next));
            }
            else
            {
                _wake.WaitOne(CommsLimits.AcknowledgeDelay);
            }

            _isAsleep = false;
        }
    }

    private static TimeSpan Until(TimeSpan next)
    {
        if (next == TimeSpan.MaxValue) return Timeout.InfiniteTimeSpan;

        // Rounded up: a wait that ends a little early would be followed by a second one.
        double milliseconds = Math.Clamp(Math.Ceiling((next - CommsClock.Now).TotalMilliseconds), 0, int.MaxValue);
        return TimeSpan.FromMilliseconds(milliseconds);
    }
}
