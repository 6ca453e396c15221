namespace Tyer.Sessions;

/// <summary>
/// The classic interface over a port. What the caller hands in (status blocks, callbacks) is his and reused by him; what is needed
/// beside is pooled here: a lock and its release allocate nothing.
/// </summary>
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
            return Find(block.Id)?.Convert(mode, flags, block, callbacks) ?? RawResult.UnknownLock;
        var made = Rent(resource);
        var result = made.Lock(mode, flags, block, callbacks);
        if (result != RawResult.Accepted)
            Return(made);
        return result;
    }

    public RawResult Unlock(LockId id, RawFlags flags, LockStatusBlock block, RawCallbacks callbacks)
    {
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(callbacks);
        var check = LockArguments.CheckUnlock(id, flags, block, Port.ValueSize);
        if (check != RawResult.Accepted)
            return check;
        return Find(id)?.Unlock(flags, block, callbacks) ?? RawResult.UnknownLock;
    }

    public ValueTask<CancelOutcome> CancelAsync(LockId id, CancellationToken cancellationToken = default) =>
        Find(id)?.CancelAsync(cancellationToken) ?? new ValueTask<CancelOutcome>(CancelOutcome.NotFound);

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
            ended.Clear();
            if (_pool.Count < PoolMax)
                _pool.Push(ended);
        }
    }

    private RawLock? Find(LockId id)
    {
        lock (_gate)
            return _locks.GetValueOrDefault(id);
    }

    private RawLock Rent(ReadOnlySpan<byte> resource)
    {
        lock (_gate)
        {
            var rented = _pool.TryPop(out var pooled) ? pooled : new RawLock(this);
            rented.Resource = _names.Of(resource);
            return rented;
        }
    }
}
