using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Tyer.Comms.Clients;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Sending;
using Tyer.Node.Lockspaces;
using Tyer.Node.Sessions;
using Tyer.Sessions;
using Tyer.Sessions.Administration;
using Tyer.Sessions.Wire;

namespace Tyer.Node.Clients;

/// <summary>
/// One client: a socket, a session, its locks. <c>Greeting → Open → Ending → Closed</c>.
/// </summary>
/// <remarks>
/// Locks are freed when the client's end of the socket closes, for then its process is gone or has told its holders; or when the session's
/// time is over by this node's clock, for then it is over by the client's too. Nothing else frees them, so whatever else goes wrong puts the
/// connection into <c>Ending</c>: the client is told, and one of the two is waited for (S6).
/// </remarks>
internal sealed partial class ClientConnection : ILinkReceiver, ISessionRenewals
{
    private readonly ClientService _service;
    private readonly ClientLink _link;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly ClientLockTable _locks;
    private readonly ClientRequests _requests;
    private readonly NameCache _names = new();
    private ClientSpace?[] _spaces = [];
    private volatile State _state;
    private bool _isFreed;
    private long _lastHeard;
    private long _endBy;
    private long _askedBackAt;
    private int _askedBack;
    private int _reader;

    internal ClientConnection(ClientService service, ClientLink link)
    {
        _service = service;
        _link = link;
        _log = service.Log;
        _locks = new ClientLockTable(this);
        _requests = new ClientRequests(this, _log);
        Owner = OwnerCodec.Unknown;
        _lastHeard = _endBy = service.Now.Ticks;
    }

    private enum State
    {
        /// <summary>Nobody has said who it is.</summary>
        Greeting,

        /// <summary>A session.</summary>
        Open,

        /// <summary>The client has been told that it is over: what it still says is not heard.</summary>
        Ending,

        /// <summary>Nothing is left of it.</summary>
        Closed,
    }

    /// <summary>The session's number; 0 before the hello.</summary>
    internal uint Number { get; private set; }

    /// <summary>Who it is.</summary>
    internal LockOwner Owner { get; private set; }

    /// <summary>Its process, if that is on this machine and may have to be killed.</summary>
    internal HolderProcess? Holder { get; private set; }

    /// <summary>When the session began.</summary>
    internal TimeSpan OpenedAt { get; private set; }

    /// <summary>How long the session lives without a keep-alive.</summary>
    public TimeSpan Timeout { get; private set; }

    /// <summary>Time since the client was last heard of.</summary>
    public TimeSpan Age => _service.Now - LastHeard;

    private TimeSpan LastHeard => new(Volatile.Read(ref _lastHeard));

    /// <summary>Whether it has a session that is not over.</summary>
    internal bool IsOpen => _state == State.Open;

    internal string Transport => _link.Credentials is not null ? "unix" : _link.CertifiedName is not null ? "tls" : "tcp";

    /// <summary>Whether this thread is the one that delivers this connection's messages just now.</summary>
    internal bool IsReadingHere => Volatile.Read(ref _reader) == Environment.CurrentManagedThreadId;

    /// <summary>The lockspaces that it has open.</summary>
    internal IReadOnlyList<ClientSpace> Spaces
    {
        get
        {
            lock (_gate)
                return [.. _spaces.OfType<ClientSpace>()];
        }
    }

    /// <summary>Holds back what is sent until the scope is disposed of.</summary>
    internal BatchScope Batch() => _link.Batch();

    /// <summary>Completes when little enough is queued for the client that an answer may add to it.</summary>
    internal Task WhenQuietAsync() => _link.WhenQuietAsync();

    /// <summary>Sends a message of the session; not after it is over.</summary>
    internal void Append(ReadOnlySpan<byte> message)
    {
        if (_state == State.Open && _link.TrySend(0, 0, 0, message) == SendResult.WouldBlock)
            End(null, "it does not read what it is sent");
    }

    /// <summary>Sends a piece of an answer.</summary>
    internal void AppendAnswer(uint request, ReadOnlySpan<byte> json, bool endsDocument)
    {
        var message = new byte[AnswerMessage.BytesMax];
        var length = new AnswerMessage { Request = request, EndsDocument = endsDocument, Json = json }.Write(message);
        Append(message.AsSpan(0, length));
    }

