using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>The demo keeps its word, and leaves nothing behind, also when it is interrupted.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly string _temporary = Directory.CreateTempSubdirectory("tyer-demo-test-").FullName;

    public static TheoryData<int> Signals => [Support.Signals.Interrupt, Support.Signals.Terminate];

    [Fact]
    public async Task It_loses_nothing_although_a_worker_and_a_whole_node_are_killed()
    {
        await using var demo = Start("4s");
        var ended = (await demo.EndAsync()).With(0);
        Assert.Contains(": 0 lost.", ended.Output, StringComparison.Ordinal);
        Assert.Contains("killed worker 3", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("killed n2", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("started n2 again", ended.Errors, StringComparison.Ordinal);
        Assert.Matches(@"view 2 at n1 \(n2 \(2\.\d+\) left\): .*settled", ended.Output);
        Assert.Matches(@"view 3 at n3 \(n2 \(2\.\d+\) joined\): .*settled", ended.Output);
        AssertNothingIsLeft();
    }

    [Theory, MemberData(nameof(Signals))]
    public async Task An_interrupted_demo_leaves_no_process_and_no_directory(int signal)
    {
        await using var demo = Start("10m");
        await demo.LineWithAsync("holds:");
        Assert.NotEmpty(Directory.EnumerateFileSystemEntries(_temporary));
        Assert.NotEmpty(ProcessesOfTheDemo());
        demo.Signal(signal);
        (await demo.EndAsync()).With(130);
        AssertNothingIsLeft();
    }

    public void Dispose() => Directory.Delete(_temporary, recursive: true);

    private RunningProgram Start(string duration) =>
        Programs.StartTyer(new Dictionary<string, string> { ["TMPDIR"] = _temporary }, "demo", "--duration", duration);

    private void AssertNothingIsLeft()
    {
        Assert.Empty(Directory.EnumerateDirectories(_temporary, "tyer-trial-*"));
        Assert.Empty(ProcessesOfTheDemo());
    }

    /// <summary>The processes that were given a path under the directory of the demo.</summary>
    private List<string> ProcessesOfTheDemo() =>
        [.. Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])).Select(CommandLineOf).Where(line => line.Contains(_temporary, StringComparison.Ordinal))];

    private static string CommandLineOf(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
