using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Output;
using Tyer.Simulation;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer sim</c>: clusters in a box, thousands of them, each made from a seed; exit 1 if a rule of the contract was violated.</summary>
internal sealed class SimCommand(SimCommand.LiveOne live)
{
    private const int UsualRuns = 1000;
    private const int RunsMax = 1_000_000_000;
    private static readonly TimeSpan BetweenReports = TimeSpan.FromSeconds(1);

    private readonly Option<ulong?> _seed = new("--seed")
    {
        Description = "Live this one life, as it was lived before; with --runs: begin with it.",
        HelpName = "N",
        CustomParser = Values.OptionalSeed,
    };

    private readonly Option<int?> _runs = new("--runs")
    {
        Description = $"How many lives, with one seed after the other; {UsualRuns} if nothing is said.",
        HelpName = "N",
        CustomParser = Values.OptionalNumber(1, RunsMax),
    };

    private readonly Option<(int Least, int Most)?> _nodes = new("--nodes")
    {
        Description = $"How many nodes, 2 to {Simulation.Simulation.NodesMax}, or from how many to how many, as chance will: 2-16. Default: 2-6.",
        HelpName = "N",
        CustomParser = Values.OptionalRange(2, Simulation.Simulation.NodesMax),
    };

    private readonly Option<SimProfile?> _profile = new("--profile")
    {
        Description = $"How rough life is: {Names}; otherwise each in its turn.",
        HelpName = "NAME",
        CustomParser = Values.OptionalProfile,
    };

    private readonly Option<string?> _faults = new("--faults")
    {
        Description = "What goes wrong when, from this file, and nothing else; a line: at 2000 freeze n1 for 800 (milliseconds).",
        HelpName = "FILE",
    };

    private readonly Option<bool> _trace = new("--trace") { Description = "With --seed: tell the story." };
    private readonly Option<bool> _shrink = new("--shrink") { Description = "With --seed: leave out of the story what the violation does not need." };

    private readonly Option<bool> _cost = new("--cost") { Description = "Count the messages of one node's recovery, for clusters and lockspaces of several sizes. Takes a minute or two." };

    /// <summary>Lives one life, as <see cref="Simulation.Simulation.Run(ulong, SimProfile, int, bool, SimReduction?)"/> does.</summary>
    internal delegate SimResult LiveOne(ulong seed, SimProfile profile, int nodes, bool traces, SimReduction? reduction);

    private static string Names => string.Join(", ", SimProfile.All.Select(profile => profile.Name));

    public Command Build(CommandRunner runner)
    {
        var command = new Command("sim", "Try the cluster's rules in simulated clusters under faults; exit 1 if one is violated. Touches no daemon.")
        {
            _seed, _runs, _nodes, _profile, _faults, _trace, _shrink, _cost,
        };
        _profile.CompletionSources.Add([.. SimProfile.All.Select(profile => profile.Name)]);
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        if (invocation.Get(_cost))
            return CountCosts(invocation);
        SimProfile? profile = invocation.Get(_profile);
        IReadOnlyList<SimFault>? script = ReadScript(invocation.Get(_faults));
        (int Least, int Most)? size = invocation.Get(_nodes);
        int NodesOf(ulong seed) => size is var (least, most) ? Simulation.Simulation.NodesOf(seed, least, most) : 0;
        int runs = invocation.Get(_runs) ?? UsualRuns;
        if (invocation.Get(_seed) is { } seed && invocation.Get(_runs) is null)
            return LiveAgain(invocation, seed, (profile ?? SimProfile.Of(seed)) with { Script = script }, NodesOf(seed));
        if (invocation.Get(_trace) || invocation.Get(_shrink))
        {
            throw new CommandFailure(
                ExitCodes.Usage, $"--trace and --shrink are for one life: name it with --seed, without --runs. See '{TyerCommand.Name} sim --help'.");
        }

        return await LiveManyAsync(
            invocation,
            invocation.Get(_seed) ?? 1,
            runs,
            seed => (profile ?? SimProfile.Of(seed)) with { Script = script },
            NodesOf,
            invocation.Get(_faults),
            cancellationToken).ConfigureAwait(false);
    }

    private static IReadOnlyList<SimFault>? ReadScript(string? file)
    {
        if (file is null) return null;
        try
        {
            return SimFault.Parse(File.ReadAllText(file));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new CommandFailure(ExitCodes.Usage, $"--faults {file}: {fault.Message}");
        }
    }

