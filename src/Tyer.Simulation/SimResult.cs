namespace Tyer.Simulation;

/// <summary>How a simulated life ended.</summary>
/// <param name="Seed">What it was made from.</param>
/// <param name="Violation">The first rule that did not hold, with when and where; null: all held.</param>
/// <param name="TraceHash">A number made from everything that happened: equal for equal seeds.</param>
/// <param name="Faults">How many faults were planned.</param>
/// <param name="Operations">How many operations each client had in mind, by its number less one.</param>
/// <param name="Counts">How often what happened.</param>
/// <param name="Trace">What happened, line by line, if that was asked for.</param>
public sealed record SimResult(
    ulong Seed, string? Violation, ulong TraceHash, int Faults, IReadOnlyList<int> Operations, IReadOnlyDictionary<string, long> Counts, IReadOnlyList<string> Trace)
{
    internal const string Cut = "cut: ";
    internal const string CutIn = " in ";

    /// <summary>
    /// How far a recovery may be when something else happens: no view yet; records are on their way to new directory nodes; locks are, to new
    /// masters; only proofs are awaited; all is settled.
    /// </summary>
    public static IReadOnlyList<string> Phases { get; } = ["joining", "records", "rebuilds", "proofs", "settled"];

    /// <summary>How often what happened in which phase of a recovery, from <see cref="Counts"/> of one life or the sums of many.</summary>
    /// <param name="counts">How often what happened.</param>
    /// <returns>By what happened, in the order of the words; the times in the order of <see cref="Phases"/>.</returns>
    public static IReadOnlyList<(string What, IReadOnlyList<long> Times)> Cuts(IReadOnlyDictionary<string, long> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return
        [
            .. from count in counts
               where IsCut(count.Key)
               group count by count.Key[Cut.Length..count.Key.LastIndexOf(CutIn, StringComparison.Ordinal)] into cuts
               orderby cuts.Key
               select (cuts.Key, (IReadOnlyList<long>)[.. Phases.Select(phase => cuts.Where(cut => cut.Key.EndsWith(CutIn + phase, StringComparison.Ordinal)).Sum(cut => cut.Value))]),
        ];
    }

    /// <summary>Whether a word of <see cref="Counts"/> belongs to <see cref="Cuts"/>.</summary>
    public static bool IsCut(string what)
    {
        ArgumentNullException.ThrowIfNull(what);
        return what.StartsWith(Cut, StringComparison.Ordinal);
    }
}
