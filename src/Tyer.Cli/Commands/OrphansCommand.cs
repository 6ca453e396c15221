using System.CommandLine;
using Tyer.Cli.CommandLine;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer orphans ls|adopt|purge</c>: the locks that dead processes left behind on purpose, of the whole cluster.</summary>
internal static class OrphansCommand
{
    public static Command Build(CommandRunner runner) =>
        new("orphans", "Look after the locks that dead processes left behind: list them, repair what they guard, or end them.")
        {
            new ListOrphansCommand().Build(runner),
            new AdoptCommand().Build(runner),
            new PurgeCommand().Build(runner),
        };
}
