namespace Tyer.Sessions;

/// <summary>
/// The handle that applications hold. One object per lock: what few locks need (loss, blocking notices, values, waits) is in
/// <see cref="HandleExtras"/> and made when first needed.
/// </summary>
internal sealed class SessionLockHandle : LockHandle, ISessionLock
{
    private readonly SessionLockspace _space;
    private readonly ResourceName _resource;
    private object? _atOnce; // the port's key of a lock that was granted at once
    private TaskCompletionSource? _wait;
    private HandleExtras? _extras;
    private LockId _id;
    private FencingToken _token;
    private uint _portKey;
    private LockMode _mode;
    private volatile HandlePhase _phase;
    private byte _statusNumber;
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
    internal RawStatus Status
    {
        get => (RawStatus)_statusNumber;
        private set => _statusNumber = (byte)value;
    }

    internal WaitInformation? WaitInformation => _extras?.Wait;

    internal HandlePhase Phase
    {
        get => _phase;
        private set => _phase = value;
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
        if (Status != RawStatus.Ok)
            throw Outcomes.OfConversion(_space, this, to, _space.Port.Clock.Now - started);
    }

    public override async ValueTask<bool> TryConvertAsync(
        LockMode to, TimeSpan wait, ConvertOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var limit = LockArguments.WaitOf(wait, options.Timeout);
        var started = _space.Port.Clock.Now;
        await ConvertCoreAsync(to, options, limit, cancellationToken).ConfigureAwait(false);
        return Status switch
        {
            RawStatus.Ok => true,
            RawStatus.Again or RawStatus.TimedOut => false,
            _ => throw Outcomes.OfConversion(_space, this, to, _space.Port.Clock.Now - started),
        };
    }

    public override ValueTask ReleaseAsync(CancellationToken cancellationToken = default)
    {
        if (TryReleaseAtOnce())
            return ValueTask.CompletedTask;
        var givesValue = _extras?.PendingValue is not null;
        if (TryBeginRelease())
        {
            PostRelease();
            if (AddWait(HandlePhase.Releasing) is { } wait)
                return WaitForReleaseAsync(wait, givesValue, cancellationToken);
        }

        ThrowIfUnknown(givesValue);
        return ValueTask.CompletedTask;
    }

    public override void Dispose()
    {
        if (!TryReleaseAtOnce() && TryBeginRelease())
            PostRelease();
    }

    public override ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Asks for the lock; true if it is held now, false if that takes longer, and nothing has happened.</summary>
    internal bool TryBeginAtOnce(RawFlags flags)
    {
        // Already while the port is asked: it may be told that it is lost as soon as it is granted, before the call is back here.
        Status = RawStatus.Ok;
        Phase = HandlePhase.Held;
        if (_space.Port.TryLockAtOnce(this, _resource, _mode, flags, out var grant))
        {
            _atOnce = grant.Key;
            _portKey = grant.PortKey;
            _id = grant.Id;
            _token = new FencingToken(grant.Epoch, grant.Counter);
            return true;
        }

        Status = RawStatus.InProgress;
        Phase = HandlePhase.Requested;
        return false;
    }

    /// <summary>
    /// Releases a lock without a value, where that is done within the call. Of those who try at the same time the port lets one win, and from
    /// then on tells nothing of the lock: so the phase needs no contest.
    /// </summary>
    private bool TryReleaseAtOnce()
    {
        if (_atOnce is not { } atOnce || Phase != HandlePhase.Held || _extras is not null || !_space.Port.TryUnlockAtOnce(atOnce, _id, _portKey))
            return false;
        Phase = HandlePhase.Gone;
        return true;
    }

    // What the port tells.

    void ISessionLock.Completed(in LockCompletion completion)
    {
        Status = completion.Status;
        if (completion.Wait is not null)
            Extras.Wait = completion.Wait;
        if (completion.ValueState is { } state)
            Extras.Value = new LockValue(completion.Value.ToArray(), state, completion.ValueVersion);
        if (completion.Mode is { } mode)
        {
            _mode = mode;
            _token = completion.Token;
        }

        var next = completion.Mode is null ? HandlePhase.Gone : HandlePhase.Held;
        if (completion.Kind == RequestKind.Unlock)
            Phase = HandlePhase.Gone;
        else if (Phase == HandlePhase.Requested)
            Phase = next;
        else
            TryEnter(HandlePhase.Converting, next); // a release may begin at any moment: what it overtakes does not bring the handle back
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
        Status = Phase == HandlePhase.Requested ? RawStatus.Unavailable : RawStatus.Lost;
        Phase = HandlePhase.Lost;
        Extras.CancelLost();
    }

