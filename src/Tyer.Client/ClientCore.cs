using System.Diagnostics;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tyer.Client.Administration;
using Tyer.Client.Connections;
using Tyer.Client.Lockspaces;
using Tyer.Comms;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Security;
using Tyer.Sessions;
using Tyer.Sessions.Administration;
using Tyer.Sessions.Wire;
using Tyer.Time;

namespace Tyer.Client;

/// <summary>
/// What is behind a <see cref="TyerClient"/>: its present session, its lockspaces, and the way back after a loss. It goes back to the endpoint
/// that it first found, and to no other: another daemon would be another lock manager.
/// </summary>
internal sealed partial class ClientCore : IAsyncDisposable
{
    private readonly IClock _steady;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly List<ClientLockspace> _spaces = [];
    private readonly HelloMessage _hello;
    private readonly CertificateStore? _certificates;
    private volatile ClientSession _session;
    private Task _life = Task.CompletedTask;
    private int _disposed;

    private ClientCore(TyerClientOptions options, IClock clock, IClock steady, ClientSession first, ILogger log, HelloMessage hello, CertificateStore? certificates)
    {
        Options = options;
        Clock = clock;
        _steady = steady;
        _session = first;
        _log = log;
        _hello = hello;
        _certificates = certificates;
        Administration = new ClientAdministration(this);
    }

    internal TyerClientOptions Options { get; }

    internal IClock Clock { get; }

    internal ITyerAdministration Administration { get; }

    internal CommsEndpoint Endpoint => _session.Endpoint;

    /// <summary>What the node last said of itself.</summary>
    internal WelcomeMessage Node => _session.Welcome;

    internal bool IsConnected => !_session.IsLost;

    /// <exception cref="LockUnavailableException">Nobody answers where it was looked for.</exception>
    internal static async Task<ClientCore> ConnectAsync(
        TyerClientOptions options, IReadOnlyList<string> endpoints, IClock clock, IClock steady, CancellationToken cancellationToken)
    {
        var log = (options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("Tyer.Client");
        var hello = HelloOf(options);
        var certificates = CertificatesOf(options);
        var budget = new Stopwatch();
        budget.Start();
        var failures = new List<Exception>();
        foreach (var text in endpoints)
        {
            try
            {
                var left = options.ConnectTimeout - budget.Elapsed;
                if (left <= TimeSpan.Zero)
                    break;
                var endpoint = CommsEndpoint.Parse(text);
                var session = await ClientSession.OpenAsync(endpoint, certificates, hello, left, clock, steady, log, cancellationToken).ConfigureAwait(false);
                var core = new ClientCore(options, clock, steady, session, log, hello, certificates);
                core._life = core.LiveAsync(session);
                return core;
            }
            catch (LockUnavailableException failure)
            {
                failures.Add(failure);
            }
            catch (CommsException failure) when (failure.Code is not CommsErrorCode.SystemFailure)
            {
                throw new ArgumentException(failure.Message, nameof(endpoints), failure);
            }
        }

        if (failures.Count == 1)
            throw failures[0];
        var tried = string.Join("; ", failures.OfType<LockUnavailableException>().Select(each => each.Detail));
        throw new LockUnavailableException(UnavailableReason.Unreachable, "Connecting to a node of this machine", tried.Length == 0 ? "no time was left" : tried);
    }

    internal async ValueTask<ILockspace> OpenLockspaceAsync(string name, LockspaceOptions? options, CancellationToken cancellationToken)
    {
        SystemName.ThrowIfInvalid(name, "lockspace name");
        options?.Validate();
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, typeof(TyerClient));
        var space = new ClientLockspace(this, name, options);
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await OpenAsync(_session, space, cancellationToken).ConfigureAwait(false);
            lock (_spaces)
                _spaces.Add(space);
        }
        finally
        {
            _opening.Release();
        }

