using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tyer.Tests.Shared.Labs;

/// <summary>
/// A network of nodes on this machine, or several that are apart: each node is a network namespace with one address on each, joined to the others by a bridge
/// in a namespace of its own. No address exists outside of it. Disposing removes it all; processes in it are their starters' to end before.
/// </summary>
internal sealed partial class NetworkLab : IAsyncDisposable
{
    /// <summary>The number of a network that no lab has.</summary>
    internal const int NoNetwork = 99;

    private const string NamePrefix = "tyer-lab-";
    private const string NamespaceFolder = "/run/netns";
    private const int NetworkNamespace = 0x40000000;

    private static int s_last;

    private readonly string _name;

    private NetworkLab(int nodes, int networks)
    {
        Nodes = nodes;
        Networks = networks;
        _name = string.Create(CultureInfo.InvariantCulture, $"{NamePrefix}{Environment.ProcessId}-{Interlocked.Increment(ref s_last)}");
        Folder = Directory.CreateTempSubdirectory($"{_name}-").FullName;
    }

    /// <summary>How many; they are numbered from 1.</summary>
    internal int Nodes { get; }

    /// <summary>How many networks; they are numbered from 0.</summary>
    internal int Networks { get; }

    /// <summary>A directory for files of the lab.</summary>
    internal string Folder { get; }

    private string Switch => $"{_name}-switch";

    /// <summary>
    /// Ends the calling test as skipped where a lab cannot be made, for want of root or of a program. In continuous integration it fails
    /// instead: a suite that silently never runs proves nothing.
    /// </summary>
    /// <param name="needed">The programs, with the Debian package of each.</param>
    internal static void Require(params ReadOnlySpan<(string Program, string Package)> needed)
    {
        string? lack = Environment.IsPrivilegedProcess ? null : "it needs root, to make network namespaces";
        foreach ((string program, string package) in (ReadOnlySpan<(string, string)>)[("ip", "iproute2"), ("nsenter", "util-linux"), .. needed])
        {
            if (!IsInstalled(program)) lack ??= $"it needs '{program}' (Debian package {package})";
        }

        if (lack is null) return;
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail($"In continuous integration this test has to run, but {lack}.");
        Assert.Skip(lack);
    }

