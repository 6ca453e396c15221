using System.Globalization;
using System.Text;

namespace Tyer.Tests.Shared.Labs;

/// <summary>A corosync daemon for each node of a <see cref="NetworkLab"/>, and the faults that can befall them.</summary>
internal sealed class CorosyncLab : IEngineLab
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    private readonly LabProcess?[] _daemons;
    private readonly CorosyncTiming _timing;

    private readonly string? _etc;

    private CorosyncLab(NetworkLab network, string cluster, CorosyncTiming timing, string? etc)
    {
        _etc = etc;
        Network = network;
        Cluster = cluster;
        _timing = timing;
        _daemons = new LabProcess?[network.Nodes];
    }

    public NetworkLab Network { get; }

    /// <summary>What the daemons' configuration calls their cluster.</summary>
    internal string Cluster { get; }

    /// <summary>Skips, or in continuous integration fails, the calling test where this lab cannot be made.</summary>
    internal static void Require() => NetworkLab.Require(("corosync", "corosync"), ("corosync-quorumtool", "corosync"));

    /// <summary>Starts them all, and returns when all are in one quorate ring.</summary>
    /// <param name="nodes">How many.</param>
    /// <param name="cluster">What they call their cluster.</param>
    /// <param name="timing">How fast they are.</param>
    /// <param name="etc">What is to be /etc/corosync for all of them, configuration and key; null: the lab writes a configuration.</param>
    internal static async Task<CorosyncLab> UpAsync(int nodes = 3, string cluster = "lab", CorosyncTiming? timing = null, string? etc = null)
    {
        var lab = new CorosyncLab(await NetworkLab.UpAsync(nodes), cluster, timing ?? CorosyncTiming.Fast, etc);
        try
        {
            for (int node = 1; node <= nodes; node++) lab.Prepare(node);
            for (int node = 1; node <= nodes; node++) lab.Start(node);
            for (int node = 1; node <= nodes; node++) await lab.RingOfAsync(node, nodes);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>The file in which the daemon of a node logs.</summary>
    internal string LogOf(int node) => Path.Combine(FolderOf(node), "corosync.log");

    /// <summary>Starts the daemon of a node; with the state that it left.</summary>
    public void Start(int node)
    {
        if (_daemons[node - 1] is { HasExited: false }) throw new InvalidOperationException($"The daemon of node {node} is running.");
        string folder = FolderOf(node);

        // The path of its pid file is fixed, and that of its state has a fixed default, so each has these directories for itself. Everything else is
        // shared: its clients need to see the same /dev/shm.
        string own = $"mount --bind '{folder}/run' /run && mount --bind '{folder}/state' /var/lib/corosync";
        string script = _etc is null ? $"{own} && exec corosync -f -c '{folder}/corosync.conf'" : $"{own} && mount --bind '{_etc}' /etc/corosync && exec corosync -f";
        _daemons[node - 1] = LabProcess.Start(
            [.. Network.Enter(node), "unshare", "--mount", "--propagation", "private", "sh", "-c", script], Path.Combine(folder, "daemon.out"));
    }

    /// <summary>Waits until the daemon of a node is in a quorate ring of so many.</summary>
    internal async Task RingOfAsync(int node, int members)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            (_, string said, string errors) = await Network.RunInAsync(node, "corosync-quorumtool", "-s");
            if (FieldOf(said, "Nodes:") == members.ToString(CultureInfo.InvariantCulture) && FieldOf(said, "Quorate:") == "Yes") return;
            if (patience.IsCancellationRequested || _daemons[node - 1]!.HasExited)
            {
                throw new TimeoutException(
                    $"The daemon of node {node} is not in a quorate ring of {members}. It says: {said}{errors}\n{Tail(LogOf(node))}\n{Tail(_daemons[node - 1]!.Log)}");
            }

            await Task.Delay(LookInterval);
        }
    }

    public Task KillAsync(int node) => DaemonOf(node).KillAsync();

    /// <summary>Ends the daemon of a node in order: it tells the others.</summary>
    internal Task StopAsync(int node) => DaemonOf(node).TerminateAsync();

    /// <summary>The daemon stands still; its clients are not told.</summary>
    public void Freeze(int node) => DaemonOf(node).Freeze();

    public void Thaw(int node) => DaemonOf(node).Thaw();

    /// <summary>What the daemon of a node keeps over its restarts is lost; while it is not running.</summary>
    internal void ForgetState(int node)
    {
        foreach (string file in Directory.GetFiles(Path.Combine(FolderOf(node), "state"))) File.Delete(file);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (LabProcess? daemon in _daemons)
        {
            if (daemon is not null) await daemon.DisposeAsync();
        }

        await Network.DisposeAsync();
    }

    private LabProcess DaemonOf(int node) => _daemons[node - 1] ?? throw new InvalidOperationException($"The daemon of node {node} was not started.");

    private string FolderOf(int node) => Path.Combine(Network.Folder, string.Create(CultureInfo.InvariantCulture, $"n{node}"));

    private void Prepare(int node)
    {
        string folder = FolderOf(node);
        foreach (string name in (string[])["run", "state"]) Directory.CreateDirectory(Path.Combine(folder, name));
        File.WriteAllText(Path.Combine(folder, "corosync.conf"), Configuration(node));
    }

    private string Configuration(int node)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $$"""
            totem {
                version: 2
                cluster_name: {{Cluster}}
                transport: knet
                crypto_cipher: none
                crypto_hash: none
                token: {{_timing.TokenMilliseconds}}
                token_coefficient: 0
                interface {
                    linknumber: 0
                    knet_ping_interval: 200
                    knet_ping_timeout: 2000
                }
            }
            quorum {
                provider: corosync_votequorum
            }
            logging {
                to_syslog: no
                to_stderr: no
                to_logfile: yes
                logfile: {{LogOf(node)}}
                timestamp: hires
            }
            nodelist {

            """);
        for (int other = 1; other <= Network.Nodes; other++)
        {
            text.Append(CultureInfo.InvariantCulture, $$"""
                node {
                    nodeid: {{other}}
                    name: n{{other}}
                    ring0_addr: {{NetworkLab.AddressOf(other)}}
                }

            """);
        }

        return text.Append("}\n").ToString();
    }

    private static string? FieldOf(string text, string name) =>
        text.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal)).Select(line => line[name.Length..].Trim()).FirstOrDefault();

    private static string Tail(string file) => File.Exists(file) ? string.Join('\n', File.ReadLines(file).TakeLast(20)) : "";
}

/// <summary>How fast the daemons notice that one of them is gone: after the token's time and 1.2 times that again.</summary>
/// <param name="TokenMilliseconds">
/// Below 1,000 the links' own timers, which by default follow it, would take a live link for dead; the configuration gives these in any case.
/// </param>
internal sealed record CorosyncTiming(int TokenMilliseconds)
{
    /// <summary>About 1.1 s.</summary>
    internal static CorosyncTiming Fast { get; } = new(500);
}
