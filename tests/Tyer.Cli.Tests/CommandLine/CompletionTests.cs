using System.Diagnostics;
using Tyer.Cli.Tests.Fakes;

namespace Tyer.Cli.Tests.CommandLine;

/// <summary>Completion, by the shells that are there.</summary>
public sealed class CompletionTests
{
    private static async Task<string> ScriptFor(string shell)
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("completion", shell));
        return harness.Out.ToString();
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, params string[] args)
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).InTime();
        return (process.ExitCode, await output + error);
    }

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    [Theory]
    [InlineData("bash", "-n", "-c")]
    [InlineData("zsh", "-n", "-c")]
    [InlineData("fish", "--no-execute", "-c")]
    public async Task The_script_is_good_for_its_shell(string shell, params string[] check)
    {
        Assert.SkipUnless(IsInstalled(shell), $"{shell} is not installed.");
        (int code, string output) = await RunAsync(shell, [.. check, await ScriptFor(shell)]);
        Assert.Equal("", output);
        Assert.Equal(0, code);
    }

    [Theory]
    [InlineData("tyer re", "recovery revoke")]
    [InlineData("tyer ls --cont", "--contended")]
    [InlineData("tyer ls --mode C", "CR CW")]
    [InlineData("tyer orphans p", "purge")]
    [InlineData("tyer orphans purge --no", "--no-color --node")]
    [InlineData("tyer completion z", "zsh")]
    [InlineData("tyer run x -- prlimi", "prlimit")]
    [InlineData("tyer run x -- cat fi", "")]
    public async Task Bash_completes(string line, string expected)
    {
        // As the shell would call it: words, the index of the one to complete, the line, the cursor.
        string script = $"""
            tyer() {'{'} {CommandLineHarness.Program.Path} "$@"; {'}'}
            {await ScriptFor("bash")}
            COMP_LINE='{line}' COMP_POINT={line.Length} COMP_WORDS=({line}) COMP_CWORD={line.Split(' ').Length - 1}
            _tyer
            echo "$(printf '%s\n' "${'{'}COMPREPLY[@]{'}'}" | sort -u | tr '\n' ' ')"
            """;
        (int code, string output) = await RunAsync("bash", "-c", script);
        Assert.Equal(0, code);
        Assert.Equal(expected, output.Trim());
    }

    [Theory]
    [InlineData("fish")]
    [InlineData("pwsh")]
    [InlineData("zsh")]
    [InlineData("bash")]
    public async Task Every_script_asks_the_program_itself(string shell) =>
        Assert.Contains("tyer complete ", await ScriptFor(shell), StringComparison.Ordinal);
}
