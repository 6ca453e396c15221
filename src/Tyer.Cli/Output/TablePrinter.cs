using Spectre.Console;
using Spectre.Console.Rendering;

namespace Tyer.Cli.Output;

/// <summary>
/// Prints rows for people: aligned columns where they fit, else one block per row, so that nothing is cut off or broken in a narrow
/// terminal. Into a file or pipe it is always columns, without colours, as wide as they need to be.
/// </summary>
internal sealed class TablePrinter
{
    private const int GapBetweenColumns = 2;

    private readonly IAnsiConsole _console;
    private readonly int? _width;

    /// <summary>A printer.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="width">Columns of the terminal; null when it is none.</param>
    /// <param name="colors">Whether to use colours.</param>
    public TablePrinter(TextWriter writer, int? width, bool colors)
    {
        _width = width;
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colors ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        _console.Profile.Width = width ?? int.MaxValue / 2;
    }

    /// <summary>Prints a table; nothing when it has no rows. A cell may be null: a dash.</summary>
    public void Print(IReadOnlyList<Column> columns, IReadOnlyList<string?[]> rows)
    {
        if (rows.Count == 0) return;
        Table table = InColumns(columns, rows);
        if (_width is { } width && WidthOf(table) > width) PrintBlocks(columns, rows);
        else _console.Write(table);
    }

    private int WidthOf(Table table)
    {
        var unbounded = RenderOptions.Create(_console, _console.Profile.Capabilities);
        return ((IRenderable)table).Measure(unbounded, int.MaxValue / 2).Max;
    }

    private static Table InColumns(IReadOnlyList<Column> columns, IReadOnlyList<string?[]> rows)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (Column column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column.Title, new Style(decoration: Decoration.Bold)))
            {
                NoWrap = true,
                Alignment = column.IsNumber ? Justify.Right : Justify.Left,
                Padding = new Padding(0, 0, GapBetweenColumns, 0),
            });
        }

        foreach (string?[] row in rows) table.AddRow(row.Select((cell, i) => Cell(cell, columns[i])));
        return table;
    }

    private void PrintBlocks(IReadOnlyList<Column> columns, IReadOnlyList<string?[]> rows)
    {
        int titles = columns.Max(column => column.Title.Length) + GapBetweenColumns;
        for (int i = 0; i < rows.Count; i++)
        {
            if (i > 0) _console.WriteLine();
            for (int j = 0; j < columns.Count; j++)
            {
                if (rows[i][j] is not { Length: > 0 } cell) continue;
                _console.Write(new Text(columns[j].Title.PadRight(titles), new Style(decoration: Decoration.Bold)));
                _console.WriteLine(cell);
            }
        }
    }

    private static Text Cell(string? text, Column column) => new(text ?? "-", column.Style) { Justification = column.IsNumber ? Justify.Right : Justify.Left };
}

/// <summary>A column of a table.</summary>
/// <param name="Title">Its title, in capitals.</param>
/// <param name="IsNumber">Whether it is aligned to the right.</param>
/// <param name="Style">Its colour; null: the terminal's own.</param>
internal sealed record Column(string Title, bool IsNumber = false, Style? Style = null);
