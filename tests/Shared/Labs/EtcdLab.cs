using System.Globalization;

namespace Tyer.Tests.Shared.Labs;

/// <summary>A member of one etcd for each node of a <see cref="NetworkLab"/>.</summary>
internal sealed class EtcdLab : IEngineLab
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    private readonly LabProcess?[] _members;

    // In memory: what is tried here is not how long the disk of a busy machine takes.
    private readonly string _data;

    private EtcdLab(NetworkLab network)
    {
        Network = network;
        _members = new LabProcess?[network.Nodes];
        _data = Path.Combine("/dev/shm", Path.GetFileName(network.Folder));
        Directory.CreateDirectory(_data);
    }

    public NetworkLab Network { get; }

    /// <summary>Skips, or in continuous integration fails, the calling test where this lab cannot be made.</summary>
    internal static void Require() => NetworkLab.Require(("etcd", "etcd-server"));

    /// <summary>Starts them all, and returns when they have a leader.</summary>
    internal static async Task<EtcdLab> UpAsync(int nodes = 3)
    {
        var lab = new EtcdLab(await NetworkLab.UpAsync(nodes));
        try
        {
            for (int node = 1; node <= nodes; node++) lab.Start(node);
            await lab.UntilHealthyAsync();
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where the member of a node serves its clients; seen from the nodes only.</summary>
    internal static string EndpointOf(int node) => string.Create(CultureInfo.InvariantCulture, $"http://{NetworkLab.AddressOf(node)}:2379");

    public void Start(int node)
    {
        if (_members[node - 1] is { HasExited: false }) throw new InvalidOperationException($"The etcd of node {node} is running.");
        string[] command =
        [
            .. Network.Enter(node), "etcd", $"--name=n{node}", $"--data-dir={_data}/n{node}",
            $"--listen-client-urls={EndpointOf(node)}", $"--advertise-client-urls={EndpointOf(node)}",
            $"--listen-peer-urls={PeerOf(node)}", $"--initial-advertise-peer-urls={PeerOf(node)}",
            $"--initial-cluster={string.Join(",", Enumerable.Range(1, Network.Nodes).Select(each => $"n{each}={PeerOf(each)}"))}",
            "--heartbeat-interval=50", "--election-timeout=500",
        ];
        _members[node - 1] = LabProcess.Start(command, Path.Combine(Network.Folder, $"etcd-n{node}.out"));
    }

    public Task KillAsync(int node) => MemberOf(node).KillAsync();

    public void Freeze(int node) => MemberOf(node).Freeze();

    public void Thaw(int node) => MemberOf(node).Thaw();

    public async ValueTask DisposeAsync()
    {
        foreach (LabProcess? member in _members)
        {
            if (member is not null) await member.DisposeAsync();
        }

        await Network.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    private async Task UntilHealthyAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            // It says so when it has a leader; nobody outside of its network can ask it.
            if (File.Exists(MemberOf(1).Log) && File.ReadAllText(MemberOf(1).Log).Contains("ready to serve client requests", StringComparison.Ordinal)) return;
            if (patience.IsCancellationRequested || MemberOf(1).HasExited)
                throw new TimeoutException($"etcd has no leader. Its first member says: {string.Join('\n', File.ReadLines(MemberOf(1).Log).TakeLast(20))}");
            await Task.Delay(LookInterval);
        }
    }

    private LabProcess MemberOf(int node) => _members[node - 1] ?? throw new InvalidOperationException($"The etcd of node {node} was not started.");

    private static string PeerOf(int node) => string.Create(CultureInfo.InvariantCulture, $"http://{NetworkLab.AddressOf(node)}:2380");
}
