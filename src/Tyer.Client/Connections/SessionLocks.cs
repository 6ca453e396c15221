using Tyer.Comms.Sending;
using Tyer.Sessions;
using Tyer.Sessions.Wire;

namespace Tyer.Client.Connections;

/// <summary>
/// The locks of one session: calls go out as messages, the node's answers come back to the locks that they are about. What
/// <c>docs/contract.md</c> says about a lost connection is decided in <see cref="LoseAll"/>.
/// </summary>
internal sealed class SessionLocks(ISessionWire wire)
{
    private readonly Lock _gate = new();
    private readonly KeyTable _keys = new();
    private int _unanswered;
    private bool _isLost;

    // Calls of the application, on its threads.

    internal RawResult Lock(OpenSpace space, ISessionLock target, in LockRequest request)
    {
        if (wire.IsOverdue)
            wire.Lose(LossReason.SessionExpired);

        uint key;
        uint operation;
        lock (_gate)
        {
            if (_isLost)
                return RawResult.Unavailable;
            if (space.IsClosed)
                return RawResult.UnknownLockspace;
            if (space.LockCount >= space.Options.LocksPerSessionMax)
                return RawResult.TooManyLocks;
            if (_unanswered >= ClientLimits.UnansweredCallsMax)
                return RawResult.TooManyRequests;
            key = _keys.Rent();
            ref var slot = ref _keys[key];
            slot.Target = target;
            slot.Space = space;
            slot.PendingKind = RequestKind.Lock;
            operation = Begin(ref slot);
            space.LockCount++;
            target.PortKey = key;
        }

        Span<byte> name = stackalloc byte[Limits.ResourceNameBytesMax];
        target.Resource.TryWriteBytes(name, out var nameLength);
        Span<byte> message = stackalloc byte[WireLimits.LockBytesMax];
        var length = new LockMessage
        {
            Mode = request.Mode,
            Flags = request.Flags,
            Key = key,
            Operation = operation,
            Space = space.Number,
            NotifyBlocking = request.NotifyBlocking,
            Timeout = LimitOf(request.Timeout),
            Transaction = request.Transaction,
            Label = request.Label,
            Purpose = request.Purpose,
            Name = name[..nameLength],
        }.Write(message);
        return Sent(wire.Send(message[..length]), target, key, operation);
    }

    internal RawResult Convert(ISessionLock target, in ConvertRequest request)
    {
        uint key;
        uint operation;
        lock (_gate)
        {
            if (_isLost)
                return RawResult.Lost;
            key = target.PortKey;
            if (!IsOf(target, key))
                return RawResult.UnknownLock;
            ref var slot = ref _keys[key];
            if (slot.Pending != 0 || slot.Unlock != 0)
                return RawResult.Busy;
            if ((request.Flags & RawFlags.QueCvt) != 0 && !LockModes.MayConvertStrictly(slot.Mode, request.Mode))
                return RawResult.InvalidConversion;
            if (request.GivesValue && request.Value.Length > slot.Space.Options.ValueSize)
                return RawResult.ValueTooLong;
            if (_unanswered >= ClientLimits.UnansweredCallsMax)
                return RawResult.TooManyRequests;
            slot.PendingKind = RequestKind.Convert;
            operation = Begin(ref slot);
        }

        Span<byte> message = stackalloc byte[WireLimits.CallBytesMax];
        var length = new ConvertMessage
        {
            Mode = request.Mode,
            Flags = request.Flags,
            Key = key,
            Operation = operation,
            NotifyBlocking = request.NotifyBlocking,
            Timeout = LimitOf(request.Timeout),
            GivesValue = request.GivesValue,
            Value = request.Value,
        }.Write(message);
        return Sent(wire.Send(message[..length]), target, key, operation);
    }

