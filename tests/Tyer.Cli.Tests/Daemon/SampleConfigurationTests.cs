using System.Text.RegularExpressions;
using Tyer.Daemon.Configuration;

namespace Tyer.Cli.Tests.Daemon;

/// <summary><c>packaging/tyerd.json</c> can be used as it is, and with everything in it that is commented out.</summary>
public sealed partial class SampleConfigurationTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    private static string Sample => File.ReadAllText(Path.Combine(Root, "packaging", "tyerd.json"));

    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Tyer.slnx")))
                folder = folder.Parent;
            return folder?.FullName ?? throw new InvalidOperationException($"No Tyer.slnx above {AppContext.BaseDirectory}.");
        }
    }

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void As_it_is_it_runs_one_node_at_the_socket_that_the_unit_makes_room_for()
    {
        var settings = Read(Sample);
        Assert.Equal("local", settings.Node.Stack);
        Assert.Equal("/run/tyer/tyerd.sock", settings.Socket);
        Assert.Contains("\nRuntimeDirectory=tyer\n", File.ReadAllText(Path.Combine(Root, "packaging", "systemd", "tyerd.service")), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_commented_out_makes_a_cluster_of_three()
    {
        var text = CommentedOut().Replace(Sample, "${setting}");
        var settings = Read(text.Replace("\"local\"", "\"etcd\"", StringComparison.Ordinal));
        Assert.Equal(["n2", "n3"], settings.Node.Peers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("n1", settings.Node.Name);
    }

    [Fact]
    public void It_names_every_key_but_those_for_tests_and_private_daemons()
    {
        var missing = SettingKey.All.Select(key => key.Name).Where(name => !Sample.Contains($"\"{name}\":", StringComparison.Ordinal));
        Assert.Equal(["Volatile", "IdleExit"], missing);
    }

    private DaemonSettings Read(string text)
    {
        File.WriteAllText(_file, text);
        return SettingsReader.Read(_file, [], []);
    }

    // // "Key": …   and the lines of an object that is commented out
    [GeneratedRegex(@"(?<=^ *)// (?<setting> *(""\w+"":|\}).*)$", RegexOptions.Multiline)]
    private static partial Regex CommentedOut();
}
