using System.Globalization;
using System.Text.Json.Nodes;
using Tyer.Sessions.Administration;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests.Faults;

/// <summary>
/// Three machines in a box: in each network namespace an engine's daemon, and a <c>tyerd</c> with the stack of that name. Their sockets are in a folder, so that
/// the test is a client of each.
/// </summary>
internal sealed class FaultNodes : IAsyncDisposable
{
    internal const int Nodes = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-faults-").FullName;
    private readonly RunningProgram?[] _daemons = new RunningProgram?[Nodes];

    private readonly Func<int, string[]> _stack;
    private readonly TimeSpan _lease;

    private FaultNodes(IEngineLab lab, Func<int, string[]> stack, TimeSpan lease) => (Lab, _stack, _lease) = (lab, stack, lease);

    internal IEngineLab Lab { get; }

    /// <summary>The longest from a node's death until its locks are free, as status says; zero where time proves nothing.</summary>
    internal TimeSpan Bound { get; private set; }

    internal RunningProgram Daemon(int node) => _daemons[node - 1]!;

    internal string SocketOf(int node) => Path.Combine(_folder, $"n{node}.sock");

    internal string EndpointOf(int node) => $"unix:{SocketOf(node)}";

    /// <summary>Starts the lock managers, and returns when all serve in one view.</summary>
    /// <param name="lab">The engine's daemons, which are running; disposed with the nodes.</param>
    /// <param name="stack">What a node is told about its stack.</param>
    /// <param name="lease">How long its lease lasts.</param>
    internal static async Task<FaultNodes> UpAsync(IEngineLab lab, Func<int, string[]> stack, TimeSpan lease)
    {
        var nodes = new FaultNodes(lab, stack, lease);
        try
        {
            (await Programs.TyerAsync("keygen", nodes.KeyFile)).With(0);
            for (var node = 1; node <= Nodes; node++)
                nodes.Start(node);
            for (var node = 1; node <= Nodes; node++)
                await nodes.Daemon(node).LineWithAsync("Now serving");
            await nodes.UntilMembersAsync(1, 1, 2, 3);
            nodes.Bound = (await nodes.StatusAsync(1)).Timing.NodeDeathBound.GetValueOrDefault();
            return nodes;
        }
        catch
        {
            await nodes.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the lock manager of a node; the engine's daemon there runs.</summary>
    /// <param name="node">Which.</param>
    /// <param name="protocol">The versions of the lock protocol that its build speaks, <c>1-2</c>; null: those of this build.</param>
    internal void Start(int node, string? protocol = null)
    {
        List<string> arguments =
        [
            "--name", $"n{node}", .. _stack(node), "--lease", $"{_lease.TotalSeconds}s", "--listen", Address(node), "--socket", Path.Combine(_folder, $"n{node}.sock"),
            "--state", Path.Combine(_folder, "state"), "--key-file", KeyFile,
        ];
        foreach (var peer in Enumerable.Range(1, Nodes).Where(peer => peer != node))
            arguments.AddRange(["--peer", $"n{peer}={Address(peer)}"]);
        var enter = Lab.Network.Enter(node);
        _daemons[node - 1] = RunningProgram.Start(enter[0], [.. enter[1..], "dotnet", .. Build(protocol), .. arguments]);
    }

    internal async Task<ClusterStatus> StatusAsync(int node)
    {
        await using var client = await TyerClient.ConnectAsync(EndpointOf(node), TestContext.Current.CancellationToken);
        return await client.Administration.StatusAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Until a node says that it serves, and that exactly these are members.</summary>
    internal Task UntilMembersAsync(int node, params uint[] members) => Patience.UntilAsync($"n{node} is in a view of {string.Join(", ", members)}", async () =>
    {
        try
        {
            var status = await StatusAsync(node);
            return status.Node.Serving == ServingState.Serving
                && status.Nodes.Where(each => each.Membership == NodeMembership.Member).Select(each => each.Id).Order().SequenceEqual(members);
        }
        catch (Exception exception) when (exception is TyerException or IOException)
        {
            return false;
        }
    });

    /// <summary>Nothing of a machine is left: no notice, no farewell.</summary>
    internal async Task KillAsync(int node)
    {
        Daemon(node).Kill();
        await Lab.KillAsync(node);
    }

    /// <summary>The machine is there again.</summary>
    internal Task ReviveAsync(int node)
    {
        Lab.Start(node);
        return StartAgainAsync(node);
    }

    /// <summary>The lock manager of a machine, which has ended, is started anew.</summary>
    internal async Task StartAgainAsync(int node, string? protocol = null)
    {
        if (_daemons[node - 1] is { } dead)
            await dead.DisposeAsync();
        Start(node, protocol);
    }

    /// <summary>Stops the lock manager of a machine in order, if it runs, and starts one of another build.</summary>
    internal async Task InstallAsync(int node, string protocol)
    {
        if (!Daemon(node).HasExited)
        {
            Daemon(node).Signal(Signals.Terminate);
            (await Daemon(node).EndAsync()).With(0);
        }

        await StartAgainAsync(node, protocol);
    }

    /// <summary>The whole machine stands still, as a virtual one that is suspended.</summary>
    internal void Freeze(int node)
    {
        Lab.Freeze(node);
        Daemon(node).Signal(SignalStop);
    }

    internal void Thaw(int node)
    {
        Daemon(node).Signal(SignalContinue);
        Lab.Thaw(node);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in _daemons.OfType<RunningProgram>())
            await daemon.DisposeAsync();
        await Lab.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Another build is this one with another property in the configuration of its runtime.</summary>
    private string[] Build(string? protocol)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "tyerd.dll");
        if (protocol is null)
            return [program];
        var configuration = JsonNode.Parse(File.ReadAllText(Path.ChangeExtension(program, "runtimeconfig.json")))!;
        configuration["runtimeOptions"]!["configProperties"]!["Tyer.TestProtocol"] = protocol;
        var file = Path.Combine(_folder, $"speaks-{protocol}.runtimeconfig.json");
        File.WriteAllText(file, configuration.ToJsonString());
        return ["exec", "--runtimeconfig", file, program];
    }

    private const int SignalContinue = 18;
    private const int SignalStop = 19;

    private string KeyFile => Path.Combine(_folder, "cluster.key");

    private static string Address(int node) => string.Create(CultureInfo.InvariantCulture, $"tcp://{NetworkLab.AddressOf(node)}:7600");
}