    internal RawResult Unlock(ISessionLock target, RawFlags flags, bool givesValue, ReadOnlySpan<byte> value)
    {
        uint key;
        uint operation;
        lock (_gate)
        {
            if (_isLost)
                return RawResult.Lost;
            key = target.PortKey;
            if (!IsOf(target, key))
                return RawResult.UnknownLock;
            ref var slot = ref _keys[key];
            if (slot.Unlock != 0 || (slot.Pending != 0 && (flags & RawFlags.ForceUnlock) == 0))
                return RawResult.Busy;
            if (givesValue && value.Length > slot.Space.Options.ValueSize)
                return RawResult.ValueTooLong;
            operation = ++slot.Operation;
            slot.Unlock = operation;
            slot.UnlockGivesValue = givesValue;
        }

        SendUnlock(key, operation, flags, givesValue, value);
        return RawResult.Accepted;
    }

    internal CancelOutcome? Cancel(ISessionLock target)
    {
        uint key;
        uint operation;
        lock (_gate)
        {
            key = target.PortKey;
            if (_isLost || !IsOf(target, key))
                return CancelOutcome.NotFound;
            ref var slot = ref _keys[key];
            if (slot.Pending == 0)
                return CancelOutcome.AlreadyGranted;
            if (slot.CancelSent)
                return null;
            slot.CancelSent = true;
            operation = slot.Pending;
        }

        Span<byte> message = stackalloc byte[WireLimits.SmallBytesMax];
        if (wire.Send(message[..new CancelMessage(key, operation).Write(message)]) == SendResult.WouldBlock)
            wire.Lose(LossReason.ConnectionClosed);
        return null;
    }

    /// <summary>The lockspace is closed from now on: what is held in it is told so before the node hears of it.</summary>
    internal void CloseSpace(OpenSpace space)
    {
        List<ISessionLock>? told = null;
        lock (_gate)
        {
            if (_isLost || space.IsClosed)
                return;
            space.IsClosed = true;
            for (var key = 0u; key < _keys.End; key++)
            {
                ref var slot = ref _keys[key];
                if (slot.InUse && ReferenceEquals(slot.Space, space))
                    Tell(key, LossReason.LockspaceClosed, told ??= []);
            }
        }

        DeliverAll(told);
    }

    /// <summary>The node has closed it too, and says nothing more about its locks: their keys are free.</summary>
    internal void ForgetSpace(OpenSpace space)
    {
        lock (_gate)
        {
            for (var key = 0u; key < _keys.End; key++)
            {
                ref var slot = ref _keys[key];
                if (!slot.InUse || !ReferenceEquals(slot.Space, space))
                    continue;
                Answered(ref slot);
                _keys.Return(key);
            }
        }
    }

    // What the node tells, on the reader's thread.

    internal void OnQueued(in QueuedMessage told)
    {
        lock (_gate)
        {
            if (!IsAwaited(told.Key, told.Operation, RequestKind.Lock))
                return;
            ref var slot = ref _keys[told.Key];
            Answered(ref slot);
            slot.Target?.Id = told.Id;
        }
    }

    internal void OnCompleted(in CompletedMessage told)
    {
        // S6: what arrives after the deadline was granted to somebody who has lost it already.
        if (told.Status == RawStatus.Ok && wire.IsOverdue)
        {
            wire.Lose(LossReason.SessionExpired);
            return;
        }

        var report = CompletedMessage.ReadReport(told.Report);
        ISessionLock? target;
        lock (_gate)
        {
            if (!IsAwaited(told.Key, told.Operation, told.Kind))
                return;
            ref var slot = ref _keys[told.Key];
            Answered(ref slot);
            target = slot.Target;
            if (told.Mode is { } mode)
                (slot.Mode, slot.Token) = (mode, told.Token);
            if (told.Kind == RequestKind.Unlock)
                slot.Unlock = 0;
            else
                slot.Pending = 0;

            // What an unlock has overtaken has no mode either, and the unlock's own end is still to come.
            var hasEnded = told.Kind == RequestKind.Unlock || (told.Mode is null && slot.Unlock == 0);
            var tellsCancel = hasEnded && slot.CancelSent;
            if (hasEnded)
                End(told.Key);
            if (target is null)
                return;
            if (told.Id != default && told.Id != target.Id)
                target.Id = told.Id;
            target.Completed(new LockCompletion
            {
                Kind = told.Kind,
                Status = told.Status,
                Mode = told.Mode,
                Token = told.Token,
                Flags = told.StatusFlags,
                ValueState = told.ValueState,
                ValueVersion = told.ValueVersion,
                Value = told.Value,
                Wait = report,
            });
            if (tellsCancel)
                target.CancelAnswered(told.Status is RawStatus.Cancelled or RawStatus.TimedOut ? CancelOutcome.Cancelled : CancelOutcome.NotFound);
        }

        target.Deliver();
    }

