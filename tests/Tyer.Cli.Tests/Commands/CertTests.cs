using Tyer.Cli.Tests.Fakes;

namespace Tyer.Cli.Tests.Commands;

public sealed class CertTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tyer");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Certificates_are_made_for_nodes_and_clients()
    {
        var cli = new CommandLineHarness();

        Assert.Equal(0, await cli.RunAsync("cert", _folder.FullName, "--cluster", "prod", "--node", "1", "--node", "2", "--client", "billing"));

        foreach (string name in new[] { "ca", "node-1", "node-2", "client-billing" })
        {
            Assert.Contains($"{_folder.FullName}/{name}.crt\n{_folder.FullName}/{name}.key\n", cli.Out.ToString(), StringComparison.Ordinal);
            Assert.True(File.Exists($"{_folder.FullName}/{name}.key"));
        }

        Assert.DoesNotContain("PRIVATE", cli.Out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--node", "1024", "'1024' is no node id")]
    [InlineData("--client", "a b", "'a b' is no name")]
    [InlineData("--cluster", "a/b", "'a/b' is no name")]
    [InlineData("--days", "0", "'--days' takes 1 or more")]
    public async Task What_cannot_be_is_a_mistake(string option, string value, string fault)
    {
        var cli = new CommandLineHarness();
        Assert.Equal(ExitCodes.Usage, await cli.RunAsync("cert", _folder.FullName, option, value));
        Assert.Contains(fault, cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
    }
}
