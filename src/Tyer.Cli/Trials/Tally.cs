using System.Globalization;

namespace Tyer.Cli.Trials;

/// <summary>
/// The books of a trial: what the file says against what the workers' journals say. Every number from 1 to the file's was written by exactly one
/// worker; a number in two journals is an increment that was lost. Only the last note of a worker that was killed may be without its write.
/// </summary>
/// <param name="File">The number in the file.</param>
/// <param name="Noted">Increments in all journals, less one that a killed worker noted and did not make.</param>
/// <param name="Lost">Numbers that more than one worker wrote.</param>
/// <param name="Missing">Numbers up to the file's that nobody noted.</param>
internal sealed record Tally(long File, long Noted, long Lost, long Missing)
{
    /// <summary>Whether file and journals agree.</summary>
    public bool IsGood => Lost == 0 && Missing == 0 && File == Noted && File > 0;

    /// <summary>Compares.</summary>
    /// <param name="file">The number in the file.</param>
    /// <param name="journals">What each worker noted, in its order.</param>
    /// <param name="killed">Which of the workers were killed.</param>
    public static Tally Of(long file, IReadOnlyList<IReadOnlyList<long>> journals, params IReadOnlyCollection<int> killed)
    {
        var writers = new Dictionary<long, int>();
        long noted = 0;
        for (int worker = 0; worker < journals.Count; worker++)
        {
            foreach (long number in journals[worker])
            {
                writers[number] = writers.GetValueOrDefault(number) + 1;
                noted++;
            }
        }

        // Killed between its note and its write: the next worker wrote that number, or nobody did.
        foreach (int worker in killed)
        {
            if (journals[worker] is not [.., var last] || (last <= file && writers[last] <= 1)) continue;
            writers[last]--;
            noted--;
        }

        long lost = writers.Values.Sum(count => (long)Math.Max(0, count - 1));
        long missing = 0;
        for (long number = 1; number <= file; number++)
            missing += writers.GetValueOrDefault(number) == 0 ? 1 : 0;
        return new Tally(file, noted, lost, missing);
    }

    /// <summary>Reads a journal; a last line that was cut off by a kill is not a note.</summary>
    public static IReadOnlyList<long> ReadJournal(string path)
    {
        if (!System.IO.File.Exists(path)) return [];
        string text = System.IO.File.ReadAllText(path);
        int end = text.LastIndexOf('\n');
        return end < 0 ? [] : [.. text[..end].Split('\n').Select(line => long.Parse(line, CultureInfo.InvariantCulture))];
    }
}