    internal void OnCallRefused(in CallRefusedMessage told)
    {
        ISessionLock? target;
        lock (_gate)
        {
            if (!IsAwaited(told.Key, told.Operation, told.Kind))
                return;
            ref var slot = ref _keys[told.Key];
            Answered(ref slot);
            target = slot.Target;
            var completion = told.Kind switch
            {
                RequestKind.Lock => new LockCompletion { Kind = RequestKind.Lock, Status = StatusOf(told.Result) },
                RequestKind.Convert => new LockCompletion { Kind = RequestKind.Convert, Status = StatusOf(told.Result), Mode = slot.Mode, Token = slot.Token },
                // The node has no such lock, or no longer: it is as free as can be.
                _ => new LockCompletion { Kind = RequestKind.Unlock, Status = RawStatus.Unlocked },
            };
            if (told.Kind == RequestKind.Unlock)
                slot.Unlock = 0;
            else
                slot.Pending = 0;
            var tellsCancel = told.Kind != RequestKind.Convert && slot.CancelSent;
            if (told.Kind != RequestKind.Convert)
                End(told.Key);
            if (target is null)
                return;
            target.Completed(completion);
            if (tellsCancel)
                target.CancelAnswered(CancelOutcome.NotFound);
        }

        target.Deliver();
    }

    internal void OnCancelAnswered(in CancelAnsweredMessage told)
    {
        ISessionLock? target;
        lock (_gate)
        {
            if (!_keys.TryFind(told.Key) || !_keys[told.Key].CancelSent)
                return;
            ref var slot = ref _keys[told.Key];
            slot.CancelSent = false;
            target = slot.Target;
            if (slot.HasEnded)
                _keys.Return(told.Key);
            if (target is null)
                return;
            target.CancelAnswered(told.Outcome);
        }

        target.Deliver();
    }

    internal void OnBlocking(in BlockingMessage told)
    {
        var requester = OwnerCodec.Decode(told.Requester);
        ISessionLock? target;
        lock (_gate)
        {
            target = _keys.TryFind(told.Key) ? _keys[told.Key].Target : null;
            if (target is null)
                return;
            target.Blocking(told.Wanted, requester, told.WaitedFor);
        }

        target.Deliver();
    }

    /// <summary>The resource that an operation waits for; null if it waits no more.</summary>
    internal ResourceName? FindWaiting(uint key, uint operation)
    {
        lock (_gate)
        {
            return _keys.TryFind(key) && operation != 0 && _keys[key].Pending == operation ? _keys[key].Target?.Resource : null;
        }
    }

    /// <summary>A lock was taken away: who holds it is told, and only then it is given back, so that nobody has it before that (S6).</summary>
    internal void OnLockLost(in LockLostMessage told)
    {
        List<ISessionLock> delivered = [];
        uint operation;
        lock (_gate)
        {
            if (!_keys.TryFind(told.Key))
                return;
            ref var slot = ref _keys[told.Key];
            // An unlock on its way gives it back as well.
            if (slot.Unlock != 0 || slot.Target is null)
                return;
            operation = ++slot.Operation;
            Tell(told.Key, told.Reason, delivered);
            slot.Unlock = operation;
        }

        SendUnlock(told.Key, operation, RawFlags.ForceUnlock | RawFlags.IvValBlk, givesValue: false, []);
        DeliverAll(delivered);
    }

    /// <summary>
    /// The session is over. Waits are answered with "unavailable", holders have lost their locks, and a release is done (the session's end
    /// frees everything), but for one that was to commit a value: nobody can tell whether it did (S5).
    /// </summary>
    /// <returns>Who has something to deliver.</returns>
    internal IReadOnlyList<ISessionLock> LoseAll(LossReason reason)
    {
        var told = new List<ISessionLock>();
        lock (_gate)
        {
            if (_isLost)
                return told;
            _isLost = true;
            for (var key = 0u; key < _keys.End; key++)
            {
                if (_keys[key].InUse)
                    Tell(key, reason, told);
            }
        }

        return told;
    }

