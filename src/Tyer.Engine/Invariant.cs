using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Tyer.Engine;

/// <summary>
/// What must hold in every build. A node that finds itself inconsistent stops rather than grants: the exception is not
/// meant to be caught by anything but the node's own end.
/// </summary>
public static class Invariant
{
    /// <summary>Stops the node if <paramref name="holds"/> is false.</summary>
    /// <param name="holds">What must be true.</param>
    /// <param name="rule">The rule, as a sentence.</param>
    /// <exception cref="InvariantBrokenException">It does not hold.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check([DoesNotReturnIf(false)] bool holds, string rule)
    {
        if (!holds)
            Break(rule);
    }

    [DoesNotReturn]
    private static void Break(string rule) => throw new InvariantBrokenException(rule);
}
