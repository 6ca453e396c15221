using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer fence ack</c>: an operator's word that a node has stopped, for all nodes.</summary>
internal sealed class FenceCommand
{
    private readonly Argument<string> _node = new("node")
    {
        HelpName = "NODE",
        Description = "The node that has stopped: its name or id, or one life of it, such as n3.1765, where a later one is running.",
    };

    public Command Build(CommandRunner runner)
    {
        var acknowledge = new Command(
            "ack",
            "Vouch for it that a node that has departed, and all its clients, have stopped: what it held is free at once on all nodes. Only when that is certain.") { _node };
        runner.Attach(acknowledge, AcknowledgeAsync);
        return new Command("fence", "What an operator knows of a node that was lost, where the cluster waits for its lease to run out.") { acknowledge };
    }

    private async Task<int> AcknowledgeAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        string node = invocation.Get(_node)!;
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            MembershipResult result = await connection.Administration.FenceAsync(node, cancellationToken).ConfigureAwait(false);
            return ViewCommand.Report(invocation, result, $"{Printable.Escape(result.Node)} tells all nodes that {Printable.Escape(node)} has stopped; ");
        }
    }
}
