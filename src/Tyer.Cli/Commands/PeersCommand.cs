using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary>
/// <c>tyer peers</c>, <c>paths</c>, <c>connect</c>, <c>disconnect</c>: how the node that is asked is connected to the others, and changes of that
/// until it is started again.
/// </summary>
internal sealed class PeersCommand
{
    private static readonly Column[] PeerColumns =
    [
        new("ID", IsNumber: true), new("PEER"), new("CONNECTION"), new("INCARNATION", IsNumber: true), new("PATHS"), new("UNACKED", IsNumber: true),
        new("SENT", IsNumber: true), new("RESENT", IsNumber: true), new("LINKS", IsNumber: true), new("PROVEN BY"), new("LAST END"),
    ];

    private static readonly Column[] PathColumns =
    [
        new("PEER"), new("PATH", IsNumber: true), new("STATE"), new("CARRIES"), new("POLICY"), new("QUEUED", IsNumber: true), new("ROUND TRIP", IsNumber: true), new("ADDRESS"), new("DOWN BECAUSE"),
    ];

    private static readonly Column[] ProbeColumns =
    [
        new("PATH", IsNumber: true), new("STATE"), new("SENT", IsNumber: true), new("LOST", IsNumber: true), new("MIN", IsNumber: true), new("MEDIAN", IsNumber: true),
        new("MAX", IsNumber: true), new("DOWN BECAUSE"),
    ];

