namespace Tyer.Sessions;

/// <summary>
/// A lockspace as applications see it, over whatever brings their calls to the lock manager: what the four verbs mean is decided here,
/// once for nodes and clients.
/// </summary>
public sealed class SessionLockspace : ILockspace
{
    private static readonly LockOptions Defaults = new();
    private readonly RawLockspace _raw;
    private int _disposed;

    /// <summary>Creates the lockspace over its port.</summary>
    public SessionLockspace(LockPort port)
    {
        Port = port;
        _raw = new RawLockspace(port);
    }

    /// <inheritdoc/>
    public string Name => Port.LockspaceName;

    /// <inheritdoc/>
    public IRawLockspace Raw => _raw;

    internal LockPort Port { get; }

    /// <inheritdoc/>
    public ValueTask<LockHandle> LockAsync(ResourceName resource, LockMode mode = LockMode.Exclusive, CancellationToken cancellationToken = default) =>
        ResultOf(BeginPlain(resource, mode, cancellationToken), mode, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LockHandle> LockAsync(ResourceName resource, LockMode mode, LockOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var limit = LockArguments.WaitOf(null, options.Timeout);
        return ResultOf(Begin(resource, mode, options, limit, cancellationToken), mode, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LockHandle?> TryLockAsync(ResourceName resource, LockMode mode, TimeSpan wait, CancellationToken cancellationToken = default) =>
        TryLockAsync(resource, mode, wait, Defaults, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LockHandle?> TryLockAsync(
        ResourceName resource, LockMode mode, TimeSpan wait, LockOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var handle = Begin(resource, mode, options, LockArguments.WaitOf(wait, options.Timeout), cancellationToken);
        if (handle.Phase == HandlePhase.Requested)
            return TryWaitAsync(handle, mode, cancellationToken);
        return handle.Status switch
        {
            RawStatus.Ok => new ValueTask<LockHandle?>(handle),
            RawStatus.Again or RawStatus.TimedOut => default,
            _ => TryWaitAsync(handle, mode, cancellationToken),
        };
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ResourceSnapshot> QueryAsync(ResourceQuery query, CancellationToken cancellationToken = default) =>
        Port.QueryAsync(query, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Interlocked.Exchange(ref _disposed, 1) == 0 ? Port.CloseAsync() : ValueTask.CompletedTask;

    /// <summary>Asks for a lock without options: what the checks of options would say need not be found out each time.</summary>
    private SessionLockHandle BeginPlain(ResourceName resource, LockMode mode, CancellationToken cancellationToken)
    {
        if (resource.IsDefault || !LockModes.IsDefined(mode))
            return Begin(resource, mode, Defaults, null, cancellationToken); // which says what is wrong
        ThrowIfOver(cancellationToken);
        var handle = new SessionLockHandle(this, resource, mode, HandleTraits.TakesValue);
        if (!handle.TryBeginAtOnce(RawFlags.ValBlk))
            Ask(handle, new LockRequest { Mode = mode, Flags = RawFlags.ValBlk, NotifyBlocking = true });
        return handle;
    }

    private SessionLockHandle Begin(
        ResourceName resource, LockMode mode, LockOptions options, TimeSpan? limit, CancellationToken cancellationToken)
    {
        ThrowIfOver(cancellationToken);
        var flags = LockArguments.FlagsOf(resource, mode, options, limit);
        var traits = (options.ValueBlock ? HandleTraits.TakesValue : HandleTraits.None)
            | (options.Persistent ? HandleTraits.Persistent : HandleTraits.None);
        var handle = new SessionLockHandle(this, resource, mode, traits);
        var isPlain = options.Owner is null && options.Purpose is null && options.Transaction is null;
        if (!isPlain || !handle.TryBeginAtOnce(flags))
        {
            Ask(handle, new LockRequest
            {
                Mode = mode,
                Flags = flags,
                Timeout = limit,
                NotifyBlocking = true,
                Transaction = options.Transaction,
                Label = options.Owner,
                Purpose = options.Purpose,
            });
        }

        return handle;
    }

    private void Ask(SessionLockHandle handle, in LockRequest request)
    {
        var result = Port.Lock(handle, request);
        if (result != RawResult.Accepted)
            throw Outcomes.Refused(result, Name, handle.Resource);
    }

    private void ThrowIfOver(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private ValueTask<LockHandle> ResultOf(SessionLockHandle handle, LockMode mode, CancellationToken cancellationToken) =>
        handle.Phase == HandlePhase.Held ? new ValueTask<LockHandle>(handle) : WaitAsync(handle, mode, cancellationToken);

    private async ValueTask<LockHandle> WaitAsync(SessionLockHandle handle, LockMode mode, CancellationToken cancellationToken)
    {
        var started = Port.Clock.Now;
        await WaitForResultAsync(handle, cancellationToken).ConfigureAwait(false);
        return handle.Status == RawStatus.Ok ? handle : throw Outcomes.OfLock(this, handle, mode, Port.Clock.Now - started);
    }

    private async ValueTask<LockHandle?> TryWaitAsync(SessionLockHandle handle, LockMode mode, CancellationToken cancellationToken)
    {
        var started = Port.Clock.Now;
        await WaitForResultAsync(handle, cancellationToken).ConfigureAwait(false);
        return handle.Status switch
        {
            RawStatus.Ok => handle,
            RawStatus.Again or RawStatus.TimedOut => null,
            _ => throw Outcomes.OfLock(this, handle, mode, Port.Clock.Now - started),
        };
    }

    /// <summary>Whoever cancels is answered at once; a grant that still arrives is released in the background.</summary>
    private static async ValueTask WaitForResultAsync(SessionLockHandle handle, CancellationToken cancellationToken)
    {
        try
        {
            while (handle.AddWait(HandlePhase.Requested) is { } wait)
                await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Granted at the same moment: a lock in hand is not thrown away.
            if (handle.TryAbandon())
                throw;
        }
    }
}