    /// <summary>Makes the network, all links up.</summary>
    internal static async Task<NetworkLab> UpAsync(int nodes, int networks = 1)
    {
        await RemoveLeftoversAsync();
        var lab = new NetworkLab(nodes, networks);
        try
        {
            await lab.MakeAsync();
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>The node's address, the same in every lab: labs do not see each other.</summary>
    internal static string AddressOf(int node, int network = 0) => string.Create(CultureInfo.InvariantCulture, $"10.77.{network}.{node}");

    /// <summary>The node's network namespace, as a path that can be entered.</summary>
    internal string NamespaceOf(int node) => Path.Combine(NamespaceFolder, NameOf(node));

    /// <summary>
    /// The words that a command line begins with to be run in a node. What they start becomes the command itself: its process id is the command's.
    /// </summary>
    internal string[] Enter(int node) => ["nsenter", $"--net={NamespaceOf(node)}", "--"];

    /// <summary>Runs a command in a node to its end.</summary>
    internal Task<(int Code, string Output, string Errors)> RunInAsync(int node, params IEnumerable<string> command) =>
        LabCommand.TryAsync(Enter(node)[0], [.. Enter(node)[1..], .. command]);

    /// <summary>
    /// Does something on a thread that is in a node. Threads that it starts are in there, too; what is done on the pool is not.
    /// </summary>
    internal void Inside(int node, Action action)
    {
        Exception? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                using SafeFileHandle space = File.OpenHandle(NamespaceOf(node));
                if (EnterNamespace(space, NetworkNamespace) != 0) throw new InvalidOperationException($"Node {node} cannot be entered: {Marshal.GetLastPInvokeErrorMessage()}");
                action();
            }
            catch (Exception caught)
            {
                fault = caught;
            }
        });
        thread.Start();
        thread.Join();
        if (fault is not null) throw new InvalidOperationException($"In node {node}: {fault.Message}", fault);
    }

    /// <summary>Nothing goes to or from the node on a network any more; it is not told.</summary>
    internal Task CutAsync(int node, int network = 0) => LabCommand.RunAsync("ip", "-n", Switch, "link", "set", PortOf(node, network), "down");

    /// <summary>The end of <see cref="CutAsync"/>.</summary>
    internal Task HealAsync(int node, int network = 0) => LabCommand.RunAsync("ip", "-n", Switch, "link", "set", PortOf(node, network), "up");

    /// <summary>Ends all connections of a node to another on a network, as a firewall that has forgotten them would: both ends see a reset.</summary>
    internal async Task ResetAsync(int node, int other, int network = 0) =>
        // It tells of sockets that it could not end, such as those that had just ended by themselves.
        await RunInAsync(node, "ss", "-K", "dst", AddressOf(other, network));

    public async ValueTask DisposeAsync()
    {
        foreach (string name in NamespacesWith(_name + "-")) await LabCommand.TryAsync("ip", "netns", "del", name);
        Directory.Delete(Folder, recursive: true);
    }

    private async Task MakeAsync()
    {
        await LabCommand.RunAsync("ip", "netns", "add", Switch);
        for (int network = 0; network < Networks; network++)
        {
            await LabCommand.RunAsync("ip", "-n", Switch, "link", "add", BridgeOf(network), "type", "bridge", "forward_delay", "0");
            await LabCommand.RunAsync("ip", "-n", Switch, "link", "set", BridgeOf(network), "up");
        }

        for (int node = 1; node <= Nodes; node++)
        {
            await LabCommand.RunAsync("ip", "netns", "add", NameOf(node));
            await LabCommand.RunAsync("ip", "-n", NameOf(node), "link", "set", "lo", "up");
            for (int network = 0; network < Networks; network++) await PlugAsync(node, network);
        }
    }

    private async Task PlugAsync(int node, int network)
    {
        (string name, string port, string card) = (NameOf(node), PortOf(node, network), string.Create(CultureInfo.InvariantCulture, $"eth{network}"));
        await LabCommand.RunAsync("ip", "-n", Switch, "link", "add", port, "type", "veth", "peer", "name", card, "netns", name);
        await LabCommand.RunAsync("ip", "-n", Switch, "link", "set", port, "master", BridgeOf(network), "up");
        await LabCommand.RunAsync("ip", "-n", name, "address", "add", AddressOf(node, network) + "/24", "dev", card);
        await LabCommand.RunAsync("ip", "-n", name, "link", "set", card, "up");
    }

    private string NameOf(int node) => string.Create(CultureInfo.InvariantCulture, $"{_name}-n{node}");

    private static string PortOf(int node, int network) => string.Create(CultureInfo.InvariantCulture, $"n{node}-{network}");

    private static string BridgeOf(int network) => string.Create(CultureInfo.InvariantCulture, $"bridge{network}");

    /// <summary>Namespaces of test runs that broke off: their process is gone, nobody else will remove them.</summary>
    private static async Task RemoveLeftoversAsync()
    {
        foreach (string name in NamespacesWith(NamePrefix))
        {
            string owner = name[NamePrefix.Length..].Split('-')[0];
            if (!Directory.Exists($"/proc/{owner}")) await RemoveAsync(name);
        }

        static async Task RemoveAsync(string name)
        {
            (_, string inside, _) = await LabCommand.TryAsync("ip", "netns", "pids", name);
            foreach (string process in inside.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                await LabCommand.TryAsync("kill", "-KILL", process);
            await LabCommand.TryAsync("ip", "netns", "del", name);
        }
    }

    private static string[] NamespacesWith(string prefix) => Directory.Exists(NamespaceFolder)
        ? [.. Directory.GetFileSystemEntries(NamespaceFolder, prefix + "*").Select(path => Path.GetFileName(path))]
        : [];

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int EnterNamespace(SafeFileHandle space, int kind);

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
