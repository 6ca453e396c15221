using System.Globalization;

namespace Tyer.System.Tests.Faults;

/// <summary>What the faults of one engine took, a row for each; printed when all have been.</summary>
public sealed class FaultTable : IDisposable
{
    private readonly List<Round> _rounds = [];
    private string _engine = "";

    /// <summary>One more round is over.</summary>
    internal void Add(Type tests, string fault, TimeSpan granted, TimeSpan together, TimeSpan bound)
    {
        _engine = tests.Name;
        _rounds.Add(new Round(fault, granted, together, bound));
    }

    public void Dispose()
    {
        if (_rounds.Count == 0)
            return;
        Console.WriteLine();
        Console.WriteLine($"{_engine,-42} {"rounds",6} {"granted again",16} {"worst",9} {"bound",9} {"together again",16} {"worst",9}");
        foreach (var rounds in _rounds.GroupBy(round => round.Fault))
        {
            var granted = rounds.Select(round => round.Granted).Order().ToArray();
            var together = rounds.Select(round => round.Together).Order().ToArray();
            Console.WriteLine(
                $"{rounds.Key,-42} {granted.Length,6} {Seconds(Median(granted)),16} {Seconds(granted[^1]),9} {Seconds(rounds.Min(round => round.Bound)),9} {Seconds(Median(together)),16} {Seconds(together[^1]),9}");
        }
    }

    private static TimeSpan Median(TimeSpan[] inOrder) => (inOrder[(inOrder.Length - 1) / 2] + inOrder[inOrder.Length / 2]) / 2;

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.000} s");

    private sealed record Round(string Fault, TimeSpan Granted, TimeSpan Together, TimeSpan Bound);
}
