using Tyer.Cli.Tests.Fakes;

namespace Tyer.Cli.Tests.Commands;

public sealed class KeygenTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tyer");

    private string File => Path.Combine(_folder.FullName, "cluster.key");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_key_file_is_made_and_its_secret_is_not_shown()
    {
        var cli = new CommandLineHarness();

        Assert.Equal(0, await cli.RunAsync("keygen", File));

        string[] key = System.IO.File.ReadLines(File).Single(line => line.StartsWith("active", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith($"{File}: key {key[1]} is active.\n", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(key[2], cli.Out.ToString() + cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_there_is_left_alone()
    {
        await System.IO.File.WriteAllTextAsync(File, "mine", TestContext.Current.CancellationToken);
        var cli = new CommandLineHarness();

        Assert.Equal(ExitCodes.Error, await cli.RunAsync("keygen", File));

        Assert.StartsWith($"tyer: Key file {File}: it exists", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Equal("mine", await System.IO.File.ReadAllTextAsync(File, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Keys_are_changed_in_three_steps()
    {
        await new CommandLineHarness().RunAsync("keygen", File);
        var added = new CommandLineHarness();
        Assert.Equal(0, await added.RunAsync("keygen", File, "--add"));
        string fresh = added.Out.ToString().Trim()[^8..];

        var activated = new CommandLineHarness();
        Assert.Equal(0, await activated.RunAsync("keygen", File, "--activate", fresh));
        Assert.StartsWith($"{File}: key {fresh} is active; accepted too: ", activated.Out.ToString(), StringComparison.Ordinal);
        string old = activated.Out.ToString().Split('\n')[0][^9..^1];

        var retired = new CommandLineHarness();
        Assert.Equal(0, await retired.RunAsync("keygen", File, "--retire", old, "--json"));
        Assert.Contains($"\"active\": \"{fresh}\"", retired.Out.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(old, retired.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_steps_at_once_are_a_mistake()
    {
        var cli = new CommandLineHarness();
        Assert.Equal(ExitCodes.Usage, await cli.RunAsync("keygen", File, "--add", "--activate", "0000000a"));
        Assert.Contains("two steps", cli.Error.ToString(), StringComparison.Ordinal);
    }
}
