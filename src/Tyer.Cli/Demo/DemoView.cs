using System.Globalization;
using Spectre.Console;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Trials;

namespace Tyer.Cli.Demo;

/// <summary>How the demo is shown: a table that lives, on a terminal; a line a second elsewhere.</summary>
internal abstract class DemoView
{
    /// <summary>The time between two moments that are shown.</summary>
    public abstract TimeSpan Beat { get; }

    public static DemoView For(Invocation invocation) => invocation.Surroundings is { OutWidth: not null, PlainWanted: false }
        ? new DemoTable(invocation.Out, invocation.Colors)
        : new DemoLines(invocation.Out, invocation.Say);

    /// <summary>Runs the demo; it is given what shows a moment.</summary>
    public abstract Task RunAsync(Func<Action<DemoMoment>, Task> demo);
}

/// <summary>A line a second, and one for each thing that is done to it.</summary>
internal sealed class DemoLines(TextWriter writer, Action<string> say) : DemoView
{
    private int _told;

    public override TimeSpan Beat => TimeSpan.FromSeconds(1);

    public override Task RunAsync(Func<Action<DemoMoment>, Task> demo) => demo(Show);

    private void Show(DemoMoment moment)
    {
        for (; _told < moment.Events.Count; _told++) say(moment.Events[_told]);
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{moment.Elapsed.TotalSeconds,4:0.0} s  count {moment.Count,7}  holds: {Names(moment.Workers.Where(worker => worker.State == DemoState.Holds))}  "
            + $"wait: {Names(moment.Workers.Where(worker => worker.State == DemoState.Waits).OrderBy(worker => worker.Place))}"));
    }

    private static string Names(IEnumerable<DemoRow> workers)
    {
        string names = string.Join(", ", workers.Select(worker => $"{worker.Number}@n{worker.Node}"));
        return names.Length == 0 ? "-" : names;
    }
}

/// <summary>A table that is drawn anew several times a second.</summary>
internal sealed class DemoTable(TextWriter writer, bool colors) : DemoView
{
    private readonly IAnsiConsole _console = AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.Yes,
        ColorSystem = colors ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Out = new AnsiConsoleOutput(writer),
    });

    public override TimeSpan Beat => TimeSpan.FromMilliseconds(200);

    public override Task RunAsync(Func<Action<DemoMoment>, Task> demo) => _console
        .Live(Draw(new DemoMoment(TimeSpan.Zero, 0, [], [])))
        .StartAsync(context => demo(moment => context.UpdateTarget(Draw(moment))));

    private static Table Draw(DemoMoment moment)
    {
        var table = new Table().Border(TableBorder.Simple)
            .Title(string.Create(CultureInfo.InvariantCulture, $"{CountingWorker.Resource} after {moment.Elapsed.TotalSeconds:0.0} s: the file says {moment.Count}"))
            .AddColumn("WORKER").AddColumn("NODE").AddColumn(new TableColumn("PID").RightAligned()).AddColumn("DOES").AddColumn(new TableColumn("ADDED").RightAligned());
        if (moment.Events is [.., var last]) table.Caption(Markup.Escape(last));
        foreach (DemoRow worker in moment.Workers)
        {
            table.AddRow(
                worker.Number.ToString(CultureInfo.InvariantCulture),
                $"n{worker.Node}",
                worker.ProcessId.ToString(CultureInfo.InvariantCulture),
                Does(worker),
                worker.Increments.ToString(CultureInfo.InvariantCulture));
        }

        return table;
    }

    private static string Does(DemoRow worker) => worker.State switch
    {
        DemoState.Holds => "[green]holds[/]",
        DemoState.Waits => string.Create(CultureInfo.InvariantCulture, $"waits, place {worker.Place}"),
        DemoState.Killed => "[red]killed[/]",
        _ => "-",
    };
}
