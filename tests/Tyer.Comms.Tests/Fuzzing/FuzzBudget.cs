using System.Diagnostics;
using System.Globalization;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Fuzzing;

/// <summary>
/// How long to fuzz, and from which seed: a moment from seed 1 in the tests; what TYER_FUZZ_SECONDS and TYER_FUZZ_SEED say in a long run
/// (<c>eng/fuzz</c>). A failure names the seed that replays it.
/// </summary>
internal static class FuzzBudget
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(1.5);

    /// <summary>Runs a property for seed after seed until the time is over; returns how many.</summary>
    public static int Run(Action<Dice> property)
    {
        TimeSpan limit = Number("TYER_FUZZ_SECONDS") is { } seconds ? TimeSpan.FromSeconds(seconds) : Usual;
        ulong seed = Number("TYER_FUZZ_SEED") ?? 1;
        long start = Stopwatch.GetTimestamp();
        int runs = 0;
        for (; runs == 0 || Stopwatch.GetElapsedTime(start) < limit; runs++) Seeds.Replay(seed++, property);
        TestContext.Current.TestOutputHelper?.WriteLine($"{runs} runs, up to seed {seed - 1}");
        return runs;
    }

    private static ulong? Number(string variable) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : null;
}
