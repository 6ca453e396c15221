using Tyer.Cli.Tests.Fakes;

namespace Tyer.Cli.Tests.CommandLine;

/// <summary>Whoever makes a mistake is told which, and how to go on; exit code 2.</summary>
public sealed class ParseFaultTests
{
    [Theory]
    [InlineData("rn x", "there is no command 'rn'. Did you mean 'run'? See 'tyer --help'.")]
    [InlineData("xyzzy", "there is no command 'xyzzy'. See 'tyer --help'.")]
    [InlineData("-o json", "a command is missing, one of: run, hold, ls, who, why, status, nodes, sessions, recovery, events, revoke, orphans, view, fence, state, init, keygen, cert, demo, bench, sim, completion, peers, paths, connect, disconnect, net-options. See 'tyer --help'.")]
    [InlineData("state", "a command is missing, one of: adopt. See 'tyer state --help'.")]
    [InlineData("state adop x", "there is no command 'adop'. Did you mean 'adopt'? See 'tyer state --help'.")]
    [InlineData("run", @"NAME is missing: the resource to lock: 1 to 64 bytes; \xNN for any byte, or hex: and digits. See 'tyer run --help'.")]
    [InlineData("run x", "CMD is missing: the command and its arguments, after '--'. See 'tyer run --help'.")]
    [InlineData("run x --", "CMD is missing: the command and its arguments, after '--'. See 'tyer run --help'.")]
    [InlineData("run --wat 5s x -- ls", "there is no option '--wat'. Did you mean '--wait'? See 'tyer run --help'.")]
    [InlineData("run x -l -- ls", "there is no option '-l'. If it belongs to the command to run, put '--' before that command. See 'tyer run --help'.")]
    [InlineData("run x --mode ZZ -- ls",
        "--mode: 'ZZ' is not a lock mode. The modes are NL, CR, CW, PR, PW and EX, or their full names from Null to Exclusive. See 'tyer run --help'.")]
    [InlineData("run x --wait", "--wait needs a value: how long to wait for it, such as 30s; 0: not at all. Default: as long as it takes. See 'tyer run --help'.")]
    [InlineData("run x --wait soon -- ls", "--wait: 'soon' is no span of time; one is a number with ms, s, m, h or d, such as 500ms, 30s or 1h30m. See 'tyer run --help'.")]
    [InlineData("run x -E 256 -- ls", "-E: '256' is no exit code; one is 0 to 255. See 'tyer run --help'.")]
    [InlineData("run hex:f -- ls", "NAME: 'hex:f' is not a resource name: 'hex:' takes pairs of hexadecimal digits. See 'tyer run --help'.")]
    [InlineData("ls --contend", "there is no option '--contend'. Did you mean '--contended'? See 'tyer ls --help'.")]
    [InlineData("ls --mode PR --mode EX", "--mode is given more than once. See 'tyer ls --help'.")]
    [InlineData("ls extra", "'extra' is one argument too many. See 'tyer ls --help'.")]
    [InlineData("ls --limit 0", "--limit: '0' is out of range; it takes a whole number from 1 to 10000. See 'tyer ls --help'.")]
    [InlineData("ls -o yaml", "-o: 'yaml' is no output format; there are table and json. See 'tyer ls --help'.")]
    [InlineData("ls --lockspace a/b", "--lockspace: 'a/b' is no lockspace name; one has 1 to 64 of A-Z a-z 0-9 . _ - See 'tyer ls --help'.")]
    [InlineData("who", "NAME|LOCKID is missing: the resource, or a lock on it (id:…). See 'tyer who --help'.")]
    [InlineData("who -x", "there is no option '-x'. See 'tyer who --help'.")]
    [InlineData("revoke id:5", "--reason needs a value: why, for the logs of both sides. See 'tyer revoke --help'.")]
    [InlineData("revoke 5 --reason x", "LOCKID: '5' is not a lock id. One looks like id:4000000000002a. See 'tyer revoke --help'.")]
    [InlineData("completion bsh",
        "SHELL: there is no completion for 'bsh', only for bash, zsh, fish, pwsh. Did you mean 'bash'? See 'tyer completion --help'.")]
    [InlineData("sim --profile calmm", "--profile: there is no profile 'calmm'; there are calm, rough, stormy, brutal, restless, leased. See 'tyer sim --help'.")]
    [InlineData("sim --nodes 1", "--nodes: '1' is out of range; it takes a whole number from 2 to 64, or two of them as in 2-64. See 'tyer sim --help'.")]
    [InlineData("sim --nodes 9-3", "--nodes: '9-3' is out of range; it takes a whole number from 2 to 64, or two of them as in 2-64. See 'tyer sim --help'.")]
    [InlineData("sim --nodes 65", "--nodes: '65' is out of range; it takes a whole number from 2 to 64, or two of them as in 2-64. See 'tyer sim --help'.")]
    [InlineData("sim --runs 0", "--runs: '0' is out of range; it takes a whole number from 1 to 1000000000. See 'tyer sim --help'.")]
    [InlineData("sim --seed -1", "--seed: '-1' is no seed; one is a whole number from 0 to 18446744073709551615. See 'tyer sim --help'.")]
    [InlineData("sim --trace", "--trace and --shrink are for one life: name it with --seed, without --runs. See 'tyer sim --help'.")]
    [InlineData("sim --seed 5 --runs 2 --shrink", "--trace and --shrink are for one life: name it with --seed, without --runs. See 'tyer sim --help'.")]
    public async Task A_mistake_is_named_with_what_would_be_right(string line, string message)
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.Usage, await harness.RunAsync(line.Split(' ')));
        Assert.Equal($"tyer: {message}\n", harness.Error.ToString());
        Assert.Equal("", harness.Out.ToString());
        Assert.Empty(harness.Daemon.Connects);
    }

    [Fact]
    public async Task A_broken_lock_id_may_have_been_meant_as_a_name()
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.Usage, await harness.RunAsync("who", "id:zz"));
        Assert.Equal("tyer: 'id:zz' is not a lock id. One looks like id:4000000000002a. If it is the name of a resource, say --name.\n", harness.Error.ToString());
    }

    [Fact]
    public async Task What_begins_with_a_dash_is_a_name_after_the_separator()
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.NotFound, await harness.RunAsync("who", "--", "-x"));
        Assert.Equal(new ResourceName("-x"), Assert.Single(harness.Daemon.Queries).Resource);
    }

    [Fact]
    public async Task An_at_sign_does_not_read_a_file()
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.NotFound, await harness.RunAsync("who", "@/etc/passwd"));
        Assert.Equal(new ResourceName("@/etc/passwd"), Assert.Single(harness.Daemon.Queries).Resource);
    }

    [Fact]
    public async Task Without_arguments_the_help_is_shown()
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync());
        Assert.Contains("tyer [command] [options]", harness.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_command_line_can_still_ask_for_help()
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync("run", "--help"));
        Assert.Contains("tyer run <name> <command>... [options]", harness.Out.ToString(), StringComparison.Ordinal);
    }
}
