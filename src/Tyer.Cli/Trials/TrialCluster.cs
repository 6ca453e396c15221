using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tyer.Cli.Connections;
using Tyer.Cli.Running;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Trials;

/// <summary>
/// Three daemons on loopback in a directory of their own, with the stack <c>external</c>: whoever tries them is their control daemon. It kills a node as
/// a machine dies, with all that runs on it, so that it knows what a control daemon elsewhere has to make sure of: nothing of it acts any more.
/// </summary>
internal sealed class TrialCluster : IAsyncDisposable
{
    public const int Nodes = 3;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    private readonly SelfCommand _self;
    private readonly int[] _ports = FreePorts();
    private readonly TrialProcess[] _daemons = new TrialProcess[Nodes];
    private readonly SortedDictionary<int, TyerClient> _clients = [];
    private readonly SortedDictionary<int, ViewMember> _members = [];
    private ulong _view;

    private TrialCluster(SelfCommand self, string directory)
    {
        _self = self;
        Directory = directory;
    }

    public string Directory { get; }

    /// <summary>Starts the daemons.</summary>
    public static TrialCluster Start(SelfCommand self)
    {
        var cluster = new TrialCluster(self, System.IO.Directory.CreateTempSubdirectory("tyer-trial-").FullName);
        for (int node = 1; node <= Nodes; node++) cluster.StartDaemon(node);
        return cluster;
    }

    /// <summary>The node whose client a worker, counted from 1, is.</summary>
    public static int NodeOf(int worker) => ((worker - 1) % Nodes) + 1;

    public string SocketOf(int node) => Path.Combine(Directory, $"n{node}.sock");

    public int ProcessOf(int node) => _daemons[node - 1].Id;

    public ITyerAdministration AdministrationOf(int node) => _clients[node].Administration;

    /// <summary>Waits for the daemons and gives them their first view.</summary>
    public async Task FormAsync(CancellationToken cancellationToken)
    {
        for (int node = 1; node <= Nodes; node++) await JoinAsync(node, cancellationToken).ConfigureAwait(false);
        await TellViewAsync([], cancellationToken).ConfigureAwait(false);
        foreach (TyerClient client in _clients.Values)
            await (await client.OpenLockspaceAsync("default", cancellationToken: cancellationToken).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Kills a node and what runs beside it; returns who it was.</summary>
    public async Task<string> KillAsync(int node, IEnumerable<TrialProcess> beside)
    {
        TrialProcess[] dead = [_daemons[node - 1], .. beside];
        foreach (TrialProcess process in dead) process.Kill();
        foreach (TrialProcess process in dead) await process.ExitedAsync().ConfigureAwait(false);
        await _clients[node].DisposeAsync().ConfigureAwait(false);
        _clients.Remove(node);
        _members.Remove(node, out ViewMember? member);
        return string.Create(CultureInfo.InvariantCulture, $"{node}.{member!.Incarnation}");
    }

    /// <summary>Tells the others the view without a node that was killed, and the proof that it acts no more; returns the view's id.</summary>
    public async Task<ulong> TellDeathAsync(string departed, CancellationToken cancellationToken)
    {
        await TellViewAsync([departed], cancellationToken).ConfigureAwait(false);
        foreach (TyerClient client in _clients.Values) await client.Administration.FenceAsync(departed, cancellationToken).ConfigureAwait(false);
        return _view;
    }

    /// <summary>Starts a node that was killed again, and tells all the view with it; returns the view's id.</summary>
    public async Task<ulong> RestartAsync(int node, string departed, CancellationToken cancellationToken)
    {
        await _daemons[node - 1].DisposeAsync().ConfigureAwait(false);
        StartDaemon(node);
        await JoinAsync(node, cancellationToken).ConfigureAwait(false);

        // Else it would wait for the sessions of its earlier life to run out.
        await _clients[node].Administration.FenceAsync(departed, cancellationToken).ConfigureAwait(false);
        await TellViewAsync([], cancellationToken).ConfigureAwait(false);
        return _view;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TyerClient client in _clients.Values) await client.DisposeAsync().ConfigureAwait(false);
        foreach (TrialProcess daemon in _daemons) await daemon.DisposeAsync().ConfigureAwait(false);
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private void StartDaemon(int node)
    {
        List<string> arguments =
        [
            PrivateDaemon.Verb, "--name", $"n{node}", "--stack", "external", "--listen", Address(_ports[node - 1]),
            "--socket", SocketOf(node), "--state", Path.Combine(Directory, "state"),
        ];
        for (int peer = 1; peer <= Nodes; peer++)
        {
            if (peer != node)
                arguments.AddRange(["--peer", $"n{peer}={Address(_ports[peer - 1])}"]);
        }

        _daemons[node - 1] = TrialProcess.Start(_self, arguments, Path.Combine(Directory, $"n{node}"));
    }

    /// <summary>Connects to a node as soon as it is there, and asks it who it is.</summary>
    private async Task JoinAsync(int node, CancellationToken cancellationToken)
    {
        TyerClient client = await ConnectAsync(node, cancellationToken).ConfigureAwait(false);
        _clients[node] = client;
        ClusterStatus status = await client.Administration.StatusAsync(cancellationToken).ConfigureAwait(false);
        _members[node] = new ViewMember(status.Node.Name, status.Node.Id, status.Node.Incarnation, [Address(_ports[node - 1])]);
    }

    private async Task TellViewAsync(IReadOnlyList<string> unproven, CancellationToken cancellationToken)
    {
        var view = new ViewOrder(++_view, [.. _members.Values], unproven);
        await Task.WhenAll(_clients.Values.Select(client => client.Administration.SetViewAsync(view, cancellationToken).AsTask())).ConfigureAwait(false);
    }

    private async Task<TyerClient> ConnectAsync(int node, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_daemons[node - 1].HasExited)
                throw new CommandFailure(ExitCodes.Error, $"node n{node} ended with {_daemons[node - 1].ExitCode}:\n{await LogOfAsync(node).ConfigureAwait(false)}");
            try
            {
                return await TyerClient.ConnectAsync($"unix:{SocketOf(node)}", cancellationToken).ConfigureAwait(false);
            }
            catch (LockUnavailableException)
            {
                await Task.Delay(LookInterval, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<string> LogOfAsync(int node)
    {
        await _daemons[node - 1].DisposeAsync().ConfigureAwait(false);
        return await File.ReadAllTextAsync(Path.Combine(Directory, $"n{node}.err")).ConfigureAwait(false);
    }

    private static string Address(int port) => string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{port}");

    /// <summary>Ports that were free a moment ago.</summary>
    private static int[] FreePorts()
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, Nodes).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners) listener.Start();
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners) listener.Dispose();
        return ports;
    }
}
