using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer view set</c> and <c>tyer view fence</c>: what a control daemon tells a node of the stack <c>external</c>.</summary>
internal sealed class ViewCommand
{
    private const int OrderBytesMax = 1024 * 1024;

    private readonly Argument<string> _file = new("file")
    {
        HelpName = "FILE",
        Description = "The view as JSON, such as { \"id\": 8, \"members\": [ { \"name\": \"n1\", \"id\": 1, \"incarnation\": 1763 } ], \"unproven\": [ \"3.1765\" ] }; - for standard input.",
        DefaultValueFactory = _ => "-",
    };

    private readonly Argument<string> _who = new("who")
    {
        HelpName = "NODE.INCARNATION",
        Description = "Who acts no more: the node's id or name, a dot, and the incarnation that its status said, such as n3.1765.",
    };

    private readonly Argument<ulong> _view = new("view") { HelpName = "VIEW", Description = "The id of the view that the node is in." };

    private readonly Option<TimeSpan?> _safeFor = new("--safe-for")
    {
        Description = "For how long the node may act, such as 10s, counted from when it was last known to be a member.",
        HelpName = "SPAN",
        CustomParser = Values.OptionalSpan,
        Required = true,
    };

    public Command Build(CommandRunner runner)
    {
        var set = new Command("set", "Install a view in this node. Every member is to be told every view that it is in, in order.") { _file };
        runner.Attach(set, SetAsync);
        var fence = new Command("fence", "Tell this node that an incarnation and all its clients act no more: what it held is free. Only when that is certain.") { _who };
        runner.Attach(fence, FenceAsync);
        var renew = new Command("renew", "Give this node more time on a view that was told with a limit (safeFor). Without it, it loses its locks when the time is over.") { _view, _safeFor };
        runner.Attach(renew, RenewAsync);
        return new Command("view", "Be the control daemon of a node with the stack external: tell it its views, and who has stopped.") { set, renew, fence };
    }

    private async Task<int> SetAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        ViewOrder order = Parse(await ReadAsync(invocation, invocation.Get(_file)!, cancellationToken).ConfigureAwait(false));
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
            return Report(invocation, await connection.Administration.SetViewAsync(order, cancellationToken).ConfigureAwait(false), "");
    }

    private async Task<int> RenewAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            MembershipResult result = await connection.Administration
                .RenewViewAsync(invocation.Get(_view), invocation.Get(_safeFor)!.Value, cancellationToken).ConfigureAwait(false);
            return Report(invocation, result, "");
        }
    }

    private async Task<int> FenceAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        string who = invocation.Get(_who)!;
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            MembershipResult result = await connection.Administration.FenceAsync(who, cancellationToken).ConfigureAwait(false);
            return Report(invocation, result, $"{Printable.Escape(result.Node)} takes it that {Printable.Escape(who)} acts no more; ");
        }
    }

    private static async Task<string> ReadAsync(Invocation invocation, string file, CancellationToken cancellationToken)
    {
        if (file == "-") return await invocation.Surroundings.In.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        if (new FileInfo(file) is { Exists: true, Length: > OrderBytesMax }) throw new CommandFailure(ExitCodes.Usage, $"{file} is too long for a view.");
        return await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false);
    }

    private static ViewOrder Parse(string text)
    {
        try
        {
            return JsonPrinter.Read<ViewOrder>(text);
        }
        catch (JsonException fault)
        {
            throw new CommandFailure(
                ExitCodes.Usage,
                $"this is no view: {fault.Message} One looks like {{ \"id\": 8, \"members\": [ {{ \"name\": \"n1\", \"id\": 1, \"incarnation\": 1763 }} ], \"unproven\": [ \"3.1765\" ] }}.");
        }
    }

    internal static int Report(Invocation invocation, MembershipResult result, string before)
    {
        if (invocation.Format == OutputFormat.Json)
        {
            JsonPrinter.Print(invocation.Out, result);
            return ExitCodes.Ok;
        }

        if (result.OutBecause is { } why)
        {
            invocation.Out.WriteLine($"{Printable.Escape(result.Node)} is out of its cluster: {Printable.Escape(why)}.");
            return ExitCodes.Ok;
        }

        string view = result.View is { } id ? string.Create(CultureInfo.InvariantCulture, $"is in view {id}") : "is in no view yet";
        string subject = before.Length == 0 ? $"{Printable.Escape(result.Node)} {view}" : $"{before}it {view}";
        string waits = result.View is null ? ""
            : result.Unproven.Count > 0 ? $", which waits for proof that {Printable.Escape(string.Join(", ", result.Unproven))} acts no more"
            : result.IsSettled ? ", which is settled"
            : ", which is not settled yet: its members still have to say so";
        string limit = result.SafeFor is { } left ? string.Create(CultureInfo.InvariantCulture, $"; it may act for another {left.TotalSeconds:0.0} s") : "";
        invocation.Out.WriteLine($"{subject}{waits}{limit}.");
        return ExitCodes.Ok;
    }
}
