namespace Tyer.Sessions;

/// <summary>
/// The handle that applications hold. One object per lock: what few locks need (loss, blocking notices, values, waits) is in
/// <see cref="HandleExtras"/> and made when first needed.
/// </summary>
internal sealed class SessionLockHandle : LockHandle, ISessionLock
{
    // Put in place of a wait once the result is there, so that whoever comes second of waiter and result sees the first.
    private static readonly object Arrived = new();

    private readonly SessionLockspace _space;
    private readonly ResourceName _resource;
    private object? _wait;
    private HandleExtras? _extras;
    private LockId _id;
    private FencingToken _token;
    private uint _portKey;
    private LockMode _mode;
    private volatile int _phaseNumber;
    private RawStatus _status;
    private HandleTraits _traits;

    internal SessionLockHandle(SessionLockspace space, ResourceName resource, LockMode mode, HandleTraits traits)
    {
        _space = space;
        _resource = resource;
        _mode = mode;
        _traits = traits;
    }

    public override ResourceName Resource => _resource;

    public override LockMode Mode => _mode;

    public override LockId Id => _id;

    public override FencingToken Token => _token;

    public override LockValue Value => Volatile.Read(ref _extras)?.Value ?? default;

    public override CancellationToken Lost => Extras.LostToken(Phase == HandlePhase.Lost);

    public override LossReason? LostBecause => Phase == HandlePhase.Lost ? Extras.LostBecause : null;

    public override LockMode? BlockedMode => Volatile.Read(ref _extras)?.Notice?.Wanted;

    public override TimeSpan SafeFor => Phase switch
    {
        HandlePhase.Held or HandlePhase.Converting => _space.Port.SafeFor,
        _ => TimeSpan.Zero,
    };

    LockId ISessionLock.Id
    {
        get => _id;
        set => _id = value;
    }

    uint ISessionLock.PortKey
    {
        get => _portKey;
        set => _portKey = value;
    }

    /// <summary>How the request or conversion last made ended; meaningful in the phases that follow such an end.</summary>
    internal RawStatus Status => _status;

    internal WaitInformation? WaitInformation => _extras?.Wait;

    internal HandlePhase Phase
    {
        get => (HandlePhase)_phaseNumber;
        private set => _phaseNumber = (int)value;
    }

    private HandleExtras Extras
    {
        get
        {
            if (Volatile.Read(ref _extras) is { } extras)
                return extras;
            Interlocked.CompareExchange(ref _extras, new HandleExtras(), null);
            return _extras;
        }
    }

    public override event EventHandler<BlockingNotice>? Blocking
    {
        add => Extras.Subscribe(this, value);
        remove => Extras.Unsubscribe(value);
    }

    public override void SetValue(ReadOnlySpan<byte> value)
    {
        ThrowIfUnusable();
        if (!LockModes.MayWriteValue(_mode))
            throw new InvalidOperationException($"The value of '{_resource}' is written by a lock that holds PW or EX; this one holds {_mode.ToShortName()}.");
        if ((_traits & HandleTraits.TakesValue) == 0)
            throw new InvalidOperationException($"This lock on '{_resource}' was taken without its value (LockOptions.ValueBlock = false).");
        if (value.Length > _space.Port.ValueSize)
        {
            throw new ArgumentException(
                $"A value of {value.Length} bytes is too long: values in lockspace '{_space.Name}' have at most {_space.Port.ValueSize} bytes.", nameof(value));
        }

        Extras.PendingValue = value.ToArray();
        Extras.Invalidates = false;
    }

    public override void InvalidateValue()
    {
        ThrowIfUnusable();
        if (!LockModes.MayWriteValue(_mode))
            throw new InvalidOperationException($"The value of '{_resource}' is invalidated by a lock that holds PW or EX; this one holds {_mode.ToShortName()}.");
        Extras.PendingValue = null;
        Extras.Invalidates = true;
    }