    internal static void DeliverAll(IReadOnlyList<ISessionLock>? told)
    {
        foreach (var each in told ?? [])
            each.Deliver();
    }

    /// <summary>The last that a lock hears of this session.</summary>
    private void Tell(uint key, LossReason reason, List<ISessionLock> told)
    {
        ref var slot = ref _keys[key];
        if (slot.Target is not { } target)
            return;
        slot.Target = null;
        if (slot.Unlock != 0)
        {
            if (slot.Pending != 0)
                target.Completed(new LockCompletion { Kind = slot.PendingKind, Status = RawStatus.Cancelled });
            var status = slot.UnlockGivesValue ? RawStatus.Unknown : RawStatus.Unlocked;
            target.Completed(new LockCompletion { Kind = RequestKind.Unlock, Status = status });
        }
        else
        {
            target.Lost(reason);
        }

        if (slot.CancelSent)
            target.CancelAnswered(CancelOutcome.NotFound);
        told.Add(target);
    }

    private static TimeSpan? LimitOf(TimeSpan? timeout) => timeout > TimeSpan.Zero ? timeout : null;

    private static RawStatus StatusOf(RawResult result) => result switch
    {
        RawResult.UnknownLockspace or RawResult.Unavailable or RawResult.Lost => RawStatus.Unavailable,
        RawResult.UnknownLock => RawStatus.NotFound,
        _ => RawStatus.Refused,
    };

    private uint Begin(ref KeyTable.Slot slot)
    {
        slot.Unanswered = true;
        _unanswered++;
        return slot.Pending = ++slot.Operation;
    }

    private void Answered(ref KeyTable.Slot slot)
    {
        if (!slot.Unanswered)
            return;
        slot.Unanswered = false;
        _unanswered--;
    }

    /// <summary>The lock is gone. Its key is free, unless the node still owes the answer to a cancel: that names the key once more.</summary>
    private void End(uint key)
    {
        ref var slot = ref _keys[key];
        slot.Space.LockCount--;
        if (!slot.CancelSent)
        {
            _keys.Return(key);
            return;
        }

        slot.HasEnded = true;
        slot.Target = null;
    }

    private bool IsOf(ISessionLock target, uint key) =>
        _keys.TryFind(key) && ReferenceEquals(_keys[key].Target, target);

    /// <summary>Whether the operation is under way: an answer to another is one to a former use of the key.</summary>
    private bool IsAwaited(uint key, uint operation, RequestKind kind)
    {
        if (!_keys.TryFind(key))
            return false;
        ref var slot = ref _keys[key];
        return kind == RequestKind.Unlock
            ? operation == slot.Unlock && operation != 0
            : operation == slot.Pending && operation != 0 && kind == slot.PendingKind;
    }

    private RawResult Sent(SendResult sent, ISessionLock target, uint key, uint operation)
    {
        if (sent == SendResult.Accepted)
            return RawResult.Accepted;
        lock (_gate)
        {
            // If the session ended meanwhile, the lock has been told, and that is the end of this call.
            if (_isLost || !IsOf(target, key) || _keys[key].Pending != operation)
                return RawResult.Accepted;
            ref var slot = ref _keys[key];
            Answered(ref slot);
            slot.Pending = 0;
            if (slot.PendingKind == RequestKind.Lock)
                End(key);
        }

        return sent == SendResult.WouldBlock ? RawResult.TooManyRequests : RawResult.Unavailable;
    }

    private void SendUnlock(uint key, uint operation, RawFlags flags, bool givesValue, ReadOnlySpan<byte> value)
    {
        Span<byte> message = stackalloc byte[WireLimits.CallBytesMax];
        var length = new UnlockMessage { Flags = flags, Key = key, Operation = operation, GivesValue = givesValue, Value = value }.Write(message);
        // Releases are not turned away. Where the node has not read for so long that there is no room for one, the session is over.
        if (wire.Send(message[..length]) == SendResult.WouldBlock)
            wire.Lose(LossReason.ConnectionClosed);
    }
}
