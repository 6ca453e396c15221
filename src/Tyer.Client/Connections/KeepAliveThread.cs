namespace Tyer.Client.Connections;

/// <summary>
/// Keeps one session alive, and notices when it is over. A thread of its own, as the pool's timers starve exactly when a program is in
/// trouble; it neither allocates nor waits for anybody.
/// </summary>
internal sealed class KeepAliveThread
{
    private readonly Func<TimeSpan?> _beat;
    private readonly object _wake = new();
    private readonly Thread _thread;
    private bool _isStopped;

    /// <param name="beat">Does what is due; returns how long nothing is, or null when it was the last time.</param>
    internal KeepAliveThread(Func<TimeSpan?> beat)
    {
        _beat = beat;
        _thread = new Thread(Run) { IsBackground = true, Name = "tyer keep-alive" };
    }

    internal void Start() => _thread.Start();

    /// <summary>Ends the thread; does not wait for it. The thread itself may call it, and so may who never started it.</summary>
    internal void Stop()
    {
        lock (_wake)
        {
            _isStopped = true;
            Monitor.Pulse(_wake);
        }
    }

    private void Run()
    {
        while (_beat() is { } pause)
        {
            lock (_wake)
            {
                if (_isStopped)
                    return;
                // Woken early it finds nothing due, which does no harm.
                Monitor.Wait(_wake, pause);
            }
        }
    }
}
