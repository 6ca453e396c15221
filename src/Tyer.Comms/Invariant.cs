using System.Diagnostics;

namespace Tyer.Comms;

/// <summary>What only a bug can break; checked in release builds too.</summary>
internal static class Invariant
{
    /// <summary>Returns if the claim holds.</summary>
    /// <exception cref="UnreachableException">It does not.</exception>
    public static void Check(bool holds, string claim)
    {
        if (!holds) throw new UnreachableException($"Broken invariant: {claim}.");
    }
}
