using System.Text.Json;
using System.Text.RegularExpressions;

namespace Tyer.Docs.Tests;

/// <summary>The sample configuration can be used as it is, and with everything in it that is commented out.</summary>
public partial class ConfigurationSampleTests
{
    private static readonly JsonDocumentOptions AsTheDaemonReads = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private static string Sample => File.ReadAllText(Repository.PathOf("packaging/tyerd.json"));

    [Fact]
    public void The_sample_names_the_socket_that_the_unit_makes_room_for()
    {
        using var sample = JsonDocument.Parse(Sample, AsTheDaemonReads);
        Assert.Equal("/run/tyer/tyerd.sock", sample.RootElement.GetProperty("Socket").GetString());
        Assert.Contains("RuntimeDirectory=tyer\n", File.ReadAllText(Repository.PathOf("packaging/systemd/tyerd.service")), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_commented_out_is_good_json_too()
    {
        using var sample = JsonDocument.Parse(CommentedOut().Replace(Sample, "${setting}"), AsTheDaemonReads);
        Assert.Equal(["n2", "n3"], sample.RootElement.GetProperty("Peers").EnumerateObject().Select(peer => peer.Name));
        Assert.True(sample.RootElement.EnumerateObject().Count() >= 10, "some keys were not found under their comments");
    }

    // // "Key": …   and the lines of an object that is commented out
    [GeneratedRegex(@"(?<=^ *)// (?<setting> *(""\w+"":|\}).*)$", RegexOptions.Multiline)]
    private static partial Regex CommentedOut();
}
