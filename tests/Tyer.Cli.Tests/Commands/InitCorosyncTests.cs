using System.Text.Json;
using Tyer.Cli.Tests.Fakes;

namespace Tyer.Cli.Tests.Commands;

public sealed class InitCorosyncTests : IDisposable
{
    private static readonly string[] Three = ["n1=10.0.0.1", "n2=10.0.0.2", "n3=10.0.0.3"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tyer");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Complete_files_are_written_with_the_same_ids_and_name_in_both()
    {
        CommandLineHarness cli = await RunAsync(0, [.. Three, "--cluster", "orders"]);

        string corosync = Read("corosync.conf");
        Assert.Contains("cluster_name: orders", corosync, StringComparison.Ordinal);
        Assert.Contains("nodeid: 3", corosync, StringComparison.Ordinal);
        Assert.Contains("ring0_addr: 10.0.0.3", corosync, StringComparison.Ordinal);
        JsonElement second = JsonElement.Parse(Read("n2.json"));
        Assert.Equal("orders", second.GetProperty("Cluster").GetString());
        Assert.Equal(2, second.GetProperty("Id").GetInt32());
        Assert.Equal("corosync", second.GetProperty("Stack").GetString());
        Assert.Equal("tcp://10.0.0.3:7600", second.GetProperty("Peers").GetProperty("n3").GetString());
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(Path.Combine(_folder.FullName, "authkey")));
        Assert.Equal(256, new FileInfo(Path.Combine(_folder.FullName, "authkey")).Length);
        Assert.Contains("uid: tyer", Read("uidgid-tyer"), StringComparison.Ordinal);
        Assert.Contains("2.2 s", cli.Out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1000", false)]
    [InlineData("999", true)]
    [InlineData("250", true)]
    public async Task A_short_token_comes_with_timers_for_the_links(string token, bool has)
    {
        // With the links' own, which follow the token, live links are taken for dead whenever a node is absent.
        await RunAsync(0, [.. Three, "--token", token]);

        Assert.Equal(has, Read("corosync.conf").Contains("knet_ping_timeout: 2000", StringComparison.Ordinal));
        Assert.Equal(has, Read("corosync.conf").Contains("knet_ping_interval: 200", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("name three or more", "n1=10.0.0.1", "n2=10.0.0.2")]
    [InlineData("have the same id, 1", "n1=10.0.0.1", "m1=10.0.0.2", "n3=10.0.0.3")]
    [InlineData("is no node", "n1", "n2=10.0.0.2", "n3=10.0.0.3")]
    [InlineData("takes 250 to 60000", "n1=10.0.0.1", "n2=10.0.0.2", "n3=10.0.0.3", "--token", "100")]
    public async Task What_cannot_be_a_cluster_is_refused(string why, params string[] arguments)
    {
        CommandLineHarness cli = await RunAsync(ExitCodes.Usage, arguments);

        Assert.Contains(why, cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public async Task What_is_there_is_left_alone()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "corosync.conf"), "mine", TestContext.Current.CancellationToken);

        await RunAsync(ExitCodes.Error, Three);

        Assert.Equal("mine", Read("corosync.conf"));
    }

    private async Task<CommandLineHarness> RunAsync(int code, string[] arguments)
    {
        var cli = new CommandLineHarness();
        Assert.Equal(code, await cli.RunAsync(["init", "corosync", "--directory", _folder.FullName, .. arguments]));
        return cli;
    }

    private string Read(string name) => File.ReadAllText(Path.Combine(_folder.FullName, name));
}
