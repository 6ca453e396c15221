using System.CommandLine;
using System.CommandLine.Help;
using Tyer.Cli.Commands;
using Tyer.Daemon.CommandLine;

namespace Tyer.Cli.CommandLine;

/// <summary>The whole command line.</summary>
internal static class TyerCommand
{
    /// <summary>What the program is called, whatever its file is.</summary>
    public const string Name = "tyer";

    /// <summary>'@file' is a fine name for a resource, so it is not replaced by what stands in a file.</summary>
    public static ParserConfiguration Parsing { get; } = new() { ResponseFileTokenReplacer = null };

    /// <summary>Builds the tree of commands.</summary>
    public static Command Build(Surroundings surroundings)
    {
        var globals = new GlobalOptions();
        var runner = new CommandRunner(globals, surroundings);
        // Not a RootCommand: that one is named after the file, which is not what people type.
        var root = new Command(Name, "Locks for clusters: run commands under a lock, see who holds what, and why somebody waits.")
        {
            new RunCommand().Build(runner),
            new HoldCommand().Build(runner),
            new ListCommand().Build(runner),
            new WhoCommand().Build(runner),
            new WhyCommand().Build(runner),
            StatusCommand.Build(runner),
            NodesCommand.Build(runner),
            SessionsCommand.Build(runner),
            RecoveryCommand.Build(runner),
            new EventsCommand().Build(runner),
            new RevokeCommand().Build(runner),
            OrphansCommand.Build(runner),
            new ViewCommand().Build(runner),
            new FenceCommand().Build(runner),
            StateCommand.Build(runner),
            new InitCommand().Build(runner),
            new KeygenCommand().Build(runner),
            new CertCommand().Build(runner),
            new DemoCommand().Build(runner),
            new BenchCommand().Build(runner),
            new SimCommand(Simulation.Simulation.Run).Build(runner),
            new CompletionCommand().Build(runner),
            CompleteCommand.Build(runner, () => Build(surroundings)),
        };
        foreach (Command command in new PeersCommand().Build(runner)) root.Add(command);
        root.Add(new NetOptionsCommand().Build(runner));
        foreach (Option option in globals.All) root.Add(option);
        root.Add(new HelpOption("--help", "-h") { Recursive = true });
        root.Add(new VersionOption());
        return root;
    }

    /// <summary>Runs a command line.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Surroundings surroundings)
    {
        ParseResult parsed = Build(surroundings).Parse(args.Count == 0 ? ["--help"] : args, Parsing);
        bool isAnswered = parsed.Action is { ClearsParseErrors: true };
        if (!isAnswered && ParseFaults.Describe(parsed, Name) is { } fault)
        {
            await surroundings.Error.WriteLineAsync($"{Name}: {fault}").ConfigureAwait(false);
            return ExitCodes.Usage;
        }

        // Signals are each command's own affair.
        var invocation = new InvocationConfiguration
        {
            Output = surroundings.Out,
            Error = surroundings.Error,
            ProcessTerminationTimeout = null,
            EnableDefaultExceptionHandler = false,
        };
        return await parsed.InvokeAsync(invocation).ConfigureAwait(false);
    }
}
