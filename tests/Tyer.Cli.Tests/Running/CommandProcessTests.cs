using System.Globalization;
using Tyer.Cli.Running;
using Tyer.Cli.Tests.Fakes;

namespace Tyer.Cli.Tests.Running;

/// <summary>The command as a process of its own, with the real helper.</summary>
public sealed class CommandProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string PathOf(string name) => Path.Combine(_folder, name);

    private static CommandProcess Prepare(params string[] words) =>
        CommandProcess.Prepare(CommandLineHarness.Program, [.. words.Select(NativeText.Encode)], terminal: null, () => true);

    private static async Task<CommandEnd> RunAsync(params string[] words)
    {
        using CommandProcess process = Prepare(words);
        process.Go([]);
        return await process.Ended.InTime();
    }

    [Fact]
    public async Task Its_exit_code_is_told() =>
        Assert.Equal(new CommandEnd(CommandEndKind.Exited, 7), await RunAsync("sh", "-c", "exit 7"));

    [Fact]
    public async Task The_signal_that_ended_it_is_told()
    {
        CommandEnd end = await RunAsync("sh", "-c", "kill -KILL $$");
        Assert.Equal(new CommandEnd(CommandEndKind.Killed, Signals.Kill), end);
        Assert.Equal(137, end.ExitCode);
    }

    [Fact]
    public async Task A_command_that_is_not_there_gives_127() => Assert.Equal(127, (await RunAsync("/nosuch/command")).ExitCode);

    [Fact]
    public async Task A_file_that_cannot_be_executed_gives_126() => Assert.Equal(126, (await RunAsync("/etc/passwd")).ExitCode);

    [Fact]
    public async Task A_helper_that_does_not_start_is_no_exit_code_of_the_command()
    {
        using var process = CommandProcess.Prepare(new SelfCommand("/bin/false", ["false"]), [NativeText.Encode("true")], null, () => true);
        CommandEnd end = await process.Ended.InTime();
        Assert.Equal(CommandEndKind.HelperFailed, end.Kind);
        Assert.Equal(ExitCodes.Error, end.ExitCode);
    }

    [Fact]
    public async Task Given_up_it_ends_without_having_run()
    {
        CommandProcess process = Prepare("touch", PathOf("ran"));
        process.Dispose();
        Assert.NotEqual(0, (await process.Ended.InTime()).ExitCode);
        Assert.False(File.Exists(PathOf("ran")));
    }

    [Fact]
    public async Task Its_variables_are_added_to_the_environment_and_replace_what_is_there()
    {
        using CommandProcess process = Prepare("sh", "-c", $"echo \"$TYER_TOKEN|$PATH\" > {PathOf("out")}");
        process.Go([new("TYER_TOKEN", "7.1042 ä"), new("PATH", "/bin:/usr/bin")]);
        Assert.Equal(0, (await process.Ended.InTime()).ExitCode);
        Assert.Equal("7.1042 ä|/bin:/usr/bin\n", File.ReadAllText(PathOf("out")));
    }

    [Fact]
    public async Task Arguments_arrive_as_the_bytes_they_are()
    {
        byte[] odd = [0x66, 0xff, 0xfe, 0x20, 0x27];
        string[] words = ["sh", "-c", $"printf %s \"$1\" > {PathOf("out")}", "sh"];
        using var process = CommandProcess.Prepare(CommandLineHarness.Program, [.. words.Select(NativeText.Encode), odd], null, () => true);
        process.Go([]);
        Assert.Equal(0, (await process.Ended.InTime()).ExitCode);
        Assert.Equal(odd, File.ReadAllBytes(PathOf("out")));
    }

    [Fact]
    public async Task It_leads_a_process_group_of_its_own_which_signals_reach_as_a_whole()
    {
        using CommandProcess process = Prepare("sh", "-c", $"sleep 1000 & echo $! > {PathOf("child")}; echo > {PathOf("ready")}; wait");
        process.Go([]);
        await Guarded.Until(() => File.Exists(PathOf("ready")));
        int child = int.Parse(File.ReadAllText(PathOf("child")), CultureInfo.InvariantCulture);
        process.Signal(Signals.Terminate);
        Assert.Equal(new CommandEnd(CommandEndKind.Killed, Signals.Terminate), await process.Ended.InTime());
        await EndOf(child);
    }

    [Theory]
    [InlineData(Signals.Terminate)]
    [InlineData(Signals.Interrupt)]
    public async Task A_signal_that_comes_before_the_command_does_reaches_it_all_the_same(int signal)
    {
        using CommandProcess process = Prepare("sleep", "1000");
        process.Signal(signal);
        process.Go([]);
        Assert.Equal(new CommandEnd(CommandEndKind.Killed, signal), await process.Ended.InTime());
    }

    [Fact]
    public async Task Killed_before_it_may_go_it_never_runs()
    {
        using CommandProcess process = Prepare("touch", PathOf("ran"));
        process.Signal(Signals.Kill);
        process.Go([]);
        Assert.NotEqual(0, (await process.Ended.InTime()).ExitCode);
        Assert.False(File.Exists(PathOf("ran")));
    }

    [Fact]
    public async Task A_broken_pipe_ends_it_as_it_ends_commands()
    {
        // The runtime ignores that signal for itself; inherited, it would make an error of the usual end of a pipeline.
        CommandEnd end = await RunAsync("bash", "-c", "yes | head -n 1 > /dev/null; exit ${PIPESTATUS[0]}");
        Assert.Equal(128 + Signals.Pipe, end.ExitCode);
    }

    [Fact]
    public async Task Descriptors_of_this_process_stay_here()
    {
        Assert.Equal(0, (await RunAsync("sh", "-c", $"ls -l /proc/self/fd > {PathOf("fds")}")).ExitCode);
        string listing = File.ReadAllText(PathOf("fds"));
        Assert.DoesNotContain("socket:", listing, StringComparison.Ordinal);
        Assert.DoesNotContain(".dll", listing, StringComparison.Ordinal);
    }

    private static async Task EndOf(int process)
    {
        // Reaped by whoever inherits it; a zombie has ended, too.
        string path = $"/proc/{process}/stat";
        await Guarded.Until(() => !File.Exists(path) || File.ReadAllText(path).Contains(") Z ", StringComparison.Ordinal));
    }
}
