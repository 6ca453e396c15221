using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Demo;
using Tyer.Cli.Output;
using Tyer.Cli.Running;
using Tyer.Cli.Trials;
using Tyer.Sessions.Administration;
using Tyer.Time;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer demo</c>: three nodes, eight workers, one file; a worker and a whole node are killed on the way; loses no increment, or says how many.</summary>
internal sealed class DemoCommand
{
    private static readonly TimeSpan UsualDuration = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(60);

    private readonly Option<TimeSpan?> _duration = new("--duration")
    {
        Description = "How long to watch, such as 30s. Default: 10s.",
        HelpName = "SPAN",
        CustomParser = Values.OptionalSpan,
    };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("demo", "Watch three nodes and eight workers take turns for ten seconds. Starts what it needs and ends it; touches no daemon.") { _duration };
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        using var interruption = new Interruption(cancellationToken);
        return await ShowAsync(invocation, invocation.Get(_duration) ?? UsualDuration, interruption.Token).ConfigureAwait(false);
    }

    private static async Task<int> ShowAsync(Invocation invocation, TimeSpan duration, CancellationToken cancellationToken)
    {
        invocation.Say($"starting {TrialCluster.Nodes} nodes (n1, n2, n3) on loopback...");
        TrialCluster cluster = TrialCluster.Start(invocation.Surroundings.Self);
        await using var clusterEnd = cluster.ConfigureAwait(false);
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        starting.CancelAfter(StartMax);
        await cluster.FormAsync(starting.Token).ConfigureAwait(false);

        var run = new DemoRun(invocation.Surroundings.Self, cluster);
        await using var runEnd = run.ConfigureAwait(false);
        run.Start();
        invocation.Say($"{DemoRun.WorkersAtFirst} worker processes on three nodes add one to a number in a file: read, add, write, guarded by the lock '{CountingWorker.Resource}' alone.");
        DemoView view = DemoView.For(invocation);
        await view.RunAsync(show => WatchAsync(invocation.Surroundings.Clock, run, duration, view.Beat, show, cancellationToken)).ConfigureAwait(false);
        await run.EndAsync().ConfigureAwait(false);
        foreach ((string node, RecoveryInfo recovery) in await run.RecoveriesAsync(cancellationToken).ConfigureAwait(false))
            invocation.Out.WriteLine(RecoveryText.Timeline(node, recovery));
        return Report(invocation, run.Judge());
    }

    /// <summary>Looks every beat until the time is over, and kills on the way.</summary>
    private static async Task WatchAsync(
        IClock clock, DemoRun run, TimeSpan duration, TimeSpan beat, Action<DemoMoment> show, CancellationToken cancellationToken)
    {
        TimeSpan begun = clock.Now;
        // On a slow machine what is to be shown may take longer than that.
        while (clock.Now - begun is var elapsed && (elapsed < duration || !run.HasShownAll))
        {
            TimeSpan left = duration - elapsed;
            await Task.Delay(left > TimeSpan.Zero && left < beat ? left : beat, cancellationToken).ConfigureAwait(false);
            await run.StepAsync((clock.Now - begun) / duration, cancellationToken).ConfigureAwait(false);
            show(await run.LookAsync(clock.Now - begun, cancellationToken).ConfigureAwait(false));
        }
    }

    private static int Report(Invocation invocation, Tally tally)
    {
        long lost = tally.Lost + tally.Missing + Math.Abs(tally.File - tally.Noted);
        invocation.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"The file says {tally.File}, the workers' journals say {tally.Noted}: {lost} lost."));
        return tally.IsGood ? ExitCodes.Ok : ExitCodes.Error;
    }
}
