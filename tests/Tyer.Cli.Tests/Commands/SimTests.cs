using System.CommandLine;
using System.Text.Json;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Commands;
using Tyer.Cli.Output;
using Tyer.Cli.Tests.Fakes;
using Tyer.Simulation;

namespace Tyer.Cli.Tests.Commands;

/// <summary><c>sim</c>: a life that was lived can be lived again, and a violation is not to be overlooked.</summary>
public sealed class SimTests
{
    private const string Calm = "sim --seed 3 --profile calm --nodes 2";

    [Fact]
    public async Task A_seed_printed_twice_is_the_same()
    {
        CommandLineHarness first = await LiveAsync("sim --seed 7 --profile rough --trace");
        CommandLineHarness again = await LiveAsync("sim --seed 7 --profile rough --trace");

        string told = first.Out.ToString();
        Assert.Equal(told, again.Out.ToString());
        Assert.Equal("", first.Error.ToString());
        Assert.Contains(" installs view 1: ", told, StringComparison.Ordinal);
        Assert.Matches("\nseed 7, profile rough: nothing violated, [0-9]+ faults, trace [0-9a-f]{16}\n$", told);
        Assert.DoesNotContain(told, (await LiveAsync("sim --seed 11 --profile rough --trace")).Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_seed_has_the_profile_whose_turn_it_is_and_one_line_tells_its_end()
    {
        string told = (await LiveAsync("sim --seed 6 --nodes 2")).Out.ToString();

        Assert.Equal(told, (await LiveAsync("sim --seed 6 --nodes 2 --profile calm")).Out.ToString());
        Assert.StartsWith("seed 6, profile calm: nothing violated, 0 faults, trace ", told, StringComparison.Ordinal);
        Assert.Equal(told.Length - 1, told.IndexOf('\n', StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_life_is_readable_as_json()
    {
        string table = (await LiveAsync(Calm)).Out.ToString();
        using JsonDocument json = JsonDocument.Parse((await LiveAsync(Calm + " -o json")).Out.ToString());

        JsonElement life = json.RootElement;
        Assert.Equal(3, life.GetProperty("seed").GetInt32());
        Assert.Equal("calm", life.GetProperty("profile").GetString());
        Assert.False(life.TryGetProperty("violation", out _));
        Assert.EndsWith($"trace {life.GetProperty("traceHash").GetString()}\n", table, StringComparison.Ordinal);
        Assert.True(life.GetProperty("counts").GetProperty("Lock Ok").GetInt64() > 100);
        Assert.Equal(0, life.GetProperty("trace").GetArrayLength());
    }

    [Fact]
    public async Task Many_lives_are_counted_together()
    {
        CommandLineHarness table = await LiveAsync("sim --runs 2 --seed 21 --profile calm --nodes 2");
        using JsonDocument json = JsonDocument.Parse((await LiveAsync("sim --runs 2 --seed 21 --profile calm --nodes 2 -o json")).Out.ToString());
        long[] each = [await GrantsOfAsync(21), await GrantsOfAsync(22)];

        JsonElement report = json.RootElement;
        Assert.Equal(2, report.GetProperty("runs").GetInt32());
        Assert.Equal(21, report.GetProperty("firstSeed").GetInt32());
        Assert.Equal(0, report.GetProperty("violations").GetArrayLength());
        Assert.Equal(each.Sum(), report.GetProperty("counts").GetProperty("Lock Ok").GetInt64());
        Assert.Matches(@"\n2 lives in [0-9.]+ s \([0-9.]+ a second\): 0 violations\n$", table.Out.ToString());
        Assert.DoesNotContain("see the first again", table.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_violation_ends_with_one_and_with_how_to_see_it_again()
    {
        var harness = new CommandLineHarness();

        Assert.Equal(ExitCodes.Error, await LiveWithAsync(harness, "sim --runs 9 --profile calm --nodes 3", ViolatedBy(5, 6)));

        Assert.Contains("VIOLATED seed 5, profile calm: S1: two of them\nVIOLATED seed 6, profile calm: S1: two of them\n", harness.Out.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("): 2 violations\n", harness.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("tyer: violated: tyer sim --seed 6 --profile calm --nodes 3 --shrink --trace\n", harness.Error.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("tyer: to see the first again: tyer sim --seed 5 --profile calm --nodes 3 --shrink --trace\n", harness.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_number_of_nodes_that_chance_has_chosen_is_said_with_the_life_to_see_again()
    {
        var harness = new CommandLineHarness();

        Assert.Equal(ExitCodes.Error, await LiveWithAsync(harness, "sim --runs 9 --profile calm --nodes 9-12", ViolatedBy(5, 6)));

        int nodes = Simulation.Simulation.NodesOf(5, 9, 12);
        Assert.InRange(nodes, 9, 12);
        Assert.EndsWith($"tyer: to see the first again: tyer sim --seed 5 --profile calm --nodes {nodes} --shrink --trace\n", harness.Error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("table", "seed 5, profile calm: VIOLATED S1: two of them\n")]
    [InlineData("json", "\"violation\": \"S1: two of them\"")]
    public async Task The_one_life_that_was_violated_ends_with_one_too(string format, string told)
    {
        var harness = new CommandLineHarness();

        Assert.Equal(ExitCodes.Error, await LiveWithAsync(harness, $"sim --seed 5 --profile calm -o {format}", ViolatedBy(5)));

        Assert.Contains(told, harness.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_of_violations_is_readable_as_json()
    {
        var harness = new CommandLineHarness();

        Assert.Equal(ExitCodes.Error, await LiveWithAsync(harness, "sim --runs 3 --seed 4 -o json", ViolatedBy(6)));

        SimViolation violation = Assert.Single(JsonPrinter.Read<SimReport>(harness.Out.ToString()).Violations);
        Assert.Equal(new SimViolation(6, "calm", "S1: two of them"), violation);
    }

    [Fact]
    public async Task What_goes_wrong_when_is_read_from_a_file_and_said_again_with_a_violation()
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("tyer-faults-").FullName, "faults.txt");
        await File.WriteAllTextAsync(file, "at 2000 crash n1\n", TestContext.Current.CancellationToken);
        Assert.Contains("2000.000  FAULT 0: crash n1.1\n", (await LiveAsync($"{Calm} --trace --faults {file}")).Out.ToString(), StringComparison.Ordinal);

        var violated = new CommandLineHarness();
        await LiveWithAsync(violated, $"sim --runs 2 --profile calm --faults {file}", ViolatedBy(2));
        Assert.EndsWith($"tyer sim --seed 2 --profile calm --faults {file} --shrink --trace\n", violated.Error.ToString(), StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, "at noon crash n1\n", TestContext.Current.CancellationToken);
        var refused = new CommandLineHarness();
        Assert.Equal(ExitCodes.Usage, await refused.RunAsync("sim", "--seed", "1", "--faults", file));
        Assert.Contains($"--faults {file}: 'at noon crash n1' is no fault; one is ", refused.Error.ToString(), StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    private static async Task<CommandLineHarness> LiveAsync(string line)
    {
        var harness = new CommandLineHarness();
        Assert.Equal(ExitCodes.Ok, await harness.RunAsync(line.Split(' ')));
        Assert.Empty(harness.Daemon.Connects);
        return harness;
    }

    private static async Task<long> GrantsOfAsync(int seed)
    {
        CommandLineHarness harness = await LiveAsync($"sim --seed {seed} --profile calm --nodes 2 -o json");
        return JsonPrinter.Read<SimLife>(harness.Out.ToString()).Counts["Lock Ok"];
    }

    private static SimCommand.LiveOne ViolatedBy(params ulong[] seeds) => (seed, _, _, _, _) =>
        new SimResult(seed, seeds.Contains(seed) ? "S1: two of them" : null, TraceHash: seed, Faults: 0, Operations: [0], new Dictionary<string, long>(), []);

    /// <summary>The command, with lives of which it is known how they end.</summary>
    private static Task<int> LiveWithAsync(CommandLineHarness harness, string line, SimCommand.LiveOne live)
    {
        var globals = new GlobalOptions();
        var root = new Command(TyerCommand.Name) { new SimCommand(live).Build(new CommandRunner(globals, harness.Surroundings)) };
        foreach (Option option in globals.All) root.Add(option);
        return root.Parse(line.Split(' ')).InvokeAsync();
    }
}
