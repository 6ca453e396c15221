using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Output;
using Tyer.Cluster.State;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer state adopt DIRECTORY</c>: lets a node start from a state that was restored or copied.</summary>
internal static class StateCommand
{
    public static Command Build(CommandRunner runner)
    {
        var directory = new Argument<string>("directory")
        {
            HelpName = "DIRECTORY",
            Description = "The node's own state directory, as the daemon names it when it refuses to start.",
        };
        var adopt = new Command("adopt", "Accept a restored or copied state directory: raise its epoch over whatever may have been used since.") { directory };
        runner.Attach(adopt, (invocation, _) => Task.FromResult(Adopt(invocation, invocation.Get(directory)!)));
        return new Command("state", "Look after what a node keeps on disk.") { adopt };
    }

    private static int Adopt(Invocation invocation, string directory)
    {
        StateAdoption adoption = StateDirectory.Adopt(directory);
        if (invocation.Format == OutputFormat.Json)
        {
            JsonPrinter.Print(invocation.Out, new AdoptedDocument(
                directory, adoption.Owner.Node, adoption.Owner.Cluster, adoption.ViewBefore, adoption.ViewAfter, adoption.WasCopy));
        }
        else
        {
            string copy = adoption.WasCopy ? "" : " It did not look like a copy; that does no harm.";
            invocation.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{directory}: adopted for node {adoption.Owner.Node} of cluster {adoption.Owner.Cluster}; the epoch rises from {adoption.ViewBefore} to {adoption.ViewAfter}.{copy}"));
        }

        return ExitCodes.Ok;
    }
}