    public override async ValueTask ConvertAsync(LockMode to, ConvertOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var wait = LockArguments.WaitOf(null, options.Timeout);
        var started = _space.Port.Clock.Now;
        await ConvertCoreAsync(to, options, wait, cancellationToken).ConfigureAwait(false);
        if (_status != RawStatus.Ok)
            throw Outcomes.OfConversion(_space, this, to, _space.Port.Clock.Now - started);
    }

    public override async ValueTask<bool> TryConvertAsync(
        LockMode to, TimeSpan wait, ConvertOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var limit = LockArguments.WaitOf(wait, options.Timeout);
        var started = _space.Port.Clock.Now;
        await ConvertCoreAsync(to, options, limit, cancellationToken).ConfigureAwait(false);
        return _status switch
        {
            RawStatus.Ok => true,
            RawStatus.Again or RawStatus.TimedOut => false,
            _ => throw Outcomes.OfConversion(_space, this, to, _space.Port.Clock.Now - started),
        };
    }

    public override ValueTask ReleaseAsync(CancellationToken cancellationToken = default)
    {
        if (!TryBeginRelease(out var givesValue))
            return Phase == HandlePhase.Lost && givesValue ? throw Outcomes.ReleaseUnknown(this) : ValueTask.CompletedTask;
        PostRelease();
        if (Phase == HandlePhase.Releasing && AddWait() is { } wait)
            return WaitForReleaseAsync(wait.Task, cancellationToken);
        ThrowIfUnknown();
        return ValueTask.CompletedTask;
    }

    public override void Dispose()
    {
        if (TryBeginRelease(out _))
            PostRelease();
    }

    public override ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    // What the port tells.

    void ISessionLock.Completed(in LockCompletion completion)
    {
        _status = completion.Status;
        if (completion.Wait is not null)
            Extras.Wait = completion.Wait;
        if (completion.ValueState is { } state)
            Extras.Value = new LockValue(completion.Value.ToArray(), state, completion.ValueVersion);
        if (completion.Mode is { } mode)
        {
            _mode = mode;
            _token = completion.Token;
        }

        if (Phase is HandlePhase.Requested or HandlePhase.Converting)
            Phase = completion.Mode is null ? HandlePhase.Gone : HandlePhase.Held;
        else if (completion.Kind == RequestKind.Unlock)
            Phase = HandlePhase.Gone;
        _extras?.Reset();
    }

    void ISessionLock.CancelAnswered(CancelOutcome outcome)
    {
        // Nothing to do: the end of the request that was to be cancelled has been told, and that is what the waiter waits for.
    }

    void ISessionLock.Blocking(LockMode wanted, LockOwner requester, TimeSpan waitedFor) =>
        Extras.Notice = new BlockingNotice(wanted, requester, waitedFor);

    void ISessionLock.Lost(LossReason reason)
    {
        if (Phase is HandlePhase.Gone or HandlePhase.Lost)
            return;
        Extras.LostBecause = reason;
        _status = Phase == HandlePhase.Requested ? RawStatus.Unavailable : RawStatus.Lost;
        Phase = HandlePhase.Lost;
        Extras.CancelLost();
    }

    void ISessionLock.Deliver()
    {
        // The grant may be delivered after its holder saw it, and has begun to release: what is waited for then is another end.
        if (Phase is not (HandlePhase.Requested or HandlePhase.Converting or HandlePhase.Releasing)
            && Interlocked.Exchange(ref _wait, Arrived) is TaskCompletionSource wait)
        {
            wait.TrySetResult();
        }

        // Nobody waits for it any more: a grant that won the race against the cancel is given back.
        if ((_traits & HandleTraits.Abandoned) != 0)
            Dispose();
        _extras?.RaiseNotice(this, _space.Port.InlineCompletions);
    }

