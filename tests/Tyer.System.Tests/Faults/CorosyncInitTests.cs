using Tyer.System.Tests.Support;

namespace Tyer.System.Tests.Faults;

/// <summary>What <c>tyer init corosync</c> writes is all that three machines need.</summary>
[Collection(FaultTests.Name)]
public sealed class CorosyncInitTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-init-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Its_files_start_a_cluster()
    {
        CorosyncLab.Require();
        string[] nodes = [.. Enumerable.Range(1, 3).Select(node => $"n{node}={NetworkLab.AddressOf(node)}")];
        (await Programs.TyerAsync(["init", "corosync", "--directory", _folder, "--token", "500", .. nodes])).With(0);
        await using var lab = await CorosyncLab.UpAsync(nodes: 3, etc: _folder);
        await using var first = Start(lab, 1);
        await using var second = Start(lab, 2);
        await using var third = Start(lab, 3);
        foreach (var daemon in (RunningProgram[])[first, second, third])
            await daemon.LineWithAsync("Now serving");

        (await Programs.TyerAsync("--socket", SocketOf(1), "run", "nightly", "--", "true")).With(0);
        var status = (await Programs.TyerAsync("--socket", SocketOf(3), "status")).With(0).Output;

        Assert.Contains("n1 n2 n3", status, StringComparison.Ordinal);
        Assert.Contains("a dead node's after", status, StringComparison.Ordinal);
    }

    private string SocketOf(int node) => Path.Combine(_folder, $"n{node}.sock");

    private RunningProgram Start(CorosyncLab lab, int node)
    {
        string[] own = ["--config", Path.Combine(_folder, $"n{node}.json"), "--socket", SocketOf(node), "--state", Path.Combine(_folder, "state"), "--key-file", Path.Combine(_folder, "cluster.key")];
        var enter = lab.Network.Enter(node);
        return RunningProgram.Start(enter[0], [.. enter[1..], "dotnet", Path.Combine(AppContext.BaseDirectory, "tyerd.dll"), .. own]);
    }
}