    /// <summary>Says that an answer ends here.</summary>
    internal void EndAnswer(uint request)
    {
        Span<byte> message = stackalloc byte[WireLimits.SmallBytesMax];
        Append(message[..new AnswerMessage { Request = request, EndsAnswer = true }.Write(message)]);
    }

    /// <summary>Says that a request could not be done.</summary>
    internal void Fail(uint request, string what, Exception failure)
    {
        if (request == 0)
            return;
        Span<byte> message = stackalloc byte[FailedMessage.BytesMax];
        Append(message[..FailedMessage.From(request, failure, what).Write(message)]);
    }

    /// <summary>A lock is asked back from the client.</summary>
    internal void AsksBack()
    {
        if (Interlocked.Increment(ref _askedBack) == 1)
            Volatile.Write(ref _askedBackAt, _service.Now.Ticks);
    }

    /// <summary>One that was asked back is free.</summary>
    internal void GotBack() => Interlocked.Decrement(ref _askedBack);

    /// <summary>Ends the session. Its locks stay until the client has told their holders, or must have.</summary>
    /// <param name="reason">What the client's holders are told; null: what the closing of the connection tells them.</param>
    /// <param name="why">For the log.</param>
    internal void End(LossReason? reason, string why)
    {
        Span<byte> message = stackalloc byte[FailedMessage.BytesMax];
        var length = reason is { } told
            ? new SessionLostMessage(told).Write(message)
            : new FailedMessage
            {
                Class = FailureClass.Unavailable, Reason = (byte)UnavailableReason.Unreachable, What = $"Session {Number}", Detail = why,
            }.Write(message);
        Leave(message[..length], why);
    }

    /// <summary>Closes the connection, whatever the client does.</summary>
    internal void Disconnect() => _link.Close();

    /// <summary>Whether there is something to do at this time.</summary>
    internal bool IsDue(TimeSpan now) => _state switch
    {
        State.Open => now - LastHeard > Timeout || IsWithholding(now),
        State.Ending => now.Ticks >= Volatile.Read(ref _endBy),
        _ => false,
    };

    /// <summary>Lets time pass.</summary>
    internal void Tick(TimeSpan now)
    {
        if (_state == State.Open && now - LastHeard <= Timeout && IsWithholding(now))
            End(null, "it did not give back what was revoked");
        // A keep-alive may have come since it was looked at.
        if (!IsDue(now))
            return;

        // Its time is over by this node's clock, and therefore by the client's: what it had is free.
        End(LossReason.SessionExpired, "it was not heard of in time");
        Free();
        _link.Close();
    }

    public void OnMessage(in MessageView message)
    {
        Volatile.Write(ref _reader, Environment.CurrentManagedThreadId);
        if (_state is State.Ending or State.Closed)
            return;
        var body = message.Body;
        var fault = body.IsEmpty ? WireFault.Truncated : Dispatch((WireKind)body[0], body);
        if (fault == WireFault.None)
            return;
        LogMalformed(fault, body.IsEmpty ? WireKind.None : (WireKind)body[0], Number, Owner);
        Span<byte> farewell = stackalloc byte[FailedMessage.BytesMax];
        var failed = new FailedMessage { Class = FailureClass.Protocol, Reason = (byte)fault, What = $"Session {Number}", Detail = "it cannot go on" };
        Leave(farewell[..failed.Write(farewell)], $"it sent a malformed message ({fault})");
    }

    public void OnBatchEnd() => Volatile.Write(ref _reader, 0);

    public void OnSendable()
    {
        // Nothing was kept back: who does not read is not waited for, but for answers, and they ask for themselves.
    }

    public void OnClosed(in LinkEnd end)
    {
        if (end.Fault is { } fault)
            LogFault(fault, Number, Owner);
        Volatile.Write(ref _reader, 0);
        if (Number != 0)
            LogClosed(Number, Owner, end.Reason);
        // The client's doing, or the end of its process: its locks are free from here on. What this side closed was freed before, or is freed
        // when its time is over: the client may be alive, and not have heard.
        var isRemote = end.Reason is LinkEndReason.RemoteClosed or LinkEndReason.NetworkFailure || end.FrameError == FrameError.Truncated;
        if (isRemote || Number == 0)
            Free();
        else
            Leave([], "its connection was closed");
    }

    private bool IsWithholding(TimeSpan now) =>
        Volatile.Read(ref _askedBack) > 0 && now.Ticks - Volatile.Read(ref _askedBackAt) > Timeout.Ticks;

