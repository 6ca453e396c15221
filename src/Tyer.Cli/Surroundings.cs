using Tyer.Cli.Connections;
using Tyer.Cli.Running;
using Tyer.Time;

namespace Tyer.Cli;

/// <summary>Everything outside the program that commands touch; tests bring their own.</summary>
internal sealed class Surroundings
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    public required TextReader In { get; init; }

    /// <summary>Columns of the terminal that <see cref="Out"/> is; null when it is a file or a pipe.</summary>
    public int? OutWidth { get; init; }

    /// <summary>Columns of the terminal that <see cref="Error"/> is; null when it is a file or a pipe.</summary>
    public int? ErrorWidth { get; init; }

    /// <summary>Whether somebody sits at <see cref="In"/> who can be asked.</summary>
    public bool CanAsk { get; init; }

    /// <summary>Whether the environment speaks against colours.</summary>
    public bool PlainWanted { get; init; }

    public required IConnector Connector { get; init; }

    /// <summary>How this program starts itself again.</summary>
    public required SelfCommand Self { get; init; }

    public IClock Clock { get; init; } = BootClock.Instance;

    public static Surroundings OfProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        In = Console.In,
        OutWidth = Console.IsOutputRedirected ? null : TerminalWidth(),
        ErrorWidth = Console.IsErrorRedirected ? null : TerminalWidth(),
        CanAsk = !Console.IsInputRedirected && !Console.IsErrorRedirected,
        PlainWanted = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) || Environment.GetEnvironmentVariable("TERM") == "dumb",
        Connector = new DaemonConnector(SelfCommand.Current),
        Self = SelfCommand.Current,
    };

    private static int TerminalWidth()
    {
        const int Usual = 80;
        try
        {
            return Console.WindowWidth > 0 ? Console.WindowWidth : Usual;
        }
        catch (IOException)
        {
            return Usual;
        }
    }
}
