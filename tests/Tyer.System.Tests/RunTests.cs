using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>Shell scripts on different nodes that run commands under locks.</summary>
[Collection(nameof(SharedNodes))]
public class RunTests(ThreeNodes nodes)
{
    [Fact]
    public async Task Runners_on_different_nodes_lose_no_update()
    {
        const int rounds = 5;
        var file = Path.Combine(nodes.Folder, "stock");
        await File.WriteAllTextAsync(file, "0\n", TestContext.Current.CancellationToken);
        var shells = new List<RunningProgram>();
        try
        {
            for (var node = 1; node <= ThreeNodes.Nodes; node++)
            {
                // The pause between reading and writing is where an update would be lost.
                var script = $$"""
                    for i in 1 2 3 4 5; do
                      {{Programs.TyerInShell}} --socket '{{nodes.SocketOf(node)}}' run stock -- sh -c 'n=$(cat "$1"); echo $((n + 1)) > "$1"' sh '{{file}}' || exit 1
                    done
                    """;
                shells.Add(RunningProgram.Start("/bin/sh", ["-c", script]));
            }

            foreach (var shell in shells)
                (await shell.EndAsync()).With(0);
        }
        finally
        {
            foreach (var shell in shells)
                await shell.DisposeAsync();
        }

        Assert.Equal($"{ThreeNodes.Nodes * rounds}\n", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(0, "true")]
    [InlineData(42, "sh", "-c", "exit 42")]
    [InlineData(137, "sh", "-c", "kill -9 $$")]
    [InlineData(127, "there-is-no-such-command")]
    [InlineData(126, "/etc/passwd")]
    public async Task The_exit_code_is_the_commands(int code, params string[] command) =>
        (await nodes.TyerAsync(2, ["run", "codes", "--", .. command])).With(code);

    [Fact]
    public async Task The_command_is_told_its_lock()
    {
        var said = (await nodes.TyerAsync(3, "run", "told", "-m", "PR", "--", "sh", "-c", "echo $TYER_RESOURCE $TYER_MODE $TYER_LOCKSPACE $TYER_TOKEN $TYER_LOCK_ID")).With(0);
        Assert.Matches(@"^told PR default 1\.\d+ id:[0-9a-f]+\n$", said.Output);
    }

    [Fact]
    public async Task Tokens_grow_from_node_to_node()
    {
        long last = 0;
        for (var node = 1; node <= ThreeNodes.Nodes; node++)
        {
            var said = (await nodes.TyerAsync(node, "run", "tokens", "--", "sh", "-c", "echo $TYER_TOKEN_INT")).With(0);
            var token = long.Parse(said.Output, global::System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(token > last, $"{token} after {last}");
            last = token;
        }
    }

    [Theory]
    [InlineData("0")]
    [InlineData("200ms")]
    public async Task Busy_is_an_exit_code_of_its_own_and_says_who(string wait)
    {
        await using var holder = await nodes.HoldAsync(1, $"busy{wait}", "--label", "the keeper", "--purpose", "to test");
        var busy = (await nodes.TyerAsync(2, "run", $"busy{wait}", "--wait", wait, "--", "true")).With(3);
        Assert.Contains("TYER-BUSY", busy.Errors, StringComparison.Ordinal);
        Assert.Contains("the keeper", busy.Errors, StringComparison.Ordinal);
        Assert.Contains($"pid {holder.Id}", busy.Errors, StringComparison.Ordinal);
        Assert.Contains("node n1", busy.Errors, StringComparison.Ordinal);
        (await nodes.TyerAsync(2, "run", $"busy{wait}", "--wait", wait, "-E", "75", "--", "true")).With(75);
    }

    [Fact]
    public async Task Readers_share()
    {
        await using var holder = await nodes.HoldAsync(1, "shared", "-m", "PR");
        (await nodes.TyerAsync(2, "run", "shared", "-m", "PR", "--wait", "0", "--", "true")).With(0);
        (await nodes.TyerAsync(2, "run", "shared", "-m", "EX", "--wait", "0", "--", "true")).With(3);
    }

    [Theory]
    [InlineData("'--frobnicate'", "run", "a", "--frobnicate", "--", "true")]
    [InlineData("'--mode'", "run", "a", "--mod", "EX", "--", "true")]
    [InlineData("NL, CR, CW, PR, PW and EX", "run", "a", "--mode", "XX", "--", "true")]
    [InlineData("500ms", "run", "a", "--wait", "soon", "--", "true")]
    [InlineData("CMD is missing", "run", "a")]
    [InlineData("is empty", "run", "", "--", "true")]
    [InlineData("65 bytes; the limit is 64", "run", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "--", "true")]
    [InlineData("no lockspace name", "run", "--lockspace", "a b", "a", "--", "true")]
    [InlineData("no lockspace name", "run", "--lockspace", "", "a", "--", "true")]
    [InlineData("Did you mean 'ls'", "lst")]
    [InlineData("--name", "who", "id:zz")]
    public async Task What_is_wrong_on_the_command_line_is_said_with_what_would_be_right(string right, params string[] arguments)
    {
        var refused = (await nodes.TyerAsync(1, arguments)).With(2);
        Assert.Contains(right, refused.Errors, StringComparison.Ordinal);
        Assert.Contains(arguments.Contains("who") ? "tyer:" : "--help'", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nobody_holds_is_not_found()
    {
        (await nodes.TyerAsync(1, "who", "nobody-has-this")).With(6);
        (await nodes.TyerAsync(1, "why", "id:12345")).With(6);
        (await nodes.TyerAsync(1, "revoke", "id:12345", "--reason", "test", "--yes")).With(6);
    }

    [Fact]
    public async Task A_revoked_command_ends_before_the_next_begins()
    {
        await using var victim = nodes.Start(1, "run", "revoked", "--", "sh", "-c", "echo running; exec sleep 600");
        await victim.LineWithAsync("running");
        await using var next = await nodes.WaitAsync(2, "run", "revoked", "--", "echo", "mine");
        var id = (await nodes.JsonAsync(3, "who", "revoked")).GetProperty("resources")[0].GetProperty("granted")[0].GetProperty("id").GetString()!;
        (await nodes.TyerAsync(3, "revoke", id, "--reason", "a test", "--yes")).With(0);
        var ended = (await victim.EndAsync()).With(4);
        Assert.Contains("Revoked", ended.Errors, StringComparison.Ordinal);
        Assert.Equal("mine\n", (await next.EndAsync()).With(0).Output);
    }
}
