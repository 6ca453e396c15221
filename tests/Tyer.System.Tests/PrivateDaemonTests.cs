using System.Globalization;
using System.Text.RegularExpressions;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>Where there is no daemon: one of one's own, or none at all, but never two.</summary>
public sealed partial class PrivateDaemonTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-private-").FullName;

    [Theory]
    [InlineData("run", "a", "--", "true")]
    [InlineData("hold", "a")]
    [InlineData("ls")]
    [InlineData("status")]
    public async Task A_daemon_that_was_named_and_is_not_there_is_not_replaced(params string[] arguments)
    {
        var socket = Path.Combine(_folder, "nobody.sock");
        var ended = (await Programs.TyerAsync(new Dictionary<string, string> { ["TYER_SOCKET"] = socket }, arguments)).With(5);
        Assert.Empty(ended.Output);
        Assert.Contains(socket, ended.Errors, StringComparison.Ordinal);
        Assert.Contains("TYER_SOCKET names the daemon to use. Start tyerd", ended.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(socket));
    }

    [Fact]
    public async Task A_socket_that_is_no_socket_is_an_error_of_usage()
    {
        var ended = (await Programs.TyerAsync("--socket", "tcp:nonsense", "ls")).With(2);
        Assert.DoesNotContain("Parameter", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_that_race_to_start_one_share_one_and_exclude_each_other()
    {
        await using (var probe = RunningProgram.Start("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /run"]))
            Assert.SkipUnless((await probe.EndAsync()).Code == 0, "This system does not let a test have a /run of its own, where no daemon is.");

        // Both in one view of the file system that no other test or daemon shares: the usual places are empty there. The programs are moved out of
        // the way first, for they may be in one of those.
        const string programs = "/mnt";
        var tyer = Programs.TyerInShellAt(programs);
        var script = $$"""
            mount --bind '{{AppContext.BaseDirectory}}' {{programs}} || exit 1
            mount -t tmpfs none /run
            mount -t tmpfs none /tmp
            export HOME=/run/home
            mkdir -p /run/home
            cd /run
            echo 0 > /run/stock
            one() {
              i=0
              while [ $i -lt 4 ]; do
                {{tyer}} run stock -- sh -c 'n=$(cat /run/stock); echo $((n + 1)) > /run/stock' || exit 1
                i=$((i + 1))
              done
            }
            one & first=$!
            one & second=$!
            wait $first || exit 1
            wait $second || exit 1
            echo "count $(cat /run/stock)"
            {{tyer}} status -o json
            """;
        var daemons = new List<int>();
        try
        {
            await using var shell = RunningProgram.Start("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", script], new Dictionary<string, string>
            {
                ["XDG_RUNTIME_DIR"] = "/run/user", ["XDG_STATE_HOME"] = "/run/state",
            });
            var ended = await shell.EndAsync();
            daemons.AddRange(Started().Matches(ended.Errors).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)));
            ended.With(0);
            Assert.Contains("count 8\n", ended.Output, StringComparison.Ordinal);
            Assert.Contains($"\"processId\": {Assert.Single(daemons)}", ended.Output, StringComparison.Ordinal);
        }
        finally
        {
            // They would end by themselves, but only a minute after their last session.
            foreach (var daemon in daemons)
                RunningProgram.SignalTo(daemon, Signals.Terminate);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [GeneratedRegex(@"a private one for this user was started \(pid (\d+),")]
    private static partial Regex Started();
}
