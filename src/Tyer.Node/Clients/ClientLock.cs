using Tyer.Comms.Links;
using Tyer.Node.Sessions;
using Tyer.Sessions;
using Tyer.Sessions.Wire;

namespace Tyer.Node.Clients;

/// <summary>
/// A lock of a client, at its node. What befalls it becomes a message at once, under the lock of the shard that its resource is in, so that
/// messages are in the order of what happened; they leave when the shard is free. Used again with its key.
/// </summary>
/// <remarks>
/// Calls are begun by the connection's reader, events come under the shard's lock. A field that both write belongs to the reader until it
/// makes the call, and to the events until the call has ended.
/// </remarks>
internal sealed class ClientLock(ClientConnection connection, uint key) : ISessionLock, IRemoteLock
{
    private BatchScope _scope;
    private int _isHoldingBack;
    private uint _operation;
    private uint _unlockOperation;
    private bool _isAskedBack;
    private volatile bool _isLive;
    private volatile bool _isPending;

    public ResourceName Resource { get; private set; }

    public LockId Id { get; set; }

    public uint PortKey { get; set; }

    /// <summary>The lockspace that it is in; null before its first use.</summary>
    internal ClientSpace? Space { get; private set; }

    /// <summary>Whether there is a lock, or a request for one, behind the key.</summary>
    internal bool IsLive => _isLive;

    /// <summary>Whether a new lock or a conversion is under way.</summary>
    internal bool IsPending => _isPending;

    /// <summary>Whether an unlock is under way.</summary>
    internal bool IsEnding => Volatile.Read(ref _unlockOperation) != 0;

    // The reader's.

    internal void BeginLock(ClientSpace space, ResourceName resource, uint operation)
    {
        Space = space;
        Resource = resource;
        Id = default;
        _operation = operation;
        _unlockOperation = 0;
        _isAskedBack = false;
        _isPending = true;
        _isLive = true;
        space.Add();
    }

    internal void BeginConvert(uint operation)
    {
        _operation = operation;
        _isPending = true;
    }

    internal void BeginUnlock(uint operation) => Volatile.Write(ref _unlockOperation, operation);

    /// <summary>The call was not accepted: nothing follows it.</summary>
    internal void Refuse(RequestKind kind)
    {
        if (kind == RequestKind.Unlock)
            Volatile.Write(ref _unlockOperation, 0);
        else
            _isPending = false;
        if (kind == RequestKind.Lock)
            End();
    }

    // The shard's.

    void IRemoteLock.AskBack()
    {
        if (_isAskedBack)
            return;
        _isAskedBack = true;
        connection.AsksBack();
        HoldBack();
        Span<byte> message = stackalloc byte[WireLimits.SmallBytesMax];
        connection.Append(message[..new LockLostMessage(key, LossReason.Revoked).Write(message)]);
    }

    Action<TimeSpan, string> IRemoteLock.LongWaitTeller()
    {
        // Should the wait end before it is told of, the operation's number says so to the client.
        var operation = _operation;
        return (waited, why) =>
        {
            Span<byte> message = stackalloc byte[WaitsLongMessage.BytesMax];
            connection.Append(message[..new WaitsLongMessage(key, operation, waited, why).Write(message)]);
        };
    }

    void ISessionLock.Completed(in LockCompletion completion)
    {
        var isUnlock = completion.Kind == RequestKind.Unlock;
        var operation = isUnlock ? _unlockOperation : _operation;
        if (isUnlock)
            Volatile.Write(ref _unlockOperation, 0);
        else
            _isPending = false;
        // What an unlock has overtaken has no mode either, and the unlock's own end is still to come.
        if (isUnlock || (completion.Mode is null && _unlockOperation == 0))
            End();
        if (Space!.IsClosing)
            return;
        HoldBack();
        if (completion.Wait is { } wait)
            TellWithReport(operation, completion, wait);
        else
            Tell(operation, completion);
    }

    void ISessionLock.CancelAnswered(CancelOutcome outcome)
    {
        if (Space!.IsClosing)
            return;
        HoldBack();
        AnswerCancel(_operation, outcome);
    }

    void ISessionLock.Blocking(LockMode wanted, LockOwner requester, TimeSpan waitedFor)
    {
        if (Space!.IsClosing)
            return;
        HoldBack();
        Span<byte> message = stackalloc byte[BlockingMessage.BytesMax];
        var told = new BlockingMessage { Key = key, Wanted = wanted, WaitedFor = waitedFor, Requester = OwnerCodec.Encode(requester) };
        connection.Append(message[..told.Write(message)]);
    }

    // The session has ended: that is told once for all its locks, not for each.
    void ISessionLock.Lost(LossReason reason) => End();

    void ISessionLock.Deliver()
    {
        if (Interlocked.Exchange(ref _isHoldingBack, 0) != 0)
            _scope.Dispose();
    }

    /// <summary>Says what a cancel did.</summary>
    internal void AnswerCancel(uint operation, CancelOutcome outcome)
    {
        Span<byte> message = stackalloc byte[WireLimits.SmallBytesMax];
        connection.Append(message[..new CancelAnsweredMessage(key, operation, outcome).Write(message)]);
    }

    private void Tell(uint operation, in LockCompletion completion)
    {
        Span<byte> message = stackalloc byte[CompletedMessage.GrantBytesMax];
        connection.Append(message[..MessageOf(operation, completion, []).Write(message)]);
    }

    private void TellWithReport(uint operation, in LockCompletion completion, WaitInformation wait)
    {
        Span<byte> report = stackalloc byte[WireLimits.ReportBytesMax];
        Span<byte> message = stackalloc byte[CompletedMessage.BytesMax];
        var length = CompletedMessage.WriteReport(wait, report);
        connection.Append(message[..MessageOf(operation, completion, report[..length]).Write(message)]);
    }

    private CompletedMessage MessageOf(uint operation, in LockCompletion completion, ReadOnlySpan<byte> report) => new()
    {
        Key = key,
        Operation = operation,
        Id = completion.Id,
        Kind = completion.Kind,
        Status = completion.Status,
        StatusFlags = completion.Flags,
        Mode = completion.Mode,
        Token = completion.Token,
        ValueState = completion.ValueState,
        ValueVersion = completion.ValueVersion,
        Value = completion.Value,
        Report = report,
    };

    private void End()
    {
        if (!_isLive)
            return;
        _isLive = false;
        Space!.Remove();
        if (_isAskedBack)
            connection.GotBack();
    }

    /// <summary>
    /// What is sent from here on waits for <see cref="ISessionLock.Deliver"/>, when the shard is free: no system call is made under its lock.
    /// In a call of the connection's own reader it waits for the end of what was read anyway, and nobody calls Deliver.
    /// </summary>
    private void HoldBack()
    {
        if (!connection.IsReadingHere && Interlocked.Exchange(ref _isHoldingBack, 1) == 0)
            _scope = connection.Batch();
    }
}
