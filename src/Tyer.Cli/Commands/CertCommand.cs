using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Output;
using Tyer.Comms.Security;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer cert FOLDER --cluster NAME --node ID --client NAME</c>: a small authority, for clusters that have none.</summary>
internal sealed class CertCommand
{
    private readonly Argument<string> _folder = new("folder") { HelpName = "FOLDER", Description = "Where the authority is, or is to be. Not on a node: whoever has it can be any node." };

    private readonly Option<string> _cluster = new("--cluster") { HelpName = "NAME", Description = "The name of the cluster. Default: tyer.", DefaultValueFactory = _ => "tyer" };

    private readonly Option<uint[]> _nodes = new("--node")
    {
        HelpName = "ID",
        Description = "Make a certificate for the node with this id; may be given again.",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string[]> _clients = new("--client")
    {
        HelpName = "NAME",
        Description = "Make a certificate for the client with this name; may be given again.",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        DefaultValueFactory = _ => [],
    };

    private readonly Option<int> _days = new("--days") { HelpName = "N", Description = "For how many days they are good. Default: 365.", DefaultValueFactory = _ => CertificateMaker.DaysDefault };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("cert", "Make certificates for the nodes and clients of a cluster, with an authority of its own.") { _folder, _cluster, _nodes, _clients, _days };
        runner.Attach(command, (invocation, _) => Task.FromResult(Run(invocation)));
        return command;
    }

    private int Run(Invocation invocation)
    {
        string cluster = invocation.Get(_cluster)!;
        uint[] nodes = invocation.Get(_nodes) ?? [];
        string[] clients = invocation.Get(_clients) ?? [];
        int days = invocation.Get(_days);
        foreach (uint id in nodes)
        {
            if (id is < Limits.NodeIdMin or > Limits.NodeIdMax)
                throw new CommandFailure(ExitCodes.Usage, $"'{id}' is no node id: it takes {Limits.NodeIdMin} to {Limits.NodeIdMax}.");
        }

        foreach (string name in clients.Append(cluster))
        {
            if (!SystemName.IsValid(name)) throw new CommandFailure(ExitCodes.Usage, $"'{name}' is no name: it takes 1 to 64 of A-Za-z0-9._-.");
        }

        if (days < 1) throw new CommandFailure(ExitCodes.Usage, "'--days' takes 1 or more.");

        IReadOnlyList<string> made = CertificateMaker.Make(Path.GetFullPath(invocation.Get(_folder)!), cluster, nodes, clients, days);
        if (invocation.Format == OutputFormat.Json)
        {
            JsonPrinter.Print(invocation.Out, new CertificatesDocument(made));
            return ExitCodes.Ok;
        }

        foreach (string file in made) invocation.Out.WriteLine(file);
        invocation.Out.WriteLine("Give each node and client its own .crt and .key, for its own user only, and ca.crt; keep ca.key here.");
        return ExitCodes.Ok;
    }
}
