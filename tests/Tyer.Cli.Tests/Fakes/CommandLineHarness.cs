using Tyer.Cli.CommandLine;
using Tyer.Cli.Running;

namespace Tyer.Cli.Tests.Fakes;

/// <summary>Runs command lines in this process, against a fake daemon.</summary>
internal sealed class CommandLineHarness
{
    public FakeDaemon Daemon { get; } = new();

    /// <summary>Columns of the terminal that output goes to; null: to a pipe.</summary>
    public int? Width { get; init; }

    public string Input { get; init; } = "";

    public TextReader? InputReader { get; init; }

    public bool CanAsk { get; init; }

    public FakeClock Clock { get; } = new();

    public StringWriter Out { get; } = new() { NewLine = "\n" };

    public StringWriter Error { get; } = new() { NewLine = "\n" };

    /// <summary>The built program, which is what starts as a helper.</summary>
    public static SelfCommand Program { get; } = new(Path.Combine(AppContext.BaseDirectory, "Tyer.Cli"), [Path.Combine(AppContext.BaseDirectory, "Tyer.Cli")]);

    public Surroundings Surroundings => new()
    {
        Out = Out,
        Error = Error,
        In = InputReader ?? new StringReader(Input),
        OutWidth = Width,
        ErrorWidth = Width,
        CanAsk = CanAsk,
        PlainWanted = true,
        Connector = Daemon,
        Self = Program,
        Clock = Clock,
    };

    public Task<int> RunAsync(params string[] args) => TyerCommand.RunAsync(args, Surroundings);
}
