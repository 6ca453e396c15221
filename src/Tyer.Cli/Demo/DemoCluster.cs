using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tyer.Cli.Connections;
using Tyer.Cli.Running;

namespace Tyer.Cli.Demo;

/// <summary>Three daemons on loopback in a directory of their own.</summary>
internal sealed class DemoCluster : IAsyncDisposable
{
    public const int Nodes = 3;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    private readonly List<DemoProcess> _daemons = [];

    private DemoCluster(string directory) => Directory = directory;

    public string Directory { get; }

    /// <summary>Starts the daemons; they form their view by themselves.</summary>
    public static DemoCluster Start(SelfCommand self)
    {
        var cluster = new DemoCluster(System.IO.Directory.CreateTempSubdirectory("tyer-demo-").FullName);
        int[] ports = FreePorts();
        for (int node = 1; node <= Nodes; node++)
        {
            List<string> arguments =
            [
                PrivateDaemon.Verb, "--name", $"n{node}", "--stack", "static", "--listen", Address(ports[node - 1]),
                "--socket", cluster.SocketOf(node), "--state", Path.Combine(cluster.Directory, "state"),
            ];
            for (int peer = 1; peer <= Nodes; peer++)
            {
                if (peer != node)
                    arguments.AddRange(["--peer", $"n{peer}={Address(ports[peer - 1])}"]);
            }

            cluster._daemons.Add(DemoProcess.Start(self, arguments, Path.Combine(cluster.Directory, $"n{node}")));
        }

        return cluster;
    }

    /// <summary>The node whose client a worker, counted from 1, is.</summary>
    public static int NodeOf(int worker) => ((worker - 1) % Nodes) + 1;

    public string SocketOf(int node) => Path.Combine(Directory, $"n{node}.sock");

    /// <summary>Connects to a node, as soon as it is there.</summary>
    /// <exception cref="CommandFailure">Its daemon has ended.</exception>
    public async Task<TyerClient> ConnectAsync(int node, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_daemons[node - 1].HasExited)
                throw new CommandFailure(ExitCodes.Error, $"the demo's node n{node} ended with {_daemons[node - 1].ExitCode}:\n{await LogOfAsync(node).ConfigureAwait(false)}");
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

    public async ValueTask DisposeAsync()
    {
        foreach (DemoProcess daemon in _daemons) await daemon.DisposeAsync().ConfigureAwait(false);
        System.IO.Directory.Delete(Directory, recursive: true);
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