    /// <summary>Open or greeting, it goes over to ending: with these last words, if any.</summary>
    private void Leave(ReadOnlySpan<byte> farewell, string why)
    {
        lock (_gate)
        {
            if (_state is State.Ending or State.Closed)
                return;
            var isOpen = _state == State.Open;
            Volatile.Write(ref _endBy, (isOpen ? LastHeard + Timeout : _service.Now + NodeLimits.FarewellMax).Ticks);
            _state = State.Ending;
        }

        if (Number != 0)
            LogEnds(Number, Owner, why);
        if (!farewell.IsEmpty)
            _link.TrySend(0, 0, 0, farewell);
    }

    /// <summary>Everything that the client had is free.</summary>
    private void Free()
    {
        ClientSpace?[] spaces;
        lock (_gate)
        {
            if (_isFreed)
                return;
            _isFreed = true;
            _state = State.Closed;
            spaces = _spaces;
            _spaces = [];
        }

        _requests.CancelAll();
        foreach (var space in spaces)
        {
            if (space is not null)
                _ = CloseAsync(space);
        }

        _service.Left(this);
    }

    private async Task CloseAsync(ClientSpace space)
    {
        space.IsClosing = true;
        try
        {
            // Its locks are free before the first await.
            await space.Port.CloseAsync().ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is ObjectDisposedException or TyerException)
        {
            // The node stops, and everything goes with it.
            LogNotClosed(fault, space.Port.LockspaceName);
        }
    }

    private WireFault Dispatch(WireKind kind, ReadOnlySpan<byte> message)
    {
        if (kind == WireKind.Hello ? _state != State.Greeting : _state == State.Greeting)
            return WireFault.WrongState;
        return kind switch
        {
            WireKind.Lock => OnLock(message),
            WireKind.Unlock => OnUnlock(message),
            WireKind.Convert => OnConvert(message),
            WireKind.Cancel => OnCancel(message),
            WireKind.KeepAlive => OnKeepAlive(message),
            WireKind.OpenLockspace => OnOpenLockspace(message),
            WireKind.CloseLockspace => OnCloseLockspace(message),
            WireKind.Purge => OnPurge(message),
            WireKind.Ask => OnAsk(message),
            WireKind.Forget => OnForget(message),
            WireKind.Hello => OnHello(message),
            _ => WireFault.UnknownKind,
        };
    }

    private WireFault OnHello(ReadOnlySpan<byte> message)
    {
        var fault = HelloMessage.TryRead(message, out var hello);
        if (fault != WireFault.None)
            return fault;
        try
        {
            Welcome(hello);
        }
        catch (TyerException refusal)
        {
            TurnAway(refusal);
        }

        return WireFault.None;
    }

    private void TurnAway(TyerException refusal)
    {
        LogRefused(refusal.Message);
        Span<byte> farewell = stackalloc byte[FailedMessage.BytesMax];
        Leave(farewell[..FailedMessage.From(0, refusal, "Connecting").Write(farewell)], refusal.Message);
    }

    private void Welcome(in HelloMessage hello)
    {
        if (hello.AgreedVersion is not { } version)
        {
            throw new LockRefusedException(
                RefusalReason.NotSupported,
                $"Connecting to node {_service.NodeName}",
                $"it speaks the client protocol's versions {WireLimits.VersionMin} to {WireLimits.VersionMax}, the client {hello.VersionMin} to {hello.VersionMax}");
        }

        Owner = ClientIdentity.Of(_service.NodeName, _link.Credentials, _link.CertifiedName, hello);
        Holder = _service.KillsHolders && _link.Credentials is { } peer ? HolderProcess.Of(peer.ProcessId) : null;
        Number = _service.Enter(this);
        OpenedAt = _service.Now;
        Timeout = _service.TimeoutFor(hello.SessionTimeout);
        Volatile.Write(ref _lastHeard, OpenedAt.Ticks);
        lock (_gate)
        {
            if (_state == State.Greeting)
                _state = State.Open;
        }

        _link.Admit();
        Span<byte> welcome = stackalloc byte[WelcomeMessage.BytesMax];
        Append(welcome[.._service.WelcomeFor(this, version).Write(welcome)]);
        LogOpened(Number, Owner, Transport, hello.Version);
    }