        return new SessionLockspace(space);
    }

    internal void Remove(ClientLockspace space)
    {
        lock (_spaces)
            _spaces.Remove(space);
    }

    /// <summary>The present session.</summary>
    /// <exception cref="LockUnavailableException">There is none.</exception>
    internal ClientSession SessionFor(string what)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, typeof(TyerClient));
        return _session is { IsLost: false } session ? session : throw Unreachable(what);
    }

    internal LockUnavailableException Unreachable(string what) =>
        new(UnavailableReason.Unreachable, what, $"there is no connection to {Endpoint} at present; the client goes on trying");

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        ClientLockspace[] spaces;
        lock (_spaces)
            spaces = [.. _spaces];
        // The answers also say that all releases have arrived.
        var closed = Task.WhenAll(spaces.Select(each => each.CloseAsync().AsTask()));
        await Task.WhenAny(closed, Task.Delay(ClientLimits.FarewellMax)).ConfigureAwait(false);
        await _closing.CancelAsync().ConfigureAwait(false);
        _session.Lose(LossReason.LockspaceClosed);
        await _life.ConfigureAwait(false);
        _closing.Dispose();
        _opening.Dispose();
    }

    private static HelloMessage HelloOf(TyerClientOptions options)
    {
        using var process = Process.GetCurrentProcess();
        return new HelloMessage
        {
            VersionMin = WireLimits.VersionMin,
            VersionMax = WireLimits.VersionMax,
            ProcessId = Environment.ProcessId,
            SessionTimeout = options.SessionTimeout ?? TimeSpan.Zero,
            Host = Environment.MachineName,
            ProcessName = process.ProcessName,
            User = Environment.UserName,
            Label = options.Label,
            Version = typeof(ClientCore).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?",
        };
    }

    private static CertificateStore? CertificatesOf(TyerClientOptions options)
    {
        try
        {
            return options.Certificate is { } file ? new CertificateStore(new CertificateFiles(file, options.PrivateKey!, options.Authority!)) : null;
        }
        catch (CommsException fault)
        {
            throw new ArgumentException(fault.Message, nameof(options), fault);
        }
    }

    /// <summary>Certificates end, and are replaced while the program runs.</summary>
    private void ReadCertificatesAgain()
    {
        try
        {
            _certificates?.Reload();
        }
        catch (CommsException fault)
        {
            // What was read before may still be good; if not, the node says so.
            LogCertificates(fault.Message);
        }
    }

    private static async Task OpenAsync(ClientSession session, ClientLockspace space, CancellationToken cancellationToken)
    {
        var opening = new PendingRequest<OpenSpace>();
        Send(session.Requests.Add(opening));
        await using var cancelled = cancellationToken.Register(() => opening.TrySetCanceled(cancellationToken)).ConfigureAwait(false);
        space.Bind(session, await opening.Task.ConfigureAwait(false));

        void Send(uint request)
        {
            Span<byte> message = stackalloc byte[OpenLockspaceMessage.BytesMax];
            var length = new OpenLockspaceMessage(request, space.LockspaceName, space.Wanted).Write(message);
            session.Ask(request, message[..length], $"Opening lockspace '{space.LockspaceName}'");
        }
    }

    /// <summary>From one session to the next, until the client is closed.</summary>
    private async Task LiveAsync(ClientSession session)
    {
        while (true)
        {
            var reason = await session.Ended.ConfigureAwait(false);
            if (_closing.IsCancellationRequested)
                return;
            LogLost(Endpoint, reason);
            if (await ReconnectAsync().ConfigureAwait(false) is not { } next)
                return;
            LogBack(Endpoint, next.Welcome.Node, next.Welcome.Session);
            session = _session = next;
            _ = ReopenAsync(session);
        }
    }

    /// <returns>The next session; null if the client was closed before there was one.</returns>
    private async Task<ClientSession?> ReconnectAsync()
    {
        for (var attempt = 0; !_closing.IsCancellationRequested; attempt++)
        {
            try
            {
                // Everybody who lost this node comes back: not all at the same moment.
                await Task.Delay(Random.Shared.NextDouble() * ClientLimits.ReconnectDelayMax, _closing.Token).ConfigureAwait(false);
                ReadCertificatesAgain();
                var session = await ClientSession.OpenAsync(Endpoint, _certificates, _hello, Options.ConnectTimeout, Clock, _steady, _log, _closing.Token).ConfigureAwait(false);
                if (!_closing.IsCancellationRequested)
                    return session;
                session.Lose(LossReason.LockspaceClosed);
            }
            catch (TyerException failure)
            {
                if (attempt == 0)
                    LogNotBack(failure, Endpoint);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>Opens in a new session what was open in the lost one.</summary>
    private async Task ReopenAsync(ClientSession session)
    {
        while (!session.IsLost)
        {
            var isComplete = true;
            await _opening.WaitAsync().ConfigureAwait(false);
            try
            {
                ClientLockspace[] spaces;
                lock (_spaces)
                    spaces = [.. _spaces];
                foreach (var space in spaces)
                    isComplete &= space.IsBoundTo(session) || await TryReopenAsync(session, space).ConfigureAwait(false);
            }
            finally
            {
                _opening.Release();
            }

            if (isComplete)
                return;
            await Task.WhenAny(session.Ended, Task.Delay(ClientLimits.ReconnectDelayMax)).ConfigureAwait(false);
        }
    }

    private async Task<bool> TryReopenAsync(ClientSession session, ClientLockspace space)
    {
        try
        {
            await OpenAsync(session, space, _closing.Token).ConfigureAwait(false);
            return true;
        }
        catch (TyerException failure)
        {
            LogNotReopened(failure, space.LockspaceName);
        }
        catch (OperationCanceledException)
        {
            // The client is being closed.
        }

        return false;
    }

    [LoggerMessage(EventId = 2101, Level = LogLevel.Warning, Message = "The session with {Endpoint} is lost, and every lock with it: {Reason}")]
    private partial void LogLost(CommsEndpoint endpoint, LossReason reason);

    [LoggerMessage(EventId = 2102, Level = LogLevel.Information, Message = "Connected to {Endpoint} again: node {Node}, session {Session}")]
    private partial void LogBack(CommsEndpoint endpoint, string node, uint session);

    [LoggerMessage(EventId = 2103, Level = LogLevel.Warning, Message = "{Endpoint} cannot be reached; trying on, about once a second")]
    private partial void LogNotBack(Exception failure, CommsEndpoint endpoint);

    [LoggerMessage(EventId = 2105, Level = LogLevel.Warning, Message = "The certificates cannot be read again, and stay as they were: {What}")]
    private partial void LogCertificates(string what);

    [LoggerMessage(EventId = 2104, Level = LogLevel.Warning, Message = "Lockspace {Lockspace} could not be opened again; trying on, once a second")]
    private partial void LogNotReopened(Exception failure, string lockspace);
}
