using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Tyer.Sessions.Administration;

namespace Tyer.System.Tests.Support;

/// <summary>
/// Three daemons on loopback, in a directory of their own; by default with the stack <c>static</c>. A fixture: tests use names of their own in it.
/// </summary>
public sealed class ThreeNodes : IAsyncLifetime
{
    internal const int Nodes = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-system-").FullName;
    private readonly RunningProgram[] _daemons = new RunningProgram[Nodes];
    private int[] _ports = [];

    /// <summary>Descriptors that node 1 may have open; null: as many as the tests themselves.</summary>
    internal int? DescriptorsMax { get; init; }

    /// <summary><c>static</c>, or <c>external</c>: then the test is the control daemon, which has told view 1.</summary>
    internal string Stack { get; init; } = "static";

    /// <summary>What all of them are told besides.</summary>
    internal string[] More { get; init; } = [];

    /// <summary>Whether they have a key file, one for all.</summary>
    internal bool HasKeys { get; init; }

    internal string KeyFile => Path.Combine(_folder, "cluster.key");

    internal string Folder => _folder;

    internal RunningProgram Daemon(int node) => _daemons[node - 1];

    internal string SocketOf(int node) => Path.Combine(_folder, $"n{node}.sock");

    internal IPEndPoint PeerEndpointOf(int node) => new(IPAddress.Loopback, _ports[node - 1]);

    public async ValueTask InitializeAsync()
    {
        _ports = FreePorts();
        if (HasKeys)
            (await Programs.TyerAsync("keygen", KeyFile)).With(0);
        for (var node = 1; node <= Nodes; node++)
        {
            List<string> arguments =
            [
                "--name", $"n{node}", "--stack", Stack, "--listen", Address(node), "--socket", SocketOf(node), "--state", Path.Combine(_folder, "state"),
            ];
            for (var peer = 1; peer <= Nodes; peer++)
            {
                if (peer != node)
                    arguments.AddRange(["--peer", $"n{peer}={Address(peer)}"]);
            }

            arguments.AddRange(More);
            if (HasKeys)
                arguments.AddRange(["--key-file", KeyFile]);
            _daemons[node - 1] = Programs.StartTyerd(node == 1 ? DescriptorsMax : null, arguments);
        }

        if (Stack == "external")
            await BeginAsync();
        foreach (var daemon in _daemons)
            await daemon.LineWithAsync("Now serving");
    }

    /// <summary>Tells a node a view.</summary>
    internal async Task TellAsync(int node, ViewOrder view)
    {
        await using var client = await TyerClient.ConnectAsync($"unix:{SocketOf(node)}", TestContext.Current.CancellationToken);
        await client.Administration.SetViewAsync(view, TestContext.Current.CancellationToken);
    }

    /// <summary>A node's present life.</summary>
    internal async Task<ulong> IncarnationAsync(int node)
    {
        await using var client = await TyerClient.ConnectAsync($"unix:{SocketOf(node)}", TestContext.Current.CancellationToken);
        return (await client.Administration.StatusAsync(TestContext.Current.CancellationToken)).Node.Incarnation;
    }

    /// <summary>Nodes in their present lives, as members of a view.</summary>
    internal async Task<ViewMember[]> MembersAsync(params int[] nodes)
    {
        var members = new List<ViewMember>();
        foreach (var node in nodes)
            members.Add(new ViewMember($"n{node}", (uint)node, await IncarnationAsync(node)));
        return [.. members];
    }

    private async Task BeginAsync()
    {
        foreach (var daemon in _daemons)
        {
            await daemon.LineWithAsync("waiting for the first view");
            await daemon.LineWithAsync("Clients connect to");
        }

        var members = await MembersAsync(1, 2, 3);
        for (var node = 1; node <= Nodes; node++)
            await TellAsync(node, new ViewOrder(1, members));
    }

    /// <summary><c>tyer --socket …</c> on a node, to its end.</summary>
    internal Task<Ended> TyerAsync(int node, params IEnumerable<string> arguments) => Programs.TyerAsync(["--socket", SocketOf(node), .. arguments]);

    /// <summary>What <c>tyer … -o json</c> on a node prints.</summary>
    internal async Task<JsonElement> JsonAsync(int node, params IEnumerable<string> arguments)
    {
        var answer = (await TyerAsync(node, [.. arguments, "-o", "json"])).With(0);
        return JsonElement.Parse(answer.Output);
    }

    /// <summary><c>tyer --socket …</c> on a node.</summary>
    internal RunningProgram Start(int node, params IEnumerable<string> arguments) => Programs.StartTyer(null, ["--socket", SocketOf(node), .. arguments]);

    /// <summary><c>tyer hold</c> on a node; it has the lock.</summary>
    internal async Task<RunningProgram> HoldAsync(int node, string resource, params IEnumerable<string> more)
    {
        var holder = Start(node, ["hold", resource, .. more]);
        Assert.StartsWith("id:", await holder.FirstLineAsync(), StringComparison.Ordinal);
        return holder;
    }

    /// <summary>A command that waits on a node, in the queue.</summary>
    internal async Task<RunningProgram> WaitAsync(int node, params string[] arguments)
    {
        var waiter = Start(node, arguments);
        var resource = arguments[1];
        await Patience.UntilAsync(
            $"process {waiter.Id} waits for {resource}", async () => (await WaitingAsync(resource)).Any(each => each.Owner.ProcessId == waiter.Id));
        return waiter;
    }

    /// <summary>Who waits for a resource, in the order of the queue, as node 1 says.</summary>
    internal async Task<IReadOnlyList<LockEntry>> WaitingAsync(string resource)
    {
        await using var client = await TyerClient.ConnectAsync($"unix:{SocketOf(1)}", TestContext.Current.CancellationToken);
        await foreach (var found in client.Administration.QueryAsync("default", new ResourceQuery { Resource = resource }, TestContext.Current.CancellationToken))
            return found.Snapshot.Waiting;
        return [];
    }

    /// <summary>A bare connection to one of node 1's two doors, for clients or for peers; null: it is not let in.</summary>
    internal async Task<Socket?> TryConnectAsync(string door)
    {
        EndPoint endpoint = door == "peers" ? PeerEndpointOf(1) : new UnixDomainSocketEndPoint(SocketOf(1));
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            // A full queue of connections that nobody accepts is a closed door, too.
            patience.CancelAfter(TimeSpan.FromSeconds(1));
            await socket.ConnectAsync(endpoint, patience.Token);
            return socket;
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in _daemons.Where(daemon => daemon is not null))
            await daemon.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string Address(int node) => string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{_ports[node - 1]}");

    /// <summary>Ports that were free a moment ago.</summary>
    private static int[] FreePorts()
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, Nodes).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (var listener in listeners)
            listener.Start();
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        foreach (var listener in listeners)
            listener.Dispose();
        return ports;
    }
}
