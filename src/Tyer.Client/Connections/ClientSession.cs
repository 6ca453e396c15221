using Microsoft.Extensions.Logging;
using Tyer.Comms;
using Tyer.Comms.Clients;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;
using Tyer.Sessions.Wire;
using Tyer.Time;

namespace Tyer.Client.Connections;

/// <summary>
/// One connection to a node, from the hello to the loss; it never comes back to life. <c>Greeting → Open → Lost</c>: a session is lost when
/// the connection ends, when the node says so, when its deadline passes, or when the clock jumps; whichever comes first says why.
/// </summary>
internal sealed partial class ClientSession : ILinkReceiver, ISessionWire
{
    private readonly Lock _gate = new();
    private readonly IClock _clock;
    private readonly ILogger _log;
    private readonly PendingRequest<WelcomeMessage> _welcome = new();
    private readonly TaskCompletionSource<LossReason> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ClockWatch _watch;
    private readonly KeepAliveThread _keepAlive;
    private readonly CertificateStore? _certificates;
    private ClientLink? _link;
    private SessionDeadline? _deadline;
    private TimeSpan _helloSentAt;
    private volatile bool _isLost;
    private volatile bool _isTurnedAway;

    private ClientSession(CommsEndpoint endpoint, CertificateStore? certificates, IClock clock, IClock steady, ILogger log)
    {
        Endpoint = endpoint;
        _certificates = certificates;
        _clock = clock;
        _log = log;
        _watch = new ClockWatch(clock, steady);
        _keepAlive = new KeepAliveThread(Beat);
        Locks = new SessionLocks(this);
    }

    internal CommsEndpoint Endpoint { get; }

    internal SessionLocks Locks { get; }

    internal PendingRequests Requests { get; } = new();

    /// <summary>What the node said of itself and of the session.</summary>
    internal WelcomeMessage Welcome { get; private set; }

    /// <summary>Completes when the session is lost.</summary>
    internal Task<LossReason> Ended => _ended.Task;

    internal bool IsLost => _isLost;