    private WireFault OnLock(ReadOnlySpan<byte> message)
    {
        var fault = LockMessage.TryRead(message, out var call);
        if (fault != WireFault.None)
            return fault;
        if (_locks.TryBegin(call.Key) is not { } made)
            return WireFault.WrongState;
        if (FindSpace(call.Space) is not { } space)
        {
            Refuse(call.Key, call.Operation, RequestKind.Lock, RawResult.UnknownLockspace);
            return WireFault.None;
        }

        if (space.LockCount >= space.Port.Options.LocksPerSessionMax)
        {
            Refuse(call.Key, call.Operation, RequestKind.Lock, RawResult.TooManyLocks);
            return WireFault.None;
        }

        made.BeginLock(space, _names.Of(call.Name), call.Operation);
        var result = space.Port.Lock(made, new LockRequest
        {
            Mode = call.Mode,
            Flags = call.Flags,
            Timeout = call.Timeout,
            NotifyBlocking = call.NotifyBlocking,
            Transaction = call.Transaction,
            Label = call.Label,
            Purpose = call.Purpose,
        });
        if (result != RawResult.Accepted)
        {
            made.Refuse(RequestKind.Lock);
            Refuse(call.Key, call.Operation, RequestKind.Lock, result);
        }
        else if (made.IsPending)
        {
            Span<byte> queued = stackalloc byte[WireLimits.SmallBytesMax];
            Append(queued[..new QueuedMessage(call.Key, call.Operation, made.Id).Write(queued)]);
        }

        return WireFault.None;
    }

    private WireFault OnConvert(ReadOnlySpan<byte> message)
    {
        var fault = ConvertMessage.TryRead(message, out var call);
        if (fault != WireFault.None)
            return fault;
        var result = RawResult.UnknownLock;
        if (_locks.Find(call.Key) is { } converted)
        {
            if (converted.IsPending || converted.IsEnding)
            {
                result = RawResult.Busy;
            }
            else
            {
                converted.BeginConvert(call.Operation);
                result = converted.Space!.Port.Convert(converted, new ConvertRequest
                {
                    Mode = call.Mode,
                    Flags = call.Flags,
                    Timeout = call.Timeout,
                    NotifyBlocking = call.NotifyBlocking,
                    GivesValue = call.GivesValue,
                    Value = call.Value,
                });
                if (result != RawResult.Accepted)
                    converted.Refuse(RequestKind.Convert);
            }
        }

        if (result != RawResult.Accepted)
            Refuse(call.Key, call.Operation, RequestKind.Convert, result);
        return WireFault.None;
    }

    private WireFault OnUnlock(ReadOnlySpan<byte> message)
    {
        var fault = UnlockMessage.TryRead(message, out var call);
        if (fault != WireFault.None)
            return fault;
        var result = RawResult.UnknownLock;
        if (_locks.Find(call.Key) is { } ended)
        {
            if (ended.IsEnding)
            {
                result = RawResult.Busy;
            }
            else
            {
                ended.BeginUnlock(call.Operation);
                result = ended.Space!.Port.Unlock(ended, call.Flags, call.GivesValue, call.Value);
                if (result != RawResult.Accepted)
                    ended.Refuse(RequestKind.Unlock);
            }
        }

        if (result != RawResult.Accepted)
            Refuse(call.Key, call.Operation, RequestKind.Unlock, result);
        return WireFault.None;
    }

    private WireFault OnCancel(ReadOnlySpan<byte> message)
    {
        var fault = CancelMessage.TryRead(message, out var call);
        if (fault != WireFault.None)
            return fault;
        if (_locks.Find(call.Key) is { } cancelled)
        {
            // What comes later comes as an event, after the end of what it undid.
            if (cancelled.Space!.Port.Cancel(cancelled) is { } outcome)
                cancelled.AnswerCancel(call.Operation, outcome);
            return WireFault.None;
        }

        Span<byte> answer = stackalloc byte[WireLimits.SmallBytesMax];
        Append(answer[..new CancelAnsweredMessage(call.Key, call.Operation, CancelOutcome.NotFound).Write(answer)]);
        return WireFault.None;
    }

    private WireFault OnKeepAlive(ReadOnlySpan<byte> message)
    {
        var fault = KeepAliveMessage.TryRead(message, out var told);
        if (fault != WireFault.None)
            return fault;
        Volatile.Write(ref _lastHeard, _service.Now.Ticks);
        Span<byte> answer = stackalloc byte[KeepAliveHeardMessage.Bytes];
        Append(answer[..new KeepAliveHeardMessage(told.SentAt, _service.SafeFor).Write(answer)]);
        return WireFault.None;
    }

