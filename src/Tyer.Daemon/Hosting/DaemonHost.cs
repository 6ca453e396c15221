using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Tyer.Daemon.Configuration;
using Tyer.Daemon.Places;
using Tyer.Daemon.Systemd;

namespace Tyer.Daemon.Hosting;

/// <summary>Puts the daemon together and runs it until it is told to stop.</summary>
internal static class DaemonHost
{
    /// <summary>Longer than a clean stop takes, which itself is bounded.</summary>
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(20);

    /// <summary>Runs.</summary>
    /// <param name="settings">What it runs with.</param>
    /// <param name="readAgain">Reads the settings anew, for a reload.</param>
    /// <param name="ready">Told when it serves.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(DaemonSettings settings, Func<DaemonSettings> readAgain, ReadySignal ready)
    {
        settings.Node.ClientEndpoints.Insert(0, SocketPlace.Choose(settings.Socket));
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        var levels = new LogLevels(settings.LogLevel);
        AddLogging(builder.Logging, levels);

        var run = new DaemonRun(settings);
        builder.Services
            .Configure<HostOptions>(options => options.ShutdownTimeout = StopMax)
            .Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true)
            .AddSingleton(run)
            .AddSingleton(levels)
            .AddSingleton(ready)
            .AddSingleton(readAgain)
            .AddSingleton(new ServiceManager(Environment.GetEnvironmentVariable))
            .AddSingleton<NodeService>()
            .AddHostedService(services => services.GetRequiredService<NodeService>())
            .AddHostedService<ReloadService>()
            .AddHostedService<WatchService>();

        using IHost host = builder.Build();
        await host.RunAsync().ConfigureAwait(false);
        return run.ExitCode;
    }

    private static void AddLogging(ILoggingBuilder logging, LogLevels levels)
    {
        logging.SetMinimumLevel(LogLevel.Trace).AddFilter(levels.Passes);
        // The journal has its own clock, and reads the severity off the line.
        if (Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not null)
        {
            logging.AddSystemdConsole();
            return;
        }

        logging.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.UseUtcTimestamp = true;
            options.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            options.ColorBehavior = LoggerColorBehavior.Default;
        });
    }
}

/// <summary>What the parts of the daemon know in common.</summary>
internal sealed class DaemonRun(DaemonSettings settings)
{
    public DaemonSettings Settings => settings;

    /// <summary>The node, once it is started.</summary>
    public TyerNode? Node { get; set; }

    /// <summary>What the process ends with.</summary>
    public int ExitCode { get; set; } = DaemonProgram.Stopped;
}
