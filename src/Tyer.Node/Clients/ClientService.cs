using System.Reflection;
using Microsoft.Extensions.Logging;
using Tyer.Comms.Clients;
using Tyer.Comms.Endpoints;
using Tyer.Node.Lockspaces;
using Tyer.Node.Sessions;
using Tyer.Sessions.Administration;
using Tyer.Sessions.Wire;

namespace Tyer.Node.Clients;

/// <summary>The clients of a node: where they connect, who they are, and the end of those that are not heard of any more.</summary>
internal sealed partial class ClientService(NodeCore node) : IClientAcceptor
{
    private static readonly string Version =
        typeof(ClientService).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?";

    private readonly Lock _gate = new();
    private readonly ILogger _log = node.Log;
    private readonly HashSet<ClientConnection> _connections = [];
    private readonly List<ClientListener> _listeners = [];
    private TaskCompletionSource? _empty;
    private TimeSpan _nextScan;
    private int _sessions;
    private volatile bool _isStopping;

    internal ILogger Log => _log;

    internal string NodeName => node.Name;

    internal TimeSpan Now => node.Shards.Clock.Now;

    internal ITyerAdministration Administration => node.Administration;

    /// <summary>Where it listens, with the ports that the system chose.</summary>
    internal IReadOnlyList<string> Endpoints
    {
        get
        {
            lock (_gate)
                return [.. _listeners.Select(each => each.Endpoint.ToString())];
        }
    }