    private WireFault OnOpenLockspace(ReadOnlySpan<byte> message)
    {
        var fault = OpenLockspaceMessage.TryRead(message, out var call);
        if (fault != WireFault.None)
            return fault;
        return _requests.Start(call.Request, $"Opening lockspace '{call.Name}'", async cancellation =>
        {
            var (port, session) = await _service.OpenPortAsync(call.Name, call.Options, this, cancellation).ConfigureAwait(false);
            if (await AddAsync(port, session, call.Name).ConfigureAwait(false) is { } space)
                Opened(call.Request, space);
        });
    }

    private WireFault OnCloseLockspace(ReadOnlySpan<byte> message)
    {
        var fault = CloseLockspaceMessage.TryRead(message, out var call);
        if (fault != WireFault.None)
            return fault;
        if (FindSpace(call.Space) is not { } space)
            return WireFault.BadNumber;
        space.IsClosing = true;
        lock (_gate)
            _spaces[space.Number - 1] = null;
        var closing = CloseAsync(space);
        return _requests.Start(call.Request, $"Closing lockspace '{space.Port.LockspaceName}'", async _ =>
        {
            await closing.ConfigureAwait(false);
            Closed(call.Request);
        });
    }

    private WireFault OnPurge(ReadOnlySpan<byte> message)
    {
        var fault = PurgeMessage.TryRead(message, out var call);
        if (fault != WireFault.None)
            return fault;
        if (FindSpace(call.Space) is not { } space)
            return WireFault.BadNumber;
        return _requests.Start(call.Request, $"The purge of lockspace '{space.Port.LockspaceName}'", async cancellation =>
        {
            var count = await space.Port.PurgeAsync(call.Node, call.ProcessId, cancellation).ConfigureAwait(false);
            Purged(call.Request, count);
        });
    }

    private WireFault OnForget(ReadOnlySpan<byte> message)
    {
        var fault = ForgetMessage.TryRead(message, out var told);
        if (fault == WireFault.None)
            _requests.Forget(told.Request);
        return fault;
    }

