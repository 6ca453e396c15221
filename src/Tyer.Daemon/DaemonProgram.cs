using System.Collections;
using System.CommandLine;
using Tyer.Cluster.State;
using Tyer.Daemon.CommandLine;
using Tyer.Daemon.Configuration;
using Tyer.Daemon.Hosting;

namespace Tyer.Daemon;

/// <summary>The daemon's command line: <c>tyerd</c>, and, for private daemons, <c>tyer daemon</c>.</summary>
internal static class DaemonProgram
{
    /// <summary>It was told to stop, and did.</summary>
    public const int Stopped = 0;

    /// <summary>It could not start, or could not go on; a service manager may try again.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the configuration is wrong; trying again does not help.</summary>
    public const int Misconfigured = 2;

    /// <summary>The cluster does not take this node in as it is, such as a build that speaks none of its versions; trying again does not help.</summary>
    public const int Refused = 7;

    /// <summary>Runs until it is told to stop.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="name">What the program is called in messages.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> RunAsync(IReadOnlyList<string> args, string name) => RunAsync(args, name, Console.Out, Console.Error);

    internal static async Task<int> RunAsync(IReadOnlyList<string> args, string name, TextWriter output, TextWriter error)
    {
        var options = new DaemonOptions();
        Command command = options.Build();
        int code = Stopped;
        command.SetAction(async (parsed, _) => code = await RunAsync(options, parsed, name, output, error).ConfigureAwait(false));

        ParseResult parsed = command.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is not { ClearsParseErrors: true } && ParseFaults.Describe(parsed, name) is { } fault)
        {
            await error.WriteLineAsync($"{name}: {fault}").ConfigureAwait(false);
            return Misconfigured;
        }

        // Signals are the host's affair.
        await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = output,
            Error = error,
            ProcessTerminationTimeout = null,
            EnableDefaultExceptionHandler = false,
        }).ConfigureAwait(false);
        return code;
    }

    private static async Task<int> RunAsync(DaemonOptions options, ParseResult parsed, string name, TextWriter output, TextWriter error)
    {
        using var ready = ReadySignal.Of(parsed.GetValue(options.ReadyDescriptor));
        try
        {
            DaemonSettings Read() => SettingsReader.Read(parsed.GetValue(options.File), Variables(), options.FlagsOf(parsed));
            DaemonSettings settings = Read();
            if (parsed.GetValue(options.CheckOnly))
            {
                await output.WriteLineAsync(settings.File is { } file ? $"{file}: the configuration is good." : "The configuration is good.").ConfigureAwait(false);
                return Stopped;
            }

            // A daemon that somebody left behind must not keep his folder busy.
            if (parsed.GetValue(options.ReadyDescriptor) is not null) Directory.SetCurrentDirectory("/");
            return await DaemonHost.RunAsync(settings, Read, ready).ConfigureAwait(false);
        }
        catch (ConfigurationException exception)
        {
            foreach (string fault in exception.Faults) await error.WriteLineAsync($"{name}: {fault}").ConfigureAwait(false);
            ready.Fail(exception.Message);
            return Misconfigured;
        }
        catch (Exception exception) when (exception is StateDirectoryException or IOException or UnauthorizedAccessException or TyerException)
        {
            await error.WriteLineAsync($"{name}: {exception.Message}").ConfigureAwait(false);
            ready.Fail(exception.Message);
            return Failed;
        }
        catch (Exception exception)
        {
            // A bug; the runtime reports it, but whoever waits must hear of it, too.
            ready.Fail(exception.Message);
            throw;
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Variables() => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .Select(variable => new KeyValuePair<string, string>((string)variable.Key, (string?)variable.Value ?? ""));
}
