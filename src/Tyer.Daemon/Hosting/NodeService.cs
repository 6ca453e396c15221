using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tyer.Cluster.Etcd.Managed;
using Tyer.Daemon.Systemd;
using Tyer.Sessions.Administration;

namespace Tyer.Daemon.Hosting;

/// <summary>Starts the node with the daemon and stops it with it.</summary>
internal sealed partial class NodeService(DaemonRun run, ReadySignal ready, ServiceManager manager, ILoggerFactory loggers, ILogger<NodeService> log) : IHostedService
{
    private ManagedEtcd? _etcd;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        run.Settings.Node.LoggerFactory = loggers;
        if (run.Settings.Etcd.Managed(run.Settings.Node) is { } options)
        {
            // It outlives the lives of the node.
            _etcd = ManagedEtcd.Start(options, LogEtcd);
            LogRunsEtcd(options.DataDirectory);
            if (options.Caution is { } caution) LogWarning(caution);
        }

        foreach (string caution in run.Settings.Cautions) LogWarning(caution);
        await StartNodeAsync(cancellationToken).ConfigureAwait(false);
        ready.Succeed();
        manager.Ready("started");
    }

    /// <summary>A node that was put out of its cluster comes back as a new incarnation: with nothing held, and waiting to be taken in.</summary>
    public async Task StartAfreshAsync(CancellationToken cancellationToken)
    {
        LogStartsAfresh();
        await run.Node!.DisposeAsync().ConfigureAwait(false);
        await StartNodeAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task StartNodeAsync(CancellationToken cancellationToken)
    {
        run.Node = await TyerNode.StartAsync(run.Settings.Node, cancellationToken).ConfigureAwait(false);
        ClusterStatus status = await run.Node.Administration.StatusAsync(cancellationToken).ConfigureAwait(false);
        LogStarted(
            status.Node.Name, status.Node.Id, status.Cluster, status.Node.Version, status.Stack.Name,
            string.Join(", ", status.Node.ClientEndpoints), status.Node.StateDirectory ?? "none", run.Settings.File ?? "none");
        if (status.Stack.Warning is { } warning) LogWarning(warning);
        foreach (string limitation in status.Limitations) LogLimitation(limitation);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        manager.Stopping();
        if (run.Node is not { } node) return;
        LogStopping();
        await node.DisposeAsync().ConfigureAwait(false);
        if (_etcd is { } etcd) await etcd.DisposeAsync().ConfigureAwait(false);
        LogStopped();
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information,
        Message = "Node {Node} (id {Id}) of cluster {Cluster}, version {Version}: stack {Stack}, clients at {Socket}, state in {State}, configuration {File}")]
    private partial void LogStarted(string node, uint id, string cluster, string version, string stack, string socket, string state, string file);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "{Limitation}")]
    private partial void LogLimitation(string limitation);

    [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "Stopping: no new requests; the sessions are told")]
    private partial void LogStopping();

    [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "Starting the node afresh: it was put out of its cluster, and comes back as a new incarnation")]
    private partial void LogStartsAfresh();

    [LoggerMessage(EventId = 7, Level = LogLevel.Information, Message = "This daemon runs etcd, with its data in {Directory}")]
    private partial void LogRunsEtcd(string directory);

    [LoggerMessage(EventId = 8, Level = LogLevel.Warning, Message = "{What}")]
    private partial void LogEtcd(string what);

    [LoggerMessage(EventId = 5, Level = LogLevel.Information, Message = "Stopped")]
    private partial void LogStopped();
}
