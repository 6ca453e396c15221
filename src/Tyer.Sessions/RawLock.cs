namespace Tyer.Sessions;

/// <summary>
/// A lock of the classic interface. Events are noted when they happen and told in their order, one at a time, by
/// <see cref="CallbackQueue"/>: only then are status blocks written, as their owners expect. Pooled.
/// </summary>
internal sealed class RawLock(RawLockspace space) : ISessionLock
{
    private readonly Lock _gate = new();
    private readonly Queue<Event> _events = new(4);
    private readonly byte[] _value = new byte[Limits.ValueBytesMax];
    private LockStatusBlock? _block;
    private RawCallbacks? _callbacks;
    private LockStatusBlock? _unlockBlock;
    private RawCallbacks? _unlockCallbacks;
    private TaskCompletionSource<CancelOutcome>? _cancel;
    private RawFlags _flags;
    private LockId _id;
    private int _valueLength;
    private bool _queued;

    private enum EventKind : byte
    {
        Request,
        Unlock,
        Blocking,
    }

    public ResourceName Resource { get; internal set; }

    public uint PortKey { get; set; }

    /// <summary>How many calls are at work with it. Its lockspace's, as is <see cref="HasEnded"/>.</summary>
    internal int Pins { get; set; }

    /// <summary>Whether its last event has been told, or is just being.</summary>
    internal bool HasEnded { get; set; }

    public LockId Id
    {
        get => _id;
        set
        {
            if (_id == value || value == default)
                return;
            _id = value;
            _block?.Id = value;
            space.Register(this);
        }
    }

    internal RawResult Lock(LockMode mode, RawFlags flags, LockStatusBlock block, RawCallbacks callbacks)
    {
        Take(flags, block, callbacks);
        var result = space.Port.Lock(this, new LockRequest
        {
            Mode = mode,
            Flags = flags,
            Timeout = flags.HasFlag(RawFlags.Timeout) ? block.Timeout : null,
            NotifyBlocking = callbacks.Blocking is not null,
            Transaction = block.Transaction,
            Label = block.Label,
            Purpose = block.Purpose,
        });
        DeliverIfAny();
        return result;
    }

    internal RawResult Convert(LockMode mode, RawFlags flags, LockStatusBlock block, RawCallbacks callbacks)
    {
        var (oldBlock, oldCallbacks, oldFlags) = (_block, _callbacks, _flags);
        Take(flags, block, callbacks);
        var givesValue = flags.HasFlag(RawFlags.ValBlk);
        var result = space.Port.Convert(this, new ConvertRequest
        {
            Mode = mode,
            Flags = flags,
            Timeout = flags.HasFlag(RawFlags.Timeout) ? block.Timeout : null,
            NotifyBlocking = callbacks.Blocking is not null,
            GivesValue = givesValue,
            Value = givesValue ? block.Value.Span[..space.Port.ValueSize] : default,
        });
        if (result != RawResult.Accepted)
            (_block, _callbacks, _flags) = (oldBlock, oldCallbacks, oldFlags);
        DeliverIfAny();
        return result;
    }

    internal RawResult Unlock(RawFlags flags, LockStatusBlock block, RawCallbacks callbacks)
    {
        // The flags of an unlock add to those of the lock: taken with VALBLK, it writes its value when it goes.
        var givesValue = (flags | _flags).HasFlag(RawFlags.ValBlk) && block.Value.Length >= space.Port.ValueSize;
        var (oldBlock, oldCallbacks) = (_unlockBlock, _unlockCallbacks);
        (_unlockBlock, _unlockCallbacks) = (block, callbacks);
        var result = space.Port.Unlock(this, flags, givesValue, givesValue ? block.Value.Span[..space.Port.ValueSize] : default);
        if (result != RawResult.Accepted)
            (_unlockBlock, _unlockCallbacks) = (oldBlock, oldCallbacks);
        DeliverIfAny();
        return result;
    }

    internal Task<CancelOutcome> Cancel()
    {
        TaskCompletionSource<CancelOutcome> answer;
        lock (_gate)
            answer = _cancel ??= new TaskCompletionSource<CancelOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (space.Port.Cancel(this) is { } outcome)
        {
            lock (_gate)
                _cancel = null;
            answer.TrySetResult(outcome);
        }

        return answer.Task;
    }

