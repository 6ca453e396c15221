using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tyer.Daemon.Configuration;
using Tyer.Daemon.Systemd;

namespace Tyer.Daemon.Hosting;

/// <summary>Reads the configuration again on SIGHUP, and takes over what can change while the node runs: the log level, keys and certificates.</summary>
internal sealed partial class ReloadService(DaemonRun run, LogLevels levels, Func<DaemonSettings> readAgain, ServiceManager manager, ILogger<ReloadService> log) : IHostedService
{
    private PosixSignalRegistration? _registration;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            Reload();
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _registration?.Dispose();
        return Task.CompletedTask;
    }

    private void Reload()
    {
        manager.Reloading(Stopwatch.GetElapsedTime(0));
        try
        {
            DaemonSettings settings = readAgain();
            levels.Current = settings.LogLevel;
            run.Node?.ReloadSecurity();
            LogReloaded(settings.LogLevel);
        }
        catch (IOException exception)
        {
            LogFault(exception.Message);
        }
        catch (ConfigurationException exception)
        {
            foreach (string fault in exception.Faults) LogFault(fault);
        }

        manager.Ready("reloaded");
    }

    [LoggerMessage(EventId = 20, Level = LogLevel.Warning, Message = "Configuration read again: the log level is {Level}, and keys and certificates are those of their files; everything else changes with a restart")]
    private partial void LogReloaded(LogLevel level);

    [LoggerMessage(EventId = 21, Level = LogLevel.Error, Message = "Configuration not taken over: {Fault}")]
    private partial void LogFault(string fault);
}