    private WireFault OnAsk(ReadOnlySpan<byte> message)
    {
        var fault = AskMessage.TryRead(message, out var asked);
        if (fault != WireFault.None)
            return fault;
        if (asked.Request == 0)
            return WireFault.BadNumber;
        var answer = new AnswerWriter(this, asked.Request);
        var administration = _service.Administration;
        try
        {
            switch (asked.Question)
            {
                case QuestionKind.Status:
                    return _requests.Start(asked.Request, "The status", async cancellation =>
                        await answer.WriteOnlyAsync(await administration.StatusAsync(cancellation).ConfigureAwait(false), AdministrationJson.Default.ClusterStatus).ConfigureAwait(false));
                case QuestionKind.Nodes:
                    return _requests.Start(asked.Request, "The list of nodes", async cancellation =>
                        await answer.WriteOnlyAsync(await administration.NodesAsync(cancellation).ConfigureAwait(false), AdministrationJson.Default.IReadOnlyListNodeInfo).ConfigureAwait(false));
                case QuestionKind.Sessions:
                    return _requests.Start(asked.Request, "The list of sessions", async cancellation =>
                        await answer.WriteAllAsync(administration.SessionsAsync(cancellation), AdministrationJson.Default.SessionInfo).ConfigureAwait(false));
                case QuestionKind.Resources:
                    var question = JsonSerializer.Deserialize(asked.Json, AdministrationJson.Default.ResourceQuestion);
                    return question is null ? WireFault.BadText : _requests.Start(asked.Request, "The query", async cancellation =>
                        await answer.WriteAllAsync(administration.QueryAsync(question.Lockspace, question.Query, cancellation), AdministrationJson.Default.LockspaceResource).ConfigureAwait(false));
                case QuestionKind.Revoke:
                    return Order(
                        asked, AdministrationJson.Default.RevokeOrder, order => $"The revocation of {order.Lock}", "revoke",
                        (order, cancellation) => administration.RevokeAsync(order.Lock, order.Reason, cancellation), AdministrationJson.Default.RevokeResult);
                case QuestionKind.SetView:
                    return Order(
                        asked, AdministrationJson.Default.ViewOrder, order => $"View {order.Id}", "set the view",
                        administration.SetViewAsync, AdministrationJson.Default.MembershipResult);
                case QuestionKind.Fence:
                    return Order(
                        asked, AdministrationJson.Default.FenceOrder, order => $"The proof for {order.Who}", "say so",
                        (order, cancellation) => administration.FenceAsync(order.Who, cancellation), AdministrationJson.Default.MembershipResult);
                case QuestionKind.TestFencing:
                    return Order(
                        asked, AdministrationJson.Default.FenceTestOrder, order => $"The test of the fence agents of {order.Node}", "run them",
                        (order, cancellation) => administration.TestFencingAsync(order.Node, order.Action, cancellation), AdministrationJson.Default.FenceTestResult);
                case QuestionKind.Renew:
                    return Order(
                        asked, AdministrationJson.Default.RenewalOrder, order => $"The renewal of view {order.View}", "renew it",
                        (order, cancellation) => administration.RenewViewAsync(order.View, order.SafeFor, cancellation), AdministrationJson.Default.MembershipResult);
                case QuestionKind.PurgeOrphans:
                    return Order(
                        asked, AdministrationJson.Default.OrphanPurgeOrder, _ => "The purge of orphans", "purge orphans",
                        (order, cancellation) => administration.PurgeOrphansAsync(order.Orphans, cancellation), AdministrationJson.Default.OrphanPurgeResult,
                        order => order.Orphans.Count <= OrphanPurgeResult.OrphansMax);
                case QuestionKind.Recoveries:
                    return _requests.Start(asked.Request, "The list of recoveries", async cancellation =>
                        await answer.WriteOnlyAsync(await administration.RecoveriesAsync(cancellation).ConfigureAwait(false), AdministrationJson.Default.IReadOnlyListRecoveryInfo).ConfigureAwait(false));
                case QuestionKind.Peers:
                    return _requests.Start(asked.Request, "The list of peers", async cancellation =>
                        await answer.WriteOnlyAsync(await administration.PeersAsync(cancellation).ConfigureAwait(false), AdministrationJson.Default.IReadOnlyListPeerInfo).ConfigureAwait(false));
                case QuestionKind.OrderPeer:
                    return Order(
                        asked, AdministrationJson.Default.PeerOrder, order => $"The order about peer {order.Peer}", "give it",
                        administration.OrderPeerAsync, AdministrationJson.Default.IReadOnlyListPeerInfo);
                case QuestionKind.PeerOptions:
                    var options = JsonSerializer.Deserialize(asked.Json, AdministrationJson.Default.PeerOptions);
                    return options is null ? WireFault.BadText : _requests.Start(asked.Request, "The options of peers", async cancellation =>
                    {
                        if (options != new PeerOptions())
                            ThrowUnlessAdministrator("The change of options of peers", "make it");
                        await answer.WriteOnlyAsync(await administration.SetPeerOptionsAsync(options, cancellation).ConfigureAwait(false), AdministrationJson.Default.PeerOptions).ConfigureAwait(false);
                    });
                case QuestionKind.Probe:
                    return Order(
                        asked, AdministrationJson.Default.ProbeOrder, order => $"The probe of peer {order.Peer}", "order it",
                        administration.ProbeAsync, AdministrationJson.Default.IReadOnlyListProbeInfo);
                case QuestionKind.Events:
                    var events = JsonSerializer.Deserialize(asked.Json, AdministrationJson.Default.EventsOrder);
                    return events is null ? WireFault.BadText : _requests.Start(asked.Request, "The list of events", async cancellation =>
                        await answer.WriteAllAsync(administration.EventsAsync(events.Follow, cancellation), AdministrationJson.Default.ClusterEvent).ConfigureAwait(false));
                default:
                    return WireFault.BadNumber;
            }
        }
        catch (JsonException)
        {
            return WireFault.BadText;
        }
    }

    /// <summary>What only an administrator may have done: an order, and one answer.</summary>
    private WireFault Order<TOrder, TAnswer>(
        in AskMessage asked, JsonTypeInfo<TOrder> orderType, Func<TOrder, string> nameOf, string verb,
        Func<TOrder, CancellationToken, ValueTask<TAnswer>> carryOut, JsonTypeInfo<TAnswer> answerType, Func<TOrder, bool>? isTakenIn = null)
        where TOrder : class
    {
        if (JsonSerializer.Deserialize(asked.Json, orderType) is not { } order || isTakenIn?.Invoke(order) == false)
            return WireFault.BadText;
        var what = nameOf(order);
        var answer = new AnswerWriter(this, asked.Request);
        return _requests.Start(asked.Request, what, async cancellation =>
        {
            ThrowUnlessAdministrator(what, verb);
            await answer.WriteOnlyAsync(await carryOut(order, cancellation).ConfigureAwait(false), answerType).ConfigureAwait(false);
        });
    }

