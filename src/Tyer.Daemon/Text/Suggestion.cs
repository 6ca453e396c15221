namespace Tyer.Daemon.Text;

/// <summary>What somebody probably meant who wrote a word that does not exist.</summary>
internal static class Suggestion
{
    /// <summary>A third of the letters may be wrong, but never more than three: beyond that a guess confuses.</summary>
    private const int FaultsMax = 3;

    /// <summary>The nearest of <paramref name="known"/>; null when none is near.</summary>
    public static string? For(string word, IEnumerable<string> known)
    {
        string? best = null;
        int bestFaults = Math.Min(FaultsMax, (word.Length + 2) / 3) + 1;
        foreach (string candidate in known)
        {
            int faults = Distance(word.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (faults >= bestFaults) continue;
            best = candidate;
            bestFaults = faults;
        }

        return best;
    }

    /// <summary>For the end of a message: <c> Did you mean 'run'?</c>; empty when nothing is near.</summary>
    public static string Sentence(string word, IEnumerable<string> known) => For(word, known) is { } meant ? $" Did you mean '{meant}'?" : "";

    /// <summary>Letters to insert, delete, replace or swap with their neighbour to get from one word to the other.</summary>
    private static int Distance(string from, string to)
    {
        int[,] distance = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++) distance[i, 0] = i;
        for (int j = 0; j <= to.Length; j++) distance[0, j] = j;

        for (int i = 1; i <= from.Length; i++)
        {
            for (int j = 1; j <= to.Length; j++)
            {
                int replaced = distance[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                int best = Math.Min(replaced, Math.Min(distance[i - 1, j], distance[i, j - 1]) + 1);
                bool isSwap = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
                distance[i, j] = isSwap ? Math.Min(best, distance[i - 2, j - 2] + 1) : best;
            }
        }

        return distance[from.Length, to.Length];
    }
}
