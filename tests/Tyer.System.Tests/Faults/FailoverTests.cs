using System.Globalization;
using Tyer.Sessions.Administration;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests.Faults;

/// <summary>
/// Two nodes with two networks between them, under lock load: what clients notice when a network fails. Nothing may be lost or done twice; how long nothing went on
/// is printed, beside how long it is when nothing fails, and asserted nowhere, as machines are noisy. For figures, <c>TYER_FAILOVER_ROUNDS</c> says how many rounds, and <c>TYER_FAILOVER_REST</c> how many seconds
/// of rest before each: a way that has failed is judged with patience for 15 s.
/// </summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private const int Port = 7600;
    private const long TurnsBetween = 2000;

    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("TYER_FAILOVER_ROUNDS") ?? "2", CultureInfo.InvariantCulture);

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("TYER_FAILOVER_REST") ?? "0", CultureInfo.InvariantCulture));

    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-failover-").FullName;
    private readonly RunningProgram?[] _daemons = new RunningProgram?[2];
    private readonly List<TimeSpan> _calmGaps = [];
    private readonly ITestOutputHelper _output = TestContext.Current.TestOutputHelper!;
    private NetworkLab? _lab;
    private TyerClient? _master;
    private PathLoad? _load;

    public async ValueTask InitializeAsync()
    {
        NetworkLab.Require(("ss", "iproute2"));
        _lab = await NetworkLab.UpAsync(nodes: 2, networks: 2);
        (await Programs.TyerAsync("keygen", Path.Combine(_folder, "key"))).With(0);
        for (var node = 1; node <= 2; node++)
            Start(node);
        foreach (var daemon in _daemons)
            await daemon!.LineWithAsync("Now serving");

        // Who uses a name first masters it: node 2, and it goes on using it.
        _master = await TyerClient.ConnectAsync(EndpointOf(2), TestContext.Current.CancellationToken);
        var space = await _master.OpenLockspaceAsync("default", cancellationToken: TestContext.Current.CancellationToken);
        foreach (var name in PathLoad.Names)
            await space.LockAsync(name, LockMode.Null, TestContext.Current.CancellationToken);
        await UpAsync(0);
        await UpAsync(1);
        _load = await PathLoad.StartAsync(EndpointOf(1));
        await _load.MoreAsync(TurnsBetween);
    }

    [Fact]
    public async Task A_way_that_is_reset_costs_no_operation()
    {
        var gaps = await RoundsAsync(carrier => _lab!.ResetAsync(1, 2, carrier), _ => Task.CompletedTask);
        Tell("A way reset", gaps);
        Tell("The same with nothing to reset", _calmGaps);
    }

    [Fact]
    public async Task A_way_that_falls_silent_costs_no_operation()
    {
        var gaps = await RoundsAsync(carrier => _lab!.CutAsync(2, carrier), carrier => _lab!.HealAsync(2, carrier));
        Tell("A way silent", gaps);
    }

    [Fact]
    public async Task Both_ways_gone_for_five_seconds_cost_no_operation()
    {
        var before = (await PeerAsync()).Connections;
        await Task.WhenAll(_lab!.CutAsync(2, 0), _lab.CutAsync(2, 1));
        await Task.Delay(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        await Task.WhenAll(_lab.HealAsync(2, 0), _lab.HealAsync(2, 1));
        await _load!.MoreAsync(TurnsBetween);

        var peer = await PeerAsync();
        Assert.True(peer.Connections > before, "Nothing was interrupted, so nothing was proved.");
        Assert.Equal(0, peer.Resets);
        await _load.EndAsync();
        Tell("Both ways gone for 5 s", [_load.TakeLongestGap()]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_load is not null)
            await _load.DisposeAsync();
        if (_master is not null)
            await _master.DisposeAsync();
        foreach (var daemon in _daemons)
        {
            if (daemon is not null)
                await daemon.DisposeAsync();
        }

        if (_lab is not null)
            await _lab.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Breaks the way that carries, again and again; each time when both have been up and patience is back where it was.</summary>
    private async Task<List<TimeSpan>> RoundsAsync(Func<int, Task> breakAsync, Func<int, Task> mendAsync)
    {
        List<TimeSpan> gaps = [];
        for (var round = 0; round < Rounds; round++)
        {
            await UpAsync(0);
            await UpAsync(1);
            await Task.Delay(Rest, TestContext.Current.CancellationToken);
            _calmGaps.Add(await GapAsync(() => _lab!.ResetAsync(1, 2, NetworkLab.NoNetwork), _ => true));
            var before = await PeerAsync();
            var carrier = before.Paths.Single(path => path.IsCarrying).Path;
            gaps.Add(await GapAsync(() => breakAsync(carrier), path => path.IsCarrying && path.Path != carrier));
            await mendAsync(carrier);
            Assert.Equal(before.Resets, (await PeerAsync()).Resets);
        }

        await _load!.EndAsync();
        return gaps;
    }

    /// <summary>The longest time without the end of a turn, until a path is as it should be after what is done, and turns have been taken.</summary>
    private async Task<TimeSpan> GapAsync(Func<Task> doAsync, Func<PathInfo, bool> isThen)
    {
        _load!.TakeLongestGap();
        await doAsync();
        await Patience.UntilAsync("the other way carries", async () => (await PeerAsync()).Paths.Any(isThen));
        await _load.MoreAsync(TurnsBetween);
        return _load.TakeLongestGap();
    }

    private void Start(int node)
    {
        var other = 3 - node;
        var enter = _lab!.Enter(node);
        _daemons[node - 1] = RunningProgram.Start(
            enter[0],
            [
                .. enter[1..], "dotnet", Path.Combine(AppContext.BaseDirectory, "tyerd.dll"), "--name", $"n{node}", "--stack", "static", "--listen", Addresses(node),
                "--peer", $"n{other}={Addresses(other)}", "--socket", Path.Combine(_folder, $"n{node}.sock"), "--state", Path.Combine(_folder, "state"),
                "--key-file", Path.Combine(_folder, "key"),
            ]);
    }

    private Task UpAsync(int path) => Patience.UntilAsync(
        $"path {path} is up", async () => (await PeerAsync()).Paths.Any(each => each.Path == path && each.State == "Up"));

    /// <summary>How node 1 is connected to node 2.</summary>
    private async Task<PeerInfo> PeerAsync()
    {
        await using var client = await TyerClient.ConnectAsync(EndpointOf(1), TestContext.Current.CancellationToken);
        return Assert.Single(await client.Administration.PeersAsync(TestContext.Current.CancellationToken));
    }

    private void Tell(string what, IReadOnlyCollection<TimeSpan> gaps)
    {
        var inOrder = gaps.Select(gap => gap.TotalMilliseconds).Order().ToArray();
        _output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: nothing went on for {inOrder[inOrder.Length / 2]:0.0} ms (median of {inOrder.Length}; {inOrder[0]:0.0} to {inOrder[^1]:0.0}); {_load!.Turns} turns, none lost or doubled"));
    }

    private string EndpointOf(int node) => $"unix:{Path.Combine(_folder, $"n{node}.sock")}";

    private static string Addresses(int node) => string.Join(',', Enumerable.Range(0, 2).Select(network => $"tcp://{NetworkLab.AddressOf(node, network)}:{Port}"));
}
