using Tyer.Comms.Links;

namespace Tyer.Comms.Peers;

/// <summary>
/// What a node speaks with others: a range of versions of the protocol, features by bit, and what of that is denied because it was found to
/// be bad after it had been released. Two nodes speak the highest version that both know, with the features that both offer; which is why a
/// node that knows better refuses, and one that does not need not know.
/// </summary>
/// <param name="Lowest">The lowest version.</param>
/// <param name="Highest">The highest version.</param>
/// <param name="Features">The features that it offers.</param>
internal sealed record Dialect(ushort Lowest, ushort Highest, ulong Features)
{
    /// <summary>What this code speaks: version 1, which has no features yet, and nothing of it is denied yet.</summary>
    public static Dialect Own { get; } = new(Lowest: 1, Highest: 1, Features: 0);

    /// <summary>What is known to be bad.</summary>
    public IReadOnlyList<DeniedPair> Denied { get; init; } = [];

    /// <summary>The version that two nodes speak; 0 when there is none that both know.</summary>
    /// <param name="lowest">The other's lowest version.</param>
    /// <param name="highest">The other's highest version.</param>
    public ushort Agree(ushort lowest, ushort highest) =>
        lowest > Highest || highest < Lowest || lowest > highest ? (ushort)0 : Math.Min(Highest, highest);

    /// <summary>Whether two nodes may speak so.</summary>
    /// <param name="version">The version that they speak.</param>
    /// <param name="offered">The features that the other offers.</param>
    /// <param name="required">The features that the other insists on.</param>
    public RefusalCode Judge(ushort version, ulong offered, ulong required)
    {
        if ((required & ~Features) != 0) return RefusalCode.FeatureRequired;
        ulong features = offered & Features;
        return Denied.Any(pair => pair.Version == version && (features & pair.Features) == pair.Features) ? RefusalCode.CombinationDenied : RefusalCode.None;
    }
}

/// <summary>A version with features that are not to be used together.</summary>
/// <param name="Version">The version.</param>
/// <param name="Features">All of these; 0: the version, whatever its features.</param>
internal readonly record struct DeniedPair(ushort Version, ulong Features);
