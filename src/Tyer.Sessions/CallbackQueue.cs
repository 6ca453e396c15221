namespace Tyer.Sessions;

/// <summary>
/// Callbacks of the classic interface: told one at a time, in the order in which their events happened, by a thread of the pool, or inline by
/// whoever brought the event if nobody is telling any just then.
/// </summary>
internal sealed class CallbackQueue : IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private readonly Queue<RawLock> _locks = new();
    private bool _telling;

    internal void Add(RawLock told, bool inline)
    {
        lock (_gate)
        {
            if (_telling || !inline)
                _locks.Enqueue(told);
            if (_telling)
                return;
            _telling = true;
        }

        if (!inline)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            return;
        }

        told.RunCallbacks();
        Execute();
    }

    public void Execute()
    {
        while (true)
        {
            RawLock told;
            lock (_gate)
            {
                if (!_locks.TryDequeue(out told!))
                {
                    _telling = false;
                    return;
                }
            }

            told.RunCallbacks();
        }
    }
}
