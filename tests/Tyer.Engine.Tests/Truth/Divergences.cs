namespace Tyer.Engine.Tests.Truth;

/// <summary>
/// Where a difference makes a later step of its program come out otherwise and no rule says how: what Tyer answers there, in whole, and
/// why that is right.
/// </summary>
internal static class Divergences
{
    private static readonly Dictionary<string, string[]> Steps = new(StringComparer.Ordinal)
    {
        // e was granted CW in place of PR in step 5. The kernel's owner believes PR, and so drops the notice for PR as none of its concern;
        // Tyer's knows that it holds CW, which is in the way.
        ["0158:7"] = ["a blocking PR", "b pending", "e blocking PR"],
    };

    /// <summary>All steps listed, as program:step.</summary>
    internal static IReadOnlyCollection<string> All => Steps.Keys;

    /// <summary>The lines of a step, those of one lock together; null if it is not listed.</summary>
    internal static IReadOnlyList<string>? Find(string step) => Steps.GetValueOrDefault(step);
}
