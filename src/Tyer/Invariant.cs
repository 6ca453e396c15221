using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Tyer;

/// <summary>
/// Assertions that stay on in production: a node that finds itself inconsistent stops rather than grants. For what only a bug can
/// cause; errors that a user can cause have exceptions of their own.
/// </summary>
public static class Invariant
{
    /// <summary>Goes on only where <paramref name="holds"/> is true.</summary>
    /// <param name="holds">What must be true.</param>
    /// <param name="rule">The rule, in words; a constant, so that the check costs nothing while it holds.</param>
    /// <exception cref="InvariantBrokenException">It does not hold.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check([DoesNotReturnIf(false)] bool holds, string rule)
    {
        if (!holds) Break(rule);
    }

    // Apart, so that the check itself is small enough to vanish into its caller.
    [DoesNotReturn]
    private static void Break(string rule) => throw new InvariantBrokenException(rule);
}