    private readonly Argument<string?> _ofPeer = new("peer")
    {
        HelpName = "PEER", Description = "Only this one, by name or id.", Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Argument<string> _peer = new("peer") { HelpName = "PEER", Description = "The other node, by name or id." };

    private readonly Argument<int?> _path = new("path")
    {
        HelpName = "PATH", Description = "Its number, 0 to 7: its place in the list of addresses.", CustomParser = Values.OptionalNumber(0, 7), Arity = ArgumentArity.ExactlyOne,
    };

    private readonly Argument<int?> _ofPath = new("path")
    {
        HelpName = "PATH", Description = "Only this one, 0 to 7.", CustomParser = Values.OptionalNumber(0, 7), Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<int?> _count = new("--count") { HelpName = "NUMBER", Description = "How many pings on each path: 1 to 100. Default: 10.", CustomParser = Values.OptionalNumber(1, 100) };

    private readonly Argument<string> _address = new("address") { HelpName = "ADDRESS", Description = "Where it leads, such as tcp://192.0.2.7:7600." };

    private readonly Argument<string> _addresses = new("addresses")
    {
        HelpName = "ADDRESS[,ADDRESS]", Description = "Where it listens, one address for each path.",
    };

    public IEnumerable<Command> Build(CommandRunner runner)
    {
        var show = new Command("show", "List the connections to the other nodes.") { _ofPeer };
        runner.Attach(show, ShowAsync);
        var add = new Command("new", "Take in a node that is not configured, until this node is started again (stack external).") { _peer, _addresses };
        runner.Attach(add, (invocation, cancellation) => OrderAsync(invocation, PeerAction.NewPeer, invocation.Get(_addresses), cancellation));
        var remove = new Command("del", "Forget a node that is disconnected and in no view.") { _peer };
        runner.Attach(remove, (invocation, cancellation) => OrderAsync(invocation, PeerAction.DelPeer, address: null, cancellation));
        yield return new Command("peers", "Show and change which nodes this node is connected to.") { show, add, remove };

        var paths = new Command("show", "List the ways to the other nodes: which are up, and which carries.") { _ofPeer };
        runner.Attach(paths, ShowPathsAsync);
        var addPath = new Command("new", "Use a further way to a node, until this node is started again.") { _peer, _path, _address };
        runner.Attach(addPath, (invocation, cancellation) => OrderAsync(invocation, PeerAction.NewPath, invocation.Get(_address), cancellation));
        var removePath = new Command("del", "Use a way no more; what it carries moves to another first.") { _peer, _path };
        runner.Attach(removePath, (invocation, cancellation) => OrderAsync(invocation, PeerAction.DelPath, address: null, cancellation));
        var probe = new Command("probe", "Measure now how long a ping takes there and back, also on those ways that stand by.") { _peer, _ofPath, _count };
        runner.Attach(probe, ProbeAsync);
        yield return new Command("paths", "Show, change and measure the ways to the other nodes.") { paths, addPath, removePath, probe };

        var connect = new Command("connect", "Connect this node to another again after 'disconnect'.") { _peer };
        runner.Attach(connect, (invocation, cancellation) => OrderAsync(invocation, PeerAction.Connect, address: null, cancellation));
        yield return connect;

        var disconnect = new Command(
            "disconnect", "Keep this node away from another until 'connect'. Nothing is lost; what needs the other waits, and the cluster may take it for failed.") { _peer };
        runner.Attach(disconnect, (invocation, cancellation) => OrderAsync(invocation, PeerAction.Disconnect, address: null, cancellation));
        yield return disconnect;
    }

    private async Task<int> ShowAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
            return Print(invocation, Select(await connection.Administration.PeersAsync(cancellationToken).ConfigureAwait(false), invocation.Get(_ofPeer)));
    }

    private async Task<int> ShowPathsAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            IReadOnlyList<PeerInfo> peers = Select(await connection.Administration.PeersAsync(cancellationToken).ConfigureAwait(false), invocation.Get(_ofPeer));
            return Print(invocation, peers, PathColumns, peers.SelectMany(peer => peer.Paths.Select(path => RowOf(peer, path))));
        }
    }

    private async Task<int> ProbeAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        var order = new ProbeOrder(invocation.Get(_peer)!, invocation.Get(_ofPath), invocation.Get(_count) ?? 10);
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            IReadOnlyList<ProbeInfo> probes = await connection.Administration.ProbeAsync(order, cancellationToken).ConfigureAwait(false);
            if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, new ProbesDocument(probes));
            else LockTables.Printer(invocation).Print(ProbeColumns, [.. probes.Select(RowOf)]);
            return ExitCodes.Ok;
        }
    }

    private async Task<int> OrderAsync(Invocation invocation, PeerAction action, string? address, CancellationToken cancellationToken)
    {
        string peer = invocation.Get(_peer)!;
        int? path = action is PeerAction.NewPath or PeerAction.DelPath ? invocation.Get(_path) : null;
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            IReadOnlyList<PeerInfo> peers = await connection.Administration
                .OrderPeerAsync(new PeerOrder(action, peer, path, address), cancellationToken).ConfigureAwait(false);
            return action == PeerAction.DelPeer ? Print(invocation, peers) : Print(invocation, Select(peers, peer));
        }
    }

    private static IReadOnlyList<PeerInfo> Select(IReadOnlyList<PeerInfo> peers, string? nameOrId)
    {
        if (nameOrId is null) return peers;
        PeerInfo[] found = [.. peers.Where(peer => peer.Name == nameOrId || peer.Id.ToString(CultureInfo.InvariantCulture) == nameOrId)];
        return found.Length > 0 ? found : throw new CommandFailure(
            ExitCodes.NotFound,
            peers.Count == 0 ? "this node has no peers." : $"this node knows no '{nameOrId}'; it knows {string.Join(", ", peers.Select(peer => peer.Name))}.");
    }

    private static int Print(Invocation invocation, IReadOnlyList<PeerInfo> peers) => Print(invocation, peers, PeerColumns, peers.Select(RowOf));

    private static int Print(Invocation invocation, IReadOnlyList<PeerInfo> peers, Column[] columns, IEnumerable<string?[]> rows)
    {
        if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, new PeersDocument(peers));
        else LockTables.Printer(invocation).Print(columns, [.. rows]);
        return ExitCodes.Ok;
    }

    private static string?[] RowOf(PeerInfo peer) =>
    [
        peer.Id.ToString(CultureInfo.InvariantCulture),
        Printable.Escape(peer.Name),
        peer.Connection,
        peer.Incarnation?.ToString(CultureInfo.InvariantCulture),
        string.Create(CultureInfo.InvariantCulture, $"{peer.Paths.Count(path => path.State == "Up")} of {peer.Paths.Count} up"),
        LockTables.Count(peer.UnacknowledgedMessages),
        Number(peer.SentBytes),
        Number(peer.ResentBytes),
        Number(peer.Connections),
        peer.Paths.Select(path => path.ProvenBy).OfType<string>().Distinct().ToArray() is { Length: > 0 } proofs ? Printable.Escape(string.Join(", ", proofs)) : null,
        peer.LastEnd is { } end ? Printable.Escape(end) : null,
    ];

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string?[] RowOf(PeerInfo peer, PathInfo path) =>
    [
        Printable.Escape(peer.Name),
        path.Path.ToString(CultureInfo.InvariantCulture),
        path.State,
        path.IsCarrying ? "yes" : "no",
        peer.PathPolicy,
        path.QueuedBytes is { } queued ? Number(queued) : null,
        Milliseconds(path.RoundTrip),
        path.Address is { } address ? Printable.Escape(address) : null,
        path.WhyDown is { } why ? Printable.Escape(why) : null,
    ];

    private static string?[] RowOf(ProbeInfo probe) =>
    [
        Number(probe.Path), probe.State, Number(probe.Sent), Number(probe.Lost), Milliseconds(probe.RoundTripMin), Milliseconds(probe.RoundTripMedian),
        Milliseconds(probe.RoundTripMax), probe.WhyDown is { } why ? Printable.Escape(why) : null,
    ];

    private static string? Milliseconds(TimeSpan? span) =>
        span is { } some ? string.Create(CultureInfo.InvariantCulture, $"{some.TotalMilliseconds:0.000} ms") : null;
}