    private static int CountCosts(Invocation invocation)
    {
        List<RecoveryCost> costs = [];
        foreach (int locks in (int[])[1_000, 10_000, 100_000, 1_000_000])
        {
            foreach (int nodes in (int[])[3, 8, 16, 32, 64])
            {
                costs.Add(RecoveryCost.Measure(nodes, locks));
                invocation.Say(string.Create(CultureInfo.InvariantCulture, $"{locks:N0} locks on {nodes} nodes: {costs[^1].Messages:N0} messages"));
            }
        }

        if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, new SimCosts(costs));
        else SimText.Print(new TablePrinter(invocation.Out, invocation.Surroundings.OutWidth, invocation.Colors), costs);
        return costs.All(cost => cost.Delayed == 0) ? ExitCodes.Ok : ExitCodes.Error;
    }

    private int LiveAgain(Invocation invocation, ulong seed, SimProfile profile, int nodes)
    {
        SimReduction reduction = SimReduction.None;
        if (invocation.Get(_shrink))
        {
            invocation.Say("looking for what can be left out...");
            reduction = Shrinker.Shrink(seed, profile, nodes);
            invocation.Say($"left out: {reduction.WithoutFaults.Count} faults, {reduction.WithoutClients.Count} clients, {reduction.WithoutOperations.Values.Sum(numbers => numbers.Count)} operations of the others");
        }

        SimResult life = live(seed, profile, nodes, invocation.Get(_trace), reduction);
        if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, SimLife.Of(life, profile.Name));
        else SimText.Print(invocation.Out, life, profile.Name);
        return life.Violation is null ? ExitCodes.Ok : ExitCodes.Error;
    }

    private static string HowToSeeAgain(ulong seed, SimProfile profile, int nodes, string? faults)
    {
        string size = nodes == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" --nodes {nodes}");
        string script = faults is null ? "" : $" --faults {faults}";
        return $"{TyerCommand.Name} sim --seed {seed} --profile {profile.Name}{size}{script} --shrink --trace";
    }

    private async Task<int> LiveManyAsync(
        Invocation invocation, ulong first, int runs, Func<ulong, SimProfile> profileOf, Func<ulong, int> nodesOf, string? faults, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var violations = new ConcurrentBag<SimViolation>();
        int lived = 0;
        Task living = Parallel.ForEachAsync(
            Enumerable.Range(0, runs),
            new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount },
            (number, _) =>
            {
                ulong seed = first + (ulong)number;
                SimProfile rough = profileOf(seed);
                SimResult life = live(seed, rough, nodesOf(seed), false, null);
                if (life.Violation is { } rule)
                {
                    violations.Add(new SimViolation(seed, rough.Name, rule));
                    // At once: the rest may take hours.
                    string again = HowToSeeAgain(seed, rough, nodesOf(seed), faults);
                    lock (violations) invocation.Say($"violated: {again}");
                }

                lock (counts)
                {
                    foreach ((string what, long times) in life.Counts) counts[what] = counts.GetValueOrDefault(what) + times;
                }

                Interlocked.Increment(ref lived);
                return ValueTask.CompletedTask;
            });
        while (await Task.WhenAny(living, Task.Delay(BetweenReports, cancellationToken)).ConfigureAwait(false) != living && !cancellationToken.IsCancellationRequested)
        {
            double seconds = clock.Elapsed.TotalSeconds;
            invocation.Say(string.Create(
                CultureInfo.InvariantCulture, $"{lived:N0} of {runs:N0} lives, {lived / seconds:0.0} a second, {violations.Count} violations"));
        }

        await living.ConfigureAwait(false);
        var report = new SimReport(runs, first, clock.Elapsed.TotalSeconds, [.. violations.OrderBy(violation => violation.Seed)], counts);
        if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, report);
        else SimText.Print(invocation.Out, new TablePrinter(invocation.Out, invocation.Surroundings.OutWidth, invocation.Colors), report);
        if (report.Violations is [var worst, ..])
            invocation.Say($"to see the first again: {HowToSeeAgain(worst.Seed, profileOf(worst.Seed), nodesOf(worst.Seed), faults)}");
        return report.Violations.Count == 0 ? ExitCodes.Ok : ExitCodes.Error;
    }
}
