using Spectre.Console;
using Spectre.Console.Rendering;

namespace Tyer.Cli.Output;

/// <summary>
/// Prints rows for people: aligned columns where they fit, else one block per row, so that nothing is cut off or broken in a narrow
/// terminal. Into a file or pipe it is always columns, without colours, as wide as they need to be.
/// </summary>
/// <param name="writer">Where to.</param>
/// <param name="width">Columns of the terminal; null when it is none.</param>
/// <param name="colors">Whether to use colours.</param>
internal sealed class TablePrinter(TextWriter writer, int? width, bool colors)
{
    private const int GapBetweenColumns = 2;
    private const int Endless = int.MaxValue / 2;

    private static readonly Style TitleStyle = new(decoration: Decoration.Bold);

    /// <summary>Prints a table; nothing when it has no rows. A cell may be null: a dash.</summary>
    public void Print(IReadOnlyList<Column> columns, IReadOnlyList<string?[]> rows)
    {
        if (rows.Count == 0) return;

        using var page = new StringWriter { NewLine = "\n" };
        IAnsiConsole console = ConsoleOn(page);
        Table table = InColumns(columns, rows);
        if (width is { } limit && WidthOf(table, console) > limit) PrintBlocks(console, columns, rows);
        else console.Write(table);

        // The cells of the last column are filled up, too: nobody needs those spaces.
        foreach (string line in page.ToString().TrimEnd('\n').Split('\n')) writer.WriteLine(line.TrimEnd());
    }

    private IAnsiConsole ConsoleOn(TextWriter page)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colors ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(page),
        });
        console.Profile.Width = Endless;
        return console;
    }

    private static int WidthOf(Table table, IAnsiConsole console) =>
        ((IRenderable)table).Measure(RenderOptions.Create(console, console.Profile.Capabilities), Endless).Max;

    private static Table InColumns(IReadOnlyList<Column> columns, IReadOnlyList<string?[]> rows)
    {
        var table = new Table { Border = TableBorder.None };
        for (int i = 0; i < columns.Count; i++)
        {
            table.AddColumn(new TableColumn(new Text(columns[i].Title, TitleStyle))
            {
                NoWrap = true,
                Alignment = columns[i].IsNumber ? Justify.Right : Justify.Left,
                Padding = new Padding(0, 0, i == columns.Count - 1 ? 0 : GapBetweenColumns, 0),
            });
        }

        foreach (string?[] row in rows) table.AddRow(row.Select(cell => new Text(cell ?? "-")));
        return table;
    }

    private static void PrintBlocks(IAnsiConsole console, IReadOnlyList<Column> columns, IReadOnlyList<string?[]> rows)
    {
        int titles = columns.Max(column => column.Title.Length) + GapBetweenColumns;
        for (int i = 0; i < rows.Count; i++)
        {
            if (i > 0) console.WriteLine();
            for (int j = 0; j < columns.Count; j++)
            {
                if (rows[i][j] is not { } cell) continue;
                console.Write(new Text(columns[j].Title.PadRight(titles), TitleStyle));
                console.WriteLine(cell);
            }
        }
    }
}

/// <summary>A column of a table.</summary>
/// <param name="Title">Its title, in capitals.</param>
/// <param name="IsNumber">Whether it is aligned to the right.</param>
internal sealed record Column(string Title, bool IsNumber = false);