    /// <summary>Something to wait on, or null if the result is there.</summary>
    internal TaskCompletionSource? AddWait()
    {
        var wait = new TaskCompletionSource(
            _space.Port.InlineCompletions ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
        return Interlocked.CompareExchange(ref _wait, wait, null) is null ? wait : null;
    }

    /// <summary>The caller has gone: if the lock is granted after all, it is released.</summary>
    internal void Abandon()
    {
        _traits |= HandleTraits.Abandoned;
        _space.Port.Cancel(this);
        if (Phase == HandlePhase.Held)
            Dispose();
    }

    internal LockLostException LostException() => new(_resource, _mode, _id, _token, Extras.LostBecause);

    private async ValueTask ConvertCoreAsync(LockMode to, ConvertOptions options, TimeSpan? limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfUnusable();
        var flags = LockArguments.FlagsOf(_mode, to, options, limit);
        if (!TryEnter(HandlePhase.Held, HandlePhase.Converting))
            throw new InvalidOperationException($"An operation on this lock of '{_resource}' is under way; one at a time.");
        var result = Begin(to, flags, limit);
        if (result != RawResult.Accepted)
        {
            TryEnter(HandlePhase.Converting, HandlePhase.Held);
            ThrowIfLost();
            throw Outcomes.Refused(result, _space.Name, _resource);
        }

        if (Phase == HandlePhase.Converting && AddWait() is { } wait)
        {
            // A cancelled conversion is awaited: only its outcome tells which mode the lock has.
            await using (cancellationToken.UnsafeRegister(static state => ((SessionLockHandle)state!).CancelConversion(), this).ConfigureAwait(false))
                await wait.Task.ConfigureAwait(false);
        }

        ThrowIfLost();
    }

    private RawResult Begin(LockMode to, RawFlags flags, TimeSpan? timeout)
    {
        var extras = _extras;
        var writes = Writes(_mode, to) && extras is not null;
        if (writes && extras!.Invalidates)
            flags |= RawFlags.IvValBlk;
        if ((_traits & HandleTraits.TakesValue) != 0)
            flags |= RawFlags.ValBlk;
        if ((_traits & HandleTraits.Persistent) != 0)
            flags |= RawFlags.Persistent;
        var value = writes ? extras!.PendingValue : null;
        Volatile.Write(ref _wait, null);
        var result = _space.Port.Convert(this, new ConvertRequest
        {
            Mode = to,
            Flags = flags,
            Timeout = timeout,
            NotifyBlocking = true,
            GivesValue = value is not null,
            Value = value,
        });
        if (result == RawResult.Accepted && writes)
        {
            extras!.PendingValue = null;
            extras.Invalidates = false;
        }

        return result;
    }

    /// <summary>Whether a change of mode writes the value: any that leaves PW or EX, but for PW to EX.</summary>
    private static bool Writes(LockMode from, LockMode to) =>
        from == LockMode.Exclusive || (from == LockMode.ProtectedWrite && to != LockMode.Exclusive);

    private void CancelConversion() => _space.Port.Cancel(this);

    private bool TryBeginRelease(out bool givesValue)
    {
        givesValue = _extras?.PendingValue is not null;
        return TryEnter(HandlePhase.Held, HandlePhase.Releasing) || TryEnter(HandlePhase.Converting, HandlePhase.Releasing);
    }

    private bool TryEnter(HandlePhase from, HandlePhase to) =>
        Interlocked.CompareExchange(ref _phaseNumber, (int)to, (int)from) == (int)from;

    private void PostRelease()
    {
        var value = _extras?.PendingValue;
        var flags = RawFlags.ForceUnlock;
        if (value is not null)
            flags |= RawFlags.ValBlk;
        if (_extras is { Invalidates: true })
            flags |= RawFlags.IvValBlk;
        Volatile.Write(ref _wait, null);
        // A refusal means that the lock is gone already: there is nothing left to release.
        if (_space.Port.Unlock(this, flags, value is not null, value) != RawResult.Accepted)
            Phase = HandlePhase.Gone;
    }

    private async ValueTask WaitForReleaseAsync(Task released, CancellationToken cancellationToken)
    {
        await released.WaitAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfUnknown();
    }

    private void ThrowIfUnknown()
    {
        if (_status == RawStatus.Unknown)
            throw Outcomes.ReleaseUnknown(this);
    }

    private void ThrowIfUnusable()
    {
        ThrowIfLost();
        ObjectDisposedException.ThrowIf(Phase is HandlePhase.Releasing or HandlePhase.Gone, this);
    }
}
