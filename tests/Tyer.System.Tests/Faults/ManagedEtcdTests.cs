using System.Globalization;
using System.Net.NetworkInformation;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests.Faults;

/// <summary>What <c>tyer init etcd</c> writes is started as it is: three lock managers on this machine, each of which runs a member of etcd.</summary>
[Collection(FaultTests.Name)]
public sealed class ManagedEtcdTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-managed-").FullName;
    private readonly List<RunningProgram> _daemons = [];

    [Fact]
    public async Task Three_daemons_with_the_files_of_init_are_a_cluster_and_take_care_of_their_etcd()
    {
        await StartThreeAsync();
        (await Programs.TyerAsync("run", "shared", "--socket", SocketOf(1), "--", "true")).With(0);

        // It dies: started again, and nobody out.
        var first = await EtcdOfAsync(_daemons[1]);
        RunningProgram.SignalTo(first, Signals.Kill);
        await _daemons[1].LineWithAsync("etcd has ended");
        Assert.NotEqual(first, await EtcdOfAsync(_daemons[1], other: first));
        Assert.Equal(3, await MembersAsync(2));

        // Its daemon dies, without a chance to end it: gone with it, and the others go on.
        var orphan = await EtcdOfAsync(_daemons[2]);
        _daemons[2].Kill();
        await Patience.UntilAsync("etcd has ended with its daemon", () => !IsEtcd(orphan));
        await Patience.UntilAsync("two are members", async () => await MembersAsync(1) == 2);
        (await Programs.TyerAsync("run", "shared", "--socket", SocketOf(2), "--", "true")).With(0);

        // And in order.
        var children = new[] { await EtcdOfAsync(_daemons[0]), await EtcdOfAsync(_daemons[1]) };
        foreach (var daemon in _daemons[..2])
            daemon.Signal(Signals.Terminate);
        foreach (var daemon in _daemons[..2])
            (await daemon.EndAsync()).With(0);
        Assert.DoesNotContain(children, IsEtcd);
    }

    [Fact]
    public async Task A_machine_that_comes_back_without_its_data_has_a_member_of_etcd_again()
    {
        await StartThreeAsync();
        _daemons[1].Signal(Signals.Terminate);
        (await _daemons[1].EndAsync()).With(0);

        Directory.Delete(Path.Combine(_folder, "state", "n2"), recursive: true);
        await using var replaced = Programs.StartTyerd(null, "--config", Path.Combine(_folder, "n2.json"));
        await replaced.LineWithAsync("a new member takes the place of the one that the others knew");
        await Patience.UntilAsync("three are members", async () => await MembersAsync(1) == 3);
        await Patience.UntilAsync("its etcd has the others' data", () => Directory.Exists(Path.Combine(_folder, "state", "n2", "etcd", "member", "wal")));

        // It counts: with one of the others gone, etcd has a majority only by it.
        _daemons[2].Kill();
        await Patience.UntilAsync("two are members", async () => await MembersAsync(1) == 2);
        (await Programs.TyerAsync("run", "shared", "--socket", SocketOf(2), "--", "true")).With(0);
    }

    [Fact]
    public async Task Without_the_program_the_daemon_names_the_package()
    {
        (await Programs.TyerAsync("init", "etcd", "--directory", _folder)).With(0);
        // Nothing is on the path but the runtime.
        var runtime = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        await using var daemon = RunningProgram.Start(
            Path.Combine(runtime, "dotnet"), [Path.Combine(AppContext.BaseDirectory, "tyerd.dll"), "--config", Path.Combine(_folder, "n1.json")],
            new Dictionary<string, string> { ["PATH"] = runtime });
        var ended = await daemon.EndAsync();
        Assert.NotEqual(0, ended.Code);
        Assert.Contains("install the package etcd-server", ended.Output + ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_are_there_are_not_written_over()
    {
        var files = new[] { "init", "etcd", "--directory", _folder, "n1=10.0.0.1", "n2=10.0.0.2", "n3=10.0.0.3" };
        (await Programs.TyerAsync(files)).With(0);
        var second = await Programs.TyerAsync(files);
        Assert.Equal(1, second.Code);
        Assert.Contains("n1.json cannot be written", second.Errors, StringComparison.Ordinal);
        // Complete: the daemon takes it as it is, but for the key, which is to be copied.
        var text = await File.ReadAllTextAsync(Path.Combine(_folder, "n2.json"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "n2.json"), text.Replace("/etc/tyer/cluster.key", Path.Combine(_folder, "cluster.key"), StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await using var check = Programs.StartTyerd(null, "--check-config", "--config", Path.Combine(_folder, "n2.json"));
        (await check.EndAsync()).With(0);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in _daemons)
            await daemon.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartThreeAsync()
    {
        EtcdLab.Require();
        (await Programs.TyerAsync("init", "etcd", "--directory", _folder, "--port", $"{FreePorts()}")).With(0);
        for (var node = 1; node <= 3; node++)
            _daemons.Add(Programs.StartTyerd(null, "--config", Path.Combine(_folder, $"n{node}.json")));
        foreach (var daemon in _daemons)
            await daemon.LineWithAsync("Now serving");
    }

    private string SocketOf(int node) => Path.Combine(_folder, $"n{node}.sock");

    private async Task<int> MembersAsync(int node)
    {
        await using var client = await TyerClient.ConnectAsync($"unix:{SocketOf(node)}", TestContext.Current.CancellationToken);
        var status = await client.Administration.StatusAsync(TestContext.Current.CancellationToken);
        return status.Nodes.Count(each => each.Membership == Tyer.Sessions.Administration.NodeMembership.Member);
    }

    /// <summary>The child of a daemon that is etcd.</summary>
    private static async Task<int> EtcdOfAsync(RunningProgram daemon, int other = 0)
    {
        var found = 0;
        await Patience.UntilAsync("the daemon runs etcd", () =>
        {
            found = Directory.GetDirectories($"/proc/{daemon.Id}/task")
                .SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(child => int.Parse(child, CultureInfo.InvariantCulture))
                .FirstOrDefault(child => child != other && IsEtcd(child));
            return found != 0;
        });
        return found;
    }

    private static bool IsEtcd(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/comm").Trim() == "etcd" && !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The first of the ports that three nodes on one machine use, none of them taken.</summary>
    private static int FreePorts()
    {
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(each => each.Port).ToHashSet();
        return Enumerable.Range(0, 500).Select(i => 20000 + (Environment.ProcessId % 100 * 100) + (i * 30)).First(port => !Enumerable.Range(port, 30).Any(taken.Contains));
    }
}