    /// <summary>For how long the node's own sessions are safe, as clients are told.</summary>
    internal TimeSpan SafeFor
    {
        get
        {
            var left = node.SafeFor;
            if (left == Timeout.InfiniteTimeSpan)
                return TimeSpan.MaxValue;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>The sessions that are open, by number.</summary>
    internal IReadOnlyList<ClientConnection> Open
    {
        get
        {
            lock (_gate)
                return [.. _connections.Where(each => each.IsOpen).OrderBy(each => each.Number)];
        }
    }

    /// <summary>Listens. Fails as a whole: a node that clients cannot reach as configured does not start.</summary>
    /// <exception cref="IOException">It cannot listen there; the message says where and why.</exception>
    internal void Start(IEnumerable<string> endpoints)
    {
        var parsed = endpoints.Select(CommsEndpoint.Parse).ToArray();
        if (parsed.Length == 0)
            return;
        // Before anybody is told how long a session lives.
        node.State.TellSession(node.Settings.Options.SessionTimeout);
        foreach (var endpoint in parsed)
        {
            SocketAccess.PrepareFolder(endpoint);
            var listener = new ClientListener(
                new ClientListenerOptions { Endpoint = endpoint, SocketMode = SocketAccess.ModeAtFirst, Certificates = node.Security.Certificates }, this);
            lock (_gate)
                _listeners.Add(listener);
            SocketAccess.LetGroupIn(endpoint);
            LogListens(listener.Endpoint);
        }
    }

    public ILinkReceiver OnAccepted(ClientLink client)
    {
        var connection = new ClientConnection(this, client);
        lock (_gate)
            _connections.Add(connection);
        return connection;
    }

    /// <summary>Lets time pass; cheap, and called often.</summary>
    internal void Tick(TimeSpan now)
    {
        if (now < _nextScan)
            return;
        _nextScan = now + NodeLimits.SessionScan;
        ClientConnection[]? due = null;
        lock (_gate)
        {
            if (_connections.Count > 0)
                due = [.. _connections.Where(each => each.IsDue(now))];
        }

        // Not on the timer's thread: to free what one had may take long.
        foreach (var connection in due ?? [])
            ThreadPool.UnsafeQueueUserWorkItem(static each => each.Connection.Tick(each.Now), (Connection: connection, Now: now), preferLocal: false);
    }

    /// <summary>
    /// Takes no new sessions and tells the others that the node stops; waits until their clients have closed them, for a while.
    /// </summary>
    /// <returns>True if nobody is left who may believe that he holds a lock.</returns>
    internal async ValueTask<bool> StopAsync()
    {
        _isStopping = true;
        Task empty;
        ClientConnection[] connections;
        lock (_gate)
        {
            connections = [.. _connections];
            _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (connections.Length == 0)
                _empty.TrySetResult();
            empty = _empty.Task;
        }

        foreach (var connection in connections)
            connection.End(LossReason.NodeStopped, "the node stops");
        await Task.WhenAny(empty, Task.Delay(NodeLimits.GoodbyeMax)).ConfigureAwait(false);
        ClientListener[] listeners;
        lock (_gate)
        {
            listeners = [.. _listeners];
            _listeners.Clear();
        }

        foreach (var listener in listeners)
            listener.Dispose();
        return empty.IsCompleted;
    }

    /// <summary>The node is out of its cluster: who has a lockspace open has lost it. Who only asks may go on.</summary>
    internal void EndAll(LossReason reason, ExpulsionPolicy policy)
    {
        foreach (var connection in Open.Where(each => each.Spaces.Count > 0))
        {
            if (policy == ExpulsionPolicy.Kill && connection.Holder is { } holder && holder.Id != Environment.ProcessId)
                Kill(holder, connection.Owner);
            connection.End(reason, "the node is out of its cluster");
            if (policy is ExpulsionPolicy.Disconnect or ExpulsionPolicy.Kill)
                connection.Disconnect();
        }
    }

    /// <summary>Whether the processes of clients are to be known for sure, as they may have to be killed.</summary>
    internal bool KillsHolders => node.Settings.Options.OnExpulsion == ExpulsionPolicy.Kill;

    private void Kill(HolderProcess holder, LockOwner owner)
    {
        if (holder.Kill() is { } why)
            LogNotKilled(holder.Id, owner, why);
        else
            LogKilled(holder.Id, owner);
    }

    // What a connection asks.

    /// <summary>Takes a session in.</summary>
    /// <returns>Its number.</returns>
    /// <exception cref="TyerException">The node stops, or has as many as it may.</exception>
    internal uint Enter(ClientConnection connection)
    {
        var what = $"Connecting to node {NodeName}";
        lock (_gate)
        {
            if (_isStopping)
                throw new LockUnavailableException(UnavailableReason.Stopping, what, "it stops");
            if (_sessions >= NodeLimits.SessionsMax)
                throw new LockRefusedException(RefusalReason.LimitReached, what, $"it has {NodeLimits.SessionsMax} sessions, as many as it may");
            _sessions++;
            return node.Sessions.NextNumber();
        }
    }

    internal void Left(ClientConnection connection)
    {
        lock (_gate)
        {
            if (!_connections.Remove(connection))
                return;
            if (connection.Number != 0)
                _sessions--;
            if (_connections.Count == 0)
                _empty?.TrySetResult();
        }
    }

    /// <summary>How long a session lives without a keep-alive: what the client asks for, within what the node allows.</summary>
    internal TimeSpan TimeoutFor(TimeSpan wanted)
    {
        var longest = node.Settings.Options.SessionTimeout;
        if (wanted == TimeSpan.Zero || wanted > longest)
            return longest;
        return wanted < NodeLimits.SessionTimeoutMin ? NodeLimits.SessionTimeoutMin : wanted;
    }

    internal WelcomeMessage WelcomeFor(ClientConnection connection, ushort version) => new()
    {
        Version = version,
        NodeId = node.Id,
        Incarnation = node.State.Incarnation.Value,
        Session = connection.Number,
        SessionTimeout = connection.Timeout,
        Margin = NodeLimits.ClientMargin,
        SafeFor = SafeFor,
        Node = node.Name,
        Cluster = node.Settings.Cluster,
        NodeVersion = Version,
    };

    internal ValueTask<(NodeLockspace Port, NodeSession Session)> OpenPortAsync(
        string name, LockspaceOptions? options, ClientConnection client, CancellationToken cancellationToken) =>
        node.OpenPortAsync(name, options, client.Owner, client.Transport, client, cancellationToken);

    [LoggerMessage(EventId = 1417, Level = LogLevel.Warning, Message = "Killed process {Process} of {Owner}, as this node is out of its cluster")]
    private partial void LogKilled(int process, LockOwner owner);

    [LoggerMessage(EventId = 1418, Level = LogLevel.Error, Message = "Process {Process} of {Owner} could not be killed, though this node is out of its cluster: {Why}")]
    private partial void LogNotKilled(int process, LockOwner owner, string why);

    [LoggerMessage(EventId = 1401, Level = LogLevel.Information, Message = "Clients connect to {Endpoint}")]
    private partial void LogListens(CommsEndpoint endpoint);
}
