using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer fence ack</c>: an operator's word that a node has stopped, for all nodes. <c>tyer fence test</c>: whether its fence agents work.</summary>
internal sealed class FenceCommand
{
    private readonly Argument<string> _node = new("node")
    {
        HelpName = "NODE",
        Description = "The node that has stopped: its name or id, or one life of it, such as n3.1765, where a later one is running.",
    };

    private readonly Argument<string> _victim = new("node") { HelpName = "NODE", Description = "The node whose agents are run: its name or id." };

    private readonly Option<string> _action = new("--action")
    {
        Description = "What the agents are to do: status (is it on?) or monitor (does the device answer?).",
        HelpName = "status|monitor",
        DefaultValueFactory = _ => "status",
    };

    public Command Build(CommandRunner runner)
    {
        var acknowledge = new Command(
            "ack",
            "Vouch for it that a node that has departed, and all its clients, have stopped: what it held is free at once on all nodes. Only when that is certain.") { _node };
        runner.Attach(acknowledge, AcknowledgeAsync);
        var test = new Command("test", "Run the fence agents of a node, on the node that is asked, to see whether they could stop it: it is not stopped. Exit 1 if one fails.") { _victim, _action };
        runner.Attach(test, TestAsync);
        return new Command("fence", "Nodes that were lost: vouch for it that one has stopped, and try out what stops them.") { acknowledge, test };
    }

    private async Task<int> TestAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            FenceTestResult result = await connection.Administration
                .TestFencingAsync(invocation.Get(_victim)!, invocation.Get(_action)!, cancellationToken).ConfigureAwait(false);
            if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, result);
            else Print(invocation.Out, result);
            return result.Agents.All(FencingText.IsGood) ? ExitCodes.Ok : ExitCodes.Error;
        }
    }

    private static void Print(TextWriter writer, FenceTestResult result)
    {
        writer.WriteLine($"{Printable.Escape(result.By)} has run {result.Agents.Count.ToString(CultureInfo.InvariantCulture)} of {Printable.Escape(result.Node)}'s fence agents, in the order in which they would be tried:");
        foreach (FenceTestAnswer answer in result.Agents) writer.WriteLine(FencingText.Of(answer));
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
