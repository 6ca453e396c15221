using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tyer.Daemon.Systemd;
using Tyer.Sessions.Administration;
using Tyer.Time;

namespace Tyer.Daemon.Hosting;

/// <summary>
/// Asks the node how it is, about once a second: for the log and the service manager, for its watchdog (a node that does not answer gets no
/// sign of life, and is restarted), and to end a private daemon that nobody needs any more.
/// </summary>
internal sealed partial class WatchService(DaemonRun run, NodeService nodes, ServiceManager manager, IHostApplicationLifetime lifetime, ILogger<WatchService> log) : BackgroundService
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(1);

    private string _told = "";
    private bool _isStarving;
    private TimeSpan _lastUse = BootClock.Instance.Now;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Twice as often as the manager asks for, as it advises.
        TimeSpan interval = manager.WatchdogInterval / 2 < Usual ? manager.WatchdogInterval!.Value / 2 : Usual;
        using var timer = new PeriodicTimer(interval);
        try
        {
            do await LookAsync(run.Node!.Administration, stoppingToken).ConfigureAwait(false);
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // It stops.
        }
    }

    private async Task LookAsync(ITyerAdministration administration, CancellationToken cancellationToken)
    {
        ClusterStatus status = await administration.StatusAsync(cancellationToken).ConfigureAwait(false);
        manager.Alive();
        Tell(status);
        if (status.Node.Serving == ServingState.Expelled && run.Settings.Node.OnExpulsion == ExpulsionPolicy.Watchdog && status.Fencing is { IsWatchdogArmed: true })
        {
            // A new life would feed it again, and keep alive what the others count on being gone.
            if (!_isStarving) LogStarves(run.Settings.Node.Watchdog!);
            _isStarving = true;
        }
        else if (status.Node.Serving == ServingState.Expelled)
        {
            await nodes.StartAfreshAsync(cancellationToken).ConfigureAwait(false);
        }
        else if (status.Node.Serving == ServingState.Refused)
        {
            LogRefused(status.Stack.State);
            End(DaemonProgram.Refused);
        }
        else if (status.Node.Serving == ServingState.Stopping && !cancellationToken.IsCancellationRequested)
        {
            LogEnded(Describe(status), status.Stack.State);
            End(DaemonProgram.Failed);
        }
        else if (IsIdle(status))
        {
            LogIdle();
            End(DaemonProgram.Stopped);
        }
    }

    private void Tell(ClusterStatus status)
    {
        string text = Describe(status);
        if (text == _told) return;
        _told = text;
        manager.Status(text);
        LogState(text);
    }

    private bool IsIdle(ClusterStatus status)
    {
        if (run.Settings.IdleExit is not { } limit) return false;
        if (status.Node.Sessions > 0) _lastUse = BootClock.Instance.Now;
        return BootClock.Instance.Now - _lastUse >= limit;
    }

    private void End(int exitCode)
    {
        run.ExitCode = exitCode;
        lifetime.StopApplication();
    }

    private static string Describe(ClusterStatus status)
    {
        string serving = status.Node.Serving switch
        {
            ServingState.Serving => "serving",
            ServingState.NoQuorum => "not serving: no quorum",
            var other => $"not serving: {other}",
        };
        string view = status.View is { } installed ? string.Create(CultureInfo.InvariantCulture, $"view {installed.Id}") : "no view yet";
        string nodes = string.Join(' ', status.Nodes.Where(node => node.Membership == NodeMembership.Member).Select(node => node.Name));
        return $"{serving}, {view}, nodes: {(nodes.Length == 0 ? "none" : nodes)}";
    }

    [LoggerMessage(EventId = 10, Level = LogLevel.Information, Message = "Now {State}")]
    private partial void LogState(string state);

    [LoggerMessage(EventId = 14, Level = LogLevel.Critical, Message = "The node is out of its cluster and does not feed {Watchdog} any more: this machine is about to be reset")]
    private partial void LogStarves(string watchdog);

    [LoggerMessage(EventId = 11, Level = LogLevel.Information, Message = "Nobody has needed this private daemon for a while: it ends")]
    private partial void LogIdle();

    [LoggerMessage(EventId = 13, Level = LogLevel.Critical, Message = "The cluster does not take this node in, and will not as it is ({Stack}): the daemon ends")]
    private partial void LogRefused(string stack);

    [LoggerMessage(EventId = 12, Level = LogLevel.Critical, Message = "The node cannot go on by itself ({State}; {Stack}): the daemon ends, to be started afresh")]
    private partial void LogEnded(string state, string stack);
}
