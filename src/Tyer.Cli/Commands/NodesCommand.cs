using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer nodes</c>: a row per node.</summary>
internal static class NodesCommand
{
    private static readonly Column[] Columns =
    [
        new("ID", IsNumber: true), new("NAME"), new("MEMBER"), new("REACHABLE"), new("SINCE", IsNumber: true), new("SERVING"),
        new("SESSIONS", IsNumber: true), new("LOCKS", IsNumber: true), new("UP", IsNumber: true), new("VERSION"), new("PROTOCOL"), new("ADDRESSES"), new("TROUBLE"),
    ];

    public static Command Build(CommandRunner runner)
    {
        var command = new Command("nodes", "List the nodes: who is in, who is reachable, what each says of itself.");
        runner.Attach(command, RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            IReadOnlyList<NodeInfo> nodes = await connection.Administration.NodesAsync(cancellationToken).ConfigureAwait(false);
            if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, new NodesDocument(nodes));
            else LockTables.Printer(invocation).Print(Columns, [.. nodes.Select(RowOf)]);
            return ExitCodes.Ok;
        }
    }

    private static string?[] RowOf(NodeInfo node) =>
    [
        node.Id.ToString(CultureInfo.InvariantCulture),
        Printable.Escape(node.Name),
        node.Membership.ToString().ToLowerInvariant(),
        node.IsReachable switch { true => "yes", false => "no", null => null },
        LockTables.Age(node.Since),
        node.Status is { } status ? status.Serving.ToString() : null,
        node.Status is { } sessions ? LockTables.Count(sessions.Sessions) : null,
        node.Status is { } locks ? LockTables.Count(locks.Lockspaces.Sum(space => space.Locks)) : null,
        LockTables.Age(node.Status?.Uptime),
        node.Status is { } version ? Printable.Escape(version.Version) : null,
        node.Protocol?.ToString(),
        node.Addresses.Count == 0 ? null : Printable.Escape(string.Join(' ', node.Addresses)),
        node.Trouble is { } trouble ? Printable.Escape(trouble) : null,
    ];
}