    void ISessionLock.Completed(in LockCompletion completion)
    {
        var told = new Event
        {
            Kind = completion.Kind == RequestKind.Unlock ? EventKind.Unlock : EventKind.Request,
            Status = completion.Status,
            Flags = completion.Flags,
            Mode = completion.Mode,
            Token = completion.Token,
            ValueState = completion.ValueState,
            ValueVersion = completion.ValueVersion,
        };
        lock (_gate)
        {
            if (completion.ValueState is not null)
            {
                completion.Value.CopyTo(_value);
                _valueLength = completion.Value.Length;
            }

            _events.Enqueue(told);
        }
    }

    void ISessionLock.CancelAnswered(CancelOutcome outcome)
    {
        TaskCompletionSource<CancelOutcome>? answer;
        lock (_gate)
        {
            answer = _cancel;
            _cancel = null;
        }

        answer?.TrySetResult(outcome);
    }

    void ISessionLock.Blocking(LockMode wanted, LockOwner requester, TimeSpan waitedFor)
    {
        lock (_gate)
            _events.Enqueue(new Event { Kind = EventKind.Blocking, Notice = new BlockingNotice(wanted, requester, waitedFor) });
    }

    void ISessionLock.Lost(LossReason reason)
    {
        lock (_gate)
        {
            _events.Enqueue(new Event
            {
                Kind = _unlockBlock is null ? EventKind.Request : EventKind.Unlock,
                Status = RawStatus.Lost,
                Loss = reason,
            });
        }
    }

    void ISessionLock.Deliver() => DeliverIfAny();

    /// <summary>Tells what has happened, in order. Only the queue calls this, one lock at a time.</summary>
    internal void RunCallbacks()
    {
        bool isMore;
        do
        {
            Event told;
            lock (_gate)
            {
                if (!_events.TryDequeue(out told))
                    return;
                // What comes while this is told puts the lock into the queue again, behind it.
                isMore = _queued = _events.Count > 0;
            }

            if (Tell(told))
                return;
        }
        while (isMore);
    }

    private void Take(RawFlags flags, LockStatusBlock block, RawCallbacks callbacks)
    {
        _flags = flags;
        _block = block;
        _callbacks = callbacks;
        block.Status = RawStatus.InProgress;
        block.Flags = RawStatusFlags.None;
    }

    private void DeliverIfAny()
    {
        lock (_gate)
        {
            if (_queued || _events.Count == 0)
                return;
            _queued = true;
        }

        space.Callbacks.Add(this, space.Port.InlineCompletions);
    }

    /// <summary>Tells one event; true if it was the lock's last.</summary>
    private bool Tell(in Event told)
    {
        if (told.Kind == EventKind.Blocking)
        {
            _callbacks?.Blocking?.Invoke(_block!, told.Notice!);
            return false;
        }

        var (block, callbacks) = told.Kind == EventKind.Unlock ? (_unlockBlock!, _unlockCallbacks!) : (_block!, _callbacks!);
        block.Id = _id;
        block.Flags = told.Flags;
        block.Token = told.Token;
        if (told.Mode is { } mode)
            block.Mode = mode;
        if (told.ValueState is { } state)
        {
            _value.AsSpan(0, Math.Min(_valueLength, block.Value.Length)).CopyTo(block.Value.Span);
            block.ValueState = state;
            block.ValueVersion = told.ValueVersion;
        }

        if (told.Status == RawStatus.Lost)
            block.Error = new LockLostException(Resource, block.Mode, _id, block.Token, told.Loss);
        block.Status = told.Status;
        // A lock that never was granted, or is released, is gone; one that an unlock is under way for is told of that next.
        var isLast = told.Kind == EventKind.Unlock || told.Status == RawStatus.Lost || (told.Mode is null && _unlockBlock is null);
        if (isLast)
            space.Return(this);
        callbacks.Completed(block);
        return isLast;
    }

    /// <summary>As new, for the next lock.</summary>
    internal void Clear()
    {
        _events.Clear();
        _block = null;
        _callbacks = null;
        _unlockBlock = null;
        _unlockCallbacks = null;
        _flags = RawFlags.None;
        _id = default;
        _queued = false;
        HasEnded = false;
        PortKey = 0;
        Resource = default;
    }

    private struct Event
    {
        internal EventKind Kind;
        internal RawStatus Status;
        internal RawStatusFlags Flags;
        internal LockMode? Mode;
        internal FencingToken Token;
        internal LockValueState? ValueState;
        internal ulong ValueVersion;
        internal LossReason Loss;
        internal BlockingNotice? Notice;
    }
}