    private void ThrowUnlessAdministrator(string what, string verb)
    {
        if (!ClientIdentity.MayAdminister(_link.Credentials))
        {
            throw new LockRefusedException(
                RefusalReason.NotPermitted, what,
                $"only root and the user that node {_service.NodeName} runs as may {verb}, over its Unix socket; this is {Owner.User} over {Transport}");
        }
    }

    private ClientSpace? FindSpace(uint number)
    {
        var spaces = Volatile.Read(ref _spaces);
        return number - 1 < (uint)spaces.Length ? spaces[number - 1] : null;
    }

    /// <summary>Takes in a lockspace that is open now; null if the connection has gone meanwhile.</summary>
    private async Task<ClientSpace?> AddAsync(NodeLockspace port, NodeSession session, string name)
    {
        Exception? refusal = null;
        lock (_gate)
        {
            var free = Array.IndexOf(_spaces, null);
            if (free < 0 && _spaces.Length >= NodeLimits.LockspacesMax)
            {
                refusal = new LockRefusedException(
                    RefusalReason.LimitReached, $"Opening lockspace '{name}'", $"this session has {NodeLimits.LockspacesMax} lockspaces open, as many as it may");
            }
            else if (!_isFreed)
            {
                var spaces = _spaces;
                if (free < 0)
                {
                    free = spaces.Length;
                    spaces = [.. spaces, null];
                }

                var space = new ClientSpace((uint)free + 1, port, session);
                spaces[free] = space;
                Volatile.Write(ref _spaces, spaces);
                return space;
            }
        }

        await port.CloseAsync().ConfigureAwait(false);
        return refusal is null ? null : throw refusal;
    }

    private void Opened(uint request, ClientSpace space)
    {
        Span<byte> message = stackalloc byte[LockspaceOpenedMessage.Bytes];
        Append(message[..new LockspaceOpenedMessage(request, space.Number, space.Port.Options).Write(message)]);
    }

    private void Closed(uint request)
    {
        Span<byte> message = stackalloc byte[LockspaceClosedMessage.Bytes];
        if (request != 0)
            Append(message[..new LockspaceClosedMessage(request).Write(message)]);
    }

    private void Purged(uint request, int count)
    {
        Span<byte> message = stackalloc byte[PurgedMessage.Bytes];
        Append(message[..new PurgedMessage(request, count).Write(message)]);
    }

    private void Refuse(uint key, uint operation, RequestKind kind, RawResult result)
    {
        Span<byte> message = stackalloc byte[WireLimits.SmallBytesMax];
        Append(message[..new CallRefusedMessage(key, operation, kind, result).Write(message)]);
    }

    [LoggerMessage(EventId = 1410, Level = LogLevel.Information, Message = "Session {Session} opened by {Owner} over {Transport}, version {Version}")]
    private partial void LogOpened(uint session, LockOwner owner, string transport, string version);

    [LoggerMessage(EventId = 1411, Level = LogLevel.Information, Message = "A client was refused: {Why}")]
    private partial void LogRefused(string why);

    [LoggerMessage(EventId = 1412, Level = LogLevel.Warning, Message = "Malformed message ({Fault} in {Kind}) in session {Session} of {Owner}: it is ended")]
    private partial void LogMalformed(WireFault fault, WireKind kind, uint session, LockOwner owner);

    [LoggerMessage(EventId = 1413, Level = LogLevel.Warning, Message = "Session {Session} of {Owner} is ended: {Why}")]
    private partial void LogEnds(uint session, LockOwner owner, string why);

    [LoggerMessage(EventId = 1414, Level = LogLevel.Information, Message = "The connection of session {Session} of {Owner} has closed ({Reason})")]
    private partial void LogClosed(uint session, LockOwner owner, LinkEndReason reason);

    [LoggerMessage(EventId = 1415, Level = LogLevel.Error, Message = "An error in session {Session} of {Owner}: it is ended")]
    private partial void LogFault(Exception fault, uint session, LockOwner owner);

    [LoggerMessage(EventId = 1416, Level = LogLevel.Warning, Message = "Lockspace {Lockspace} was not closed in order")]
    private partial void LogNotClosed(Exception fault, string lockspace);
}