    /// <summary>How long what the session holds is safe from now on, by its own rule.</summary>
    internal TimeSpan SafeFor
    {
        get
        {
            var left = _isLost || _deadline is null ? TimeSpan.Zero : _deadline.Value - _clock.Now;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    public bool IsOverdue => _deadline is { } deadline && _clock.Now >= deadline.Value;

    /// <summary>Connects and opens a session. A node that is crowded is asked again, until there is no time left.</summary>
    /// <param name="endpoint">Where the node is.</param>
    /// <param name="certificates">Its certificate and whose certificates it believes; null: no TLS.</param>
    /// <param name="hello">Who asks.</param>
    /// <param name="budget">For all of it.</param>
    /// <param name="clock">The clock that deadlines are counted on.</param>
    /// <param name="steady">The clock that it is compared with.</param>
    /// <param name="log">Where it logs to.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="LockUnavailableException">Nobody answers there, or not in time.</exception>
    /// <exception cref="LockRefusedException">The node does not take this client.</exception>
    internal static async Task<ClientSession> OpenAsync(
        CommsEndpoint endpoint, CertificateStore? certificates, HelloMessage hello, TimeSpan budget, IClock clock, IClock steady, ILogger log, CancellationToken cancellationToken)
    {
        var began = clock.Now;
        while (true)
        {
            var session = new ClientSession(endpoint, certificates, clock, steady, log);
            try
            {
                await session.OpenAsync(hello, budget - (clock.Now - began), cancellationToken).ConfigureAwait(false);
                return session;
            }
            catch (LockUnavailableException) when (session._isTurnedAway && budget - (clock.Now - began) > ClientLimits.CrowdedDelayMax)
            {
                await Task.Delay(Random.Shared.NextDouble() * ClientLimits.CrowdedDelayMax, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task OpenAsync(HelloMessage hello, TimeSpan budget, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(budget);
        try
        {
            _link = await ClientLink.ConnectAsync(Endpoint, this, budget, _certificates, limit.Token).ConfigureAwait(false);
            Greet(hello);
            Welcome = await _welcome.Task.WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Lose(LossReason.ConnectionClosed);
            cancellationToken.ThrowIfCancellationRequested();
            throw failure switch
            {
                OperationCanceledException => new LockUnavailableException(
                    UnavailableReason.Unreachable, $"Connecting to {Endpoint}", $"no answer within {budget.TotalSeconds:0.###} s", failure),
                // Which says where to.
                CommsException { Code: not CommsErrorCode.InsecureEndpoint } => new LockUnavailableException(UnavailableReason.Unreachable, "Connecting to a node", failure.Message.TrimEnd('.'), failure),
                _ => failure,
            };
        }

        _keepAlive.Start();
    }

    public SendResult Send(ReadOnlySpan<byte> message) => _isLost || _link is not { } link ? SendResult.Closed : link.TrySend(0, 0, 0, message);

    /// <summary>Holds back what is sent until the scope is disposed of.</summary>
    internal BatchScope Batch() => _link is { } link ? link.Batch() : default;

    /// <summary>Sends a request; when it cannot be sent, it fails.</summary>
    internal void Ask(uint request, ReadOnlySpan<byte> message, string what)
    {
        if (Send(message) is var sent && sent == SendResult.Accepted)
            return;
        var detail = sent == SendResult.WouldBlock ? "the node does not read what it is sent" : "the connection is lost";
        Requests.Fail(request, new LockUnavailableException(UnavailableReason.Unreachable, what, detail));
    }

    public void Lose(LossReason reason)
    {
        lock (_gate)
        {
            if (_isLost)
                return;
            _isLost = true;
        }

        // Holders first: when the node, or the end of the socket, lets somebody else have the locks, they know.
        var told = Locks.LoseAll(reason);
        _keepAlive.Stop();
        _link?.Close();
        _ = _welcome.TrySetException(new LockUnavailableException(
            UnavailableReason.Unreachable, $"Connecting to {Endpoint}", "the node closed the connection before it had answered"));
        Requests.FailAll(new LockUnavailableException(UnavailableReason.Unreachable, "A request to the node", $"the session was lost ({reason})"));
        _ended.TrySetResult(reason);
        // On the pool: whoever noticed (the reader, the keep-alive thread, a caller) is not to run what others have registered.
        if (told.Count > 0)
            ThreadPool.UnsafeQueueUserWorkItem(static told => SessionLocks.DeliverAll(told), told, preferLocal: false);
    }

    public void OnMessage(in MessageView message)
    {
        var fault = Dispatch(message.Body);
        if (fault == WireFault.None)
            return;
        LogMalformed(Endpoint, fault, message.Body.IsEmpty ? default : (WireKind)message.Body[0]);
        Lose(LossReason.ConnectionClosed);
    }

    public void OnBatchEnd()
    {
    }

    public void OnSendable()
    {
        // Nothing was kept back: whoever was turned away has been told.
    }

    private static string Describe(RefusalCode refusal) => refusal == RefusalCode.TooManyStrangers
        ? $"{refusal}: it has as many connections as it can take; end some, or try again"
        : $"{refusal}";

    public void OnClosed(in LinkEnd end)
    {
        // The words of a refusal are lost where the node closed before it had read the hello.
        _isTurnedAway = end is { Reason: LinkEndReason.NetworkFailure } or { Reason: LinkEndReason.Refused, Refusal: RefusalCode.TooManyStrangers };
        if (end.Reason == LinkEndReason.Refused)
        {
            _welcome.TrySetException(new LockUnavailableException(
                UnavailableReason.Unreachable, $"Connecting to {Endpoint}", $"the node refuses the connection ({Describe(end.Refusal)})"));
        }

        if (end.Fault is { } fault)
            LogFault(fault, Endpoint);
        Lose(LossReason.ConnectionClosed);
    }

    private void Greet(HelloMessage hello)
    {
        Span<byte> message = stackalloc byte[HelloMessage.BytesMax];
        // Before it is sent: the session's time counts from here.
        _helloSentAt = _clock.Now;
        Send(message[..hello.Write(message)]);
    }

    /// <summary>What is due now; returns how long nothing is. On the keep-alive thread.</summary>
    private TimeSpan? Beat()
    {
        var deadline = _deadline!;
        if (_watch.Jump() > deadline.JumpMax)
            Lose(LossReason.ClockJumped);
        var now = _clock.Now;
        if (now >= deadline.Value)
            Lose(LossReason.SessionExpired);
        if (_isLost)
            return null;
        if (now >= deadline.NextBeat)
        {
            deadline.Sent(now);
            Span<byte> message = stackalloc byte[KeepAliveMessage.Bytes];
            Send(message[..new KeepAliveMessage(now).Write(message)]);
        }

        var next = deadline.NextBeat < deadline.Value ? deadline.NextBeat : deadline.Value;
        return next - now < ClientLimits.BeatMax ? next - now : ClientLimits.BeatMax;
    }

    private WireFault Dispatch(ReadOnlySpan<byte> message)
    {
        if (message.IsEmpty)
            return WireFault.Truncated;
        var kind = (WireKind)message[0];
        if (_deadline is null && kind is not (WireKind.Welcome or WireKind.Failed or WireKind.SessionLost))
            return WireFault.WrongState;
        switch (kind)
        {
            case WireKind.Completed:
                return OnCompleted(message);
            case WireKind.Queued:
                return OnQueued(message);
            case WireKind.CallRefused:
                return OnCallRefused(message);
            case WireKind.CancelAnswered:
                return OnCancelAnswered(message);
            case WireKind.Blocking:
                return OnBlocking(message);
            case WireKind.WaitsLong:
                return OnWaitsLong(message);
            case WireKind.LockLost:
                return OnLockLost(message);
            case WireKind.KeepAliveHeard:
                return OnKeepAliveHeard(message);
            case WireKind.SessionLost:
                return OnSessionLost(message);
            case WireKind.Welcome:
                return OnWelcome(message);
            case WireKind.Failed:
                return OnFailed(message);
            case WireKind.LockspaceOpened:
                return OnLockspaceOpened(message);
            case WireKind.LockspaceClosed:
                return OnLockspaceClosed(message);
            case WireKind.Purged:
                return OnPurged(message);
            case WireKind.Answer:
                return OnAnswer(message);
            default:
                return WireFault.UnknownKind;
        }
    }

    private WireFault OnCompleted(ReadOnlySpan<byte> message)
    {
        var fault = CompletedMessage.TryRead(message, out var told);
        if (fault == WireFault.None)
            Locks.OnCompleted(told);
        return fault;
    }

    private WireFault OnQueued(ReadOnlySpan<byte> message)
    {
        var fault = QueuedMessage.TryRead(message, out var told);
        if (fault == WireFault.None)
            Locks.OnQueued(told);
        return fault;
    }

    private WireFault OnCallRefused(ReadOnlySpan<byte> message)
    {
        var fault = CallRefusedMessage.TryRead(message, out var told);
        if (fault == WireFault.None)
            Locks.OnCallRefused(told);
        return fault;
    }

    private WireFault OnCancelAnswered(ReadOnlySpan<byte> message)
    {
        var fault = CancelAnsweredMessage.TryRead(message, out var told);
        if (fault == WireFault.None)
            Locks.OnCancelAnswered(told);
        return fault;
    }

    private WireFault OnBlocking(ReadOnlySpan<byte> message)
    {
        var fault = BlockingMessage.TryRead(message, out var told);
        if (fault == WireFault.None)
            Locks.OnBlocking(told);
        return fault;
    }

    private WireFault OnWaitsLong(ReadOnlySpan<byte> message)
    {
        var fault = WaitsLongMessage.TryRead(message, out var told);
        if (fault == WireFault.None && Locks.FindWaiting(told.Key, told.Operation) is { } resource)
            LogWaitsLong(resource, new TimeSpan(told.Waited.Ticks - (told.Waited.Ticks % TimeSpan.TicksPerSecond)), told.Why);
        return fault;
    }

    private WireFault OnLockLost(ReadOnlySpan<byte> message)
    {
        var fault = LockLostMessage.TryRead(message, out var told);
        if (fault == WireFault.None)
            Locks.OnLockLost(told);
        return fault;
    }

    private WireFault OnKeepAliveHeard(ReadOnlySpan<byte> message)
    {
        var fault = KeepAliveHeardMessage.TryRead(message, out var told);
        if (fault != WireFault.None)
            return fault;
        // An answer that took until after the deadline does not undo it.
        if (IsOverdue)
        {
            Lose(LossReason.SessionExpired);
            return WireFault.None;
        }

        return _deadline!.TryHeard(told.SentAt, told.SafeFor) ? WireFault.None : WireFault.BadNumber;
    }

    private WireFault OnSessionLost(ReadOnlySpan<byte> message)
    {
        var fault = SessionLostMessage.TryRead(message, out var told);
        if (fault == WireFault.None)
            Lose(told.Reason);
        return fault;
    }

    private WireFault OnWelcome(ReadOnlySpan<byte> message)
    {
        if (_deadline is not null)
            return WireFault.WrongState;
        var fault = WelcomeMessage.TryRead(message, out var welcome);
        if (fault != WireFault.None)
            return fault;
        _deadline = new SessionDeadline(welcome.SessionTimeout, welcome.Margin, _helloSentAt, welcome.SafeFor);
        _welcome.TrySetResult(welcome);
        return WireFault.None;
    }

    private WireFault OnFailed(ReadOnlySpan<byte> message)
    {
        var fault = FailedMessage.TryRead(message, out var failed);
        if (fault != WireFault.None)
            return fault;
        if (failed.Request != 0)
        {
            Requests.Fail(failed.Request, failed.ToException());
            return WireFault.None;
        }

        if (!_welcome.TrySetException(failed.ToException()))
            LogEndedByNode(Endpoint, failed.What, failed.Detail);
        Lose(LossReason.ConnectionClosed);
        return WireFault.None;
    }

    private WireFault OnLockspaceOpened(ReadOnlySpan<byte> message)
    {
        var fault = LockspaceOpenedMessage.TryRead(message, out var told);
        if (fault != WireFault.None)
            return fault;
        var waiting = Requests.Take<PendingRequest<OpenSpace>>(told.Request);
        if (waiting?.TrySetResult(new OpenSpace(told.Space, told.Options)) == true)
            return WireFault.None;

        // Whoever wanted it has gone: it must not stay open for nobody.
        Span<byte> close = stackalloc byte[CloseLockspaceMessage.Bytes];
        Send(close[..new CloseLockspaceMessage(0, told.Space).Write(close)]);
        return WireFault.None;
    }

    private WireFault OnLockspaceClosed(ReadOnlySpan<byte> message)
    {
        var fault = LockspaceClosedMessage.TryRead(message, out var told);
        if (fault == WireFault.None)
            Requests.Take<PendingRequest<bool>>(told.Request)?.TrySetResult(true);
        return fault;
    }

    private WireFault OnPurged(ReadOnlySpan<byte> message)
    {
        var fault = PurgedMessage.TryRead(message, out var told);
        if (fault == WireFault.None)
            Requests.Take<PendingRequest<int>>(told.Request)?.TrySetResult(told.Count);
        return fault;
    }

    private WireFault OnAnswer(ReadOnlySpan<byte> message)
    {
        var fault = AnswerMessage.TryRead(message, out var told);
        if (fault != WireFault.None)
            return fault;
        var answer = told.EndsAnswer ? Requests.Take<AnswerStream>(told.Request) : Requests.Find<AnswerStream>(told.Request);
        return answer?.Append(told) ?? WireFault.None;
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Error, Message = "The node at {Endpoint} sent a malformed message ({Fault} in {Kind}): its connection is closed")]
    private partial void LogMalformed(CommsEndpoint endpoint, WireFault fault, WireKind kind);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Error, Message = "An error while reading from {Endpoint}: its connection is closed")]
    private partial void LogFault(Exception fault, CommsEndpoint endpoint);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Error, Message = "The node at {Endpoint} ends the connection: {What}: {Detail}")]
    private partial void LogEndedByNode(CommsEndpoint endpoint, string what, string detail);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Warning, Message = "A request for '{Resource}' has waited {Waited}, {Why}")]
    private partial void LogWaitsLong(ResourceName resource, TimeSpan waited, string why);
}
