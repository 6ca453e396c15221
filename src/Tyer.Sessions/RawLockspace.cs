namespace Tyer.Sessions;

/// <summary>
/// The classic interface over a port. What the caller hands in (status blocks, callbacks) is his and reused by him; what is needed
/// beside is pooled here: a lock and its release allocate nothing.
/// </summary>
/// <remarks>
/// A call may find its lock, and before it comes to act another thread tells the lock's last event. So who calls pins what he found, and an
/// object goes back to the pool when its lock has ended and nobody has it pinned.
/// </remarks>
internal sealed class RawLockspace(LockPort port) : IRawLockspace
{
    private const int PoolMax = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<LockId, RawLock> _locks = [];
    private readonly Stack<RawLock> _pool = new();
    private readonly NameCache _names = new();

    internal LockPort Port { get; } = port;

    internal CallbackQueue Callbacks { get; } = new();

    public RawResult Lock(ReadOnlySpan<byte> resource, LockMode mode, RawFlags flags, LockStatusBlock block, RawCallbacks callbacks)
    {
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(callbacks);
        var check = LockArguments.CheckLock(resource, mode, flags, block, Port.ValueSize);
        if (check != RawResult.Accepted)
            return check;
        if (flags.HasFlag(RawFlags.Convert))
        {
            if (Pin(block.Id) is not { } converted)
                return RawResult.UnknownLock;
            check = converted.Convert(mode, flags, block, callbacks);
            Unpin(converted);
            return check;
        }

        var made = Rent(resource);
        check = made.Lock(mode, flags, block, callbacks);
        if (check != RawResult.Accepted)
            Return(made);
        Unpin(made);
        return check;
    }

    public RawResult Unlock(LockId id, RawFlags flags, LockStatusBlock block, RawCallbacks callbacks)
    {
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(callbacks);
        var check = LockArguments.CheckUnlock(id, flags, block, Port.ValueSize);
        if (check != RawResult.Accepted)
            return check;
        if (Pin(id) is not { } ended)
            return RawResult.UnknownLock;
        check = ended.Unlock(flags, block, callbacks);
        Unpin(ended);
        return check;
    }

    public ValueTask<CancelOutcome> CancelAsync(LockId id, CancellationToken cancellationToken = default)
    {
        if (Pin(id) is not { } cancelled)
            return new ValueTask<CancelOutcome>(CancelOutcome.NotFound);
        var answer = cancelled.Cancel();
        Unpin(cancelled);
        return new ValueTask<CancelOutcome>(answer.WaitAsync(cancellationToken));
    }

    public ValueTask<int> PurgeAsync(uint node, int processId, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(node, Limits.NodeIdMax);
        ArgumentOutOfRangeException.ThrowIfNegative(processId);
        return Port.PurgeAsync(node, processId, cancellationToken);
    }

    /// <summary>From here on the lock is found by its id.</summary>
    internal void Register(RawLock made)
    {
        lock (_gate)
            _locks.Add(made.Id, made);
    }

    /// <summary>The lock has ended.</summary>
    internal void Return(RawLock ended)
    {
        lock (_gate)
        {
            if (ended.Id != default)
                _locks.Remove(ended.Id);
            ended.HasEnded = true;
            if (ended.Pins == 0)
                Pool(ended);
        }
    }

    private RawLock? Pin(LockId id)
    {
        lock (_gate)
        {
            if (_locks.TryGetValue(id, out var found))
                found.Pins++;
            return found;
        }
    }

    private void Unpin(RawLock used)
    {
        lock (_gate)
        {
            if (--used.Pins == 0 && used.HasEnded)
                Pool(used);
        }
    }

    private void Pool(RawLock ended)
    {
        ended.Clear();
        if (_pool.Count < PoolMax)
            _pool.Push(ended);
    }

    private RawLock Rent(ReadOnlySpan<byte> resource)
    {
        lock (_gate)
        {
            var rented = _pool.TryPop(out var pooled) ? pooled : new RawLock(this);
            rented.Resource = _names.Of(resource);
            rented.Pins = 1;
            return rented;
        }
    }
}
