using System.CommandLine;
using Tyer.Cli.Output;

namespace Tyer.Cli.CommandLine;

/// <summary>What every command takes.</summary>
internal sealed class GlobalOptions
{
    public Option<OutputFormat> Output { get; } = new("--output", "-o")
    {
        Description = "table: for people; json: for programs.",
        HelpName = "table|json",
        Recursive = true,
        CustomParser = Values.Format,
    };

    public Option<bool> Json { get; } = new("--json")
    {
        Description = "The same as -o json.",
        Recursive = true,
    };

    public Option<string?> Socket { get; } = new("--socket")
    {
        Description = "The daemon's socket. Default: $TYER_SOCKET, or the first of the usual places that answers.",
        HelpName = "PATH",
        Recursive = true,
    };

    public Option<string?> Lockspace { get; } = new("--lockspace")
    {
        Description = "The lockspace. Default: 'default' to lock in, all of them to look at.",
        HelpName = "NAME",
        Recursive = true,
        CustomParser = Values.SystemNameOf("lockspace name"),
    };

    public Option<bool> Name { get; } = new("--name")
    {
        Description = "Take what looks like a lock id for a name.",
        Recursive = true,
    };

    public Option<bool> NoColor { get; } = new("--no-color")
    {
        Description = "No colours; NO_COLOR in the environment does the same.",
        Recursive = true,
    };

    public IEnumerable<Option> All => [Output, Json, Socket, Lockspace, Name, NoColor];
}
