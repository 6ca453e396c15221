namespace Tyer.Sessions;

/// <summary>What only few handles need: a watched loss, blocking notices, a value, the report of a wait.</summary>
internal sealed class HandleExtras
{
    private readonly Lock _gate = new();
    private CancellationTokenSource? _lost;
    private EventHandler<BlockingNotice>? _blocking;
    private BlockingNotice? _raised;
    private bool _raising;

    internal LossReason LostBecause { get; set; }

    internal LockValue Value { get; set; }

    internal byte[]? PendingValue { get; set; }

    internal bool Invalidates { get; set; }

    internal WaitInformation? Wait { get; set; }

    /// <summary>The level behind the event: the last notice since the lock's last grant.</summary>
    internal BlockingNotice? Notice { get; set; }

    internal CancellationToken LostToken(bool isLost)
    {
        lock (_gate)
        {
            _lost ??= new CancellationTokenSource();
            if (isLost && !_lost.IsCancellationRequested)
                _ = _lost.CancelAsync();
            return _lost.Token;
        }
    }

    /// <summary>The token is cancelled when this returns; what was registered with it runs on the pool.</summary>
    internal void CancelLost()
    {
        lock (_gate)
        {
            if (_lost is { IsCancellationRequested: false } lost)
                _ = lost.CancelAsync();
        }
    }

    internal void Subscribe(SessionLockHandle handle, EventHandler<BlockingNotice>? handler)
    {
        lock (_gate)
        {
            _blocking += handler;
            _raised = null;
        }

        // Whoever subscribes after the fact is told at once: it is a level.
        RaiseNotice(handle, inline: false);
    }

    internal void Unsubscribe(EventHandler<BlockingNotice>? handler)
    {
        lock (_gate)
            _blocking -= handler;
    }

    /// <summary>A grant starts afresh: who is in whose way is seen anew.</summary>
    internal void Reset()
    {
        lock (_gate)
        {
            Notice = null;
            _raised = null;
        }
    }

    /// <summary>Raises the event if there is a notice that has not been told; one call at a time per handle.</summary>
    internal void RaiseNotice(SessionLockHandle handle, bool inline)
    {
        lock (_gate)
        {
            if (_raising || _blocking is null || Notice is null || ReferenceEquals(Notice, _raised))
                return;
            _raising = true;
        }

        if (inline)
            RaiseUntilQuiet(handle);
        else
            ThreadPool.UnsafeQueueUserWorkItem(static state => state.Extras.RaiseUntilQuiet(state.Handle), (Extras: this, Handle: handle), preferLocal: false);
    }

    private void RaiseUntilQuiet(SessionLockHandle handle)
    {
        while (true)
        {
            EventHandler<BlockingNotice>? handlers;
            BlockingNotice? notice;
            lock (_gate)
            {
                handlers = _blocking;
                notice = Notice;
                if (handlers is null || notice is null || ReferenceEquals(notice, _raised))
                {
                    _raising = false;
                    return;
                }

                _raised = notice;
            }

            try
            {
                handlers(handle, notice);
            }
            catch
            {
                // A subscriber's exception is unhandled and reaches the application; the next notice is raised all the same.
                lock (_gate)
                    _raising = false;
                throw;
            }
        }
    }
}