    void ISessionLock.Deliver()
    {
        // An end may be delivered after its holder saw it, and asked for something else: whoever is woken looks at the phase for himself.
        Interlocked.Exchange(ref _wait, null)?.TrySetResult();

        // Nobody waits for it any more: a grant that won the race against the cancel is given back.
        if ((_traits & HandleTraits.Abandoned) != 0)
            Dispose();
        _extras?.RaiseNotice(this, _space.Port.InlineCompletions);
    }

    /// <summary>Something to wait on while the handle is in a phase; null if it has left it. A wait may end early: then ask again.</summary>
    internal Task? AddWait(HandlePhase phase)
    {
        if (Phase != phase)
            return null;
        var wait = new TaskCompletionSource(
            _space.Port.InlineCompletions ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
        // Whose place this takes is woken: a conversion that a release has overtaken, or either's earlier wait.
        Interlocked.Exchange(ref _wait, wait)?.TrySetResult();
        // Each end changes the phase and then takes the wait from its place. So one that came before the exchange shows here.
        return Phase == phase ? wait.Task : null;
    }

    /// <summary>The caller has gone: if the lock is granted after all, it is released. False if the request has ended already.</summary>
    internal bool TryAbandon()
    {
        if (Phase != HandlePhase.Requested)
            return false;
        _traits |= HandleTraits.Abandoned;
        _space.Port.Cancel(this);
        if (Phase == HandlePhase.Held)
            Dispose();
        return true;
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

        if (AddWait(HandlePhase.Converting) is { } wait)
        {
            // A cancelled conversion is awaited: only its outcome tells which mode the lock has.
            await using (cancellationToken.UnsafeRegister(static state => ((SessionLockHandle)state!).CancelConversion(), this).ConfigureAwait(false))
            {
                for (Task? next = wait; next is not null; next = AddWait(HandlePhase.Converting))
                    await next.ConfigureAwait(false);
            }
        }

        ThrowIfUnusable();
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

    private bool TryBeginRelease() =>
        TryEnter(HandlePhase.Held, HandlePhase.Releasing) || TryEnter(HandlePhase.Converting, HandlePhase.Releasing);

    private bool TryEnter(HandlePhase from, HandlePhase to) =>
        Interlocked.CompareExchange(ref _phase, to, from) == from;

    private void PostRelease()
    {
        var value = _extras?.PendingValue;
        var flags = RawFlags.ForceUnlock;
        if (value is not null)
            flags |= RawFlags.ValBlk;
        if (_extras is { Invalidates: true })
            flags |= RawFlags.IvValBlk;
        // A refusal means that the lock is gone already: there is nothing left to release. If it is lost, it stays so.
        if (_space.Port.Unlock(this, flags, value is not null, value) != RawResult.Accepted)
            TryEnter(HandlePhase.Releasing, HandlePhase.Gone);
        // A conversion that this has overtaken waits for nothing any more.
        Volatile.Read(ref _wait)?.TrySetResult();
    }

    private async ValueTask WaitForReleaseAsync(Task wait, bool givesValue, CancellationToken cancellationToken)
    {
        for (Task? next = wait; next is not null; next = AddWait(HandlePhase.Releasing))
            await next.WaitAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfUnknown(givesValue);
    }

    private void ThrowIfUnknown(bool givesValue)
    {
        if (Status == RawStatus.Unknown || (Phase == HandlePhase.Lost && givesValue))
            throw Outcomes.ReleaseUnknown(this);
    }

    private void ThrowIfUnusable()
    {
        ThrowIfLost();
        ObjectDisposedException.ThrowIf(Phase is HandlePhase.Releasing or HandlePhase.Gone, this);
    }
}
