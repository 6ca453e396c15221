using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Tyer;

/// <summary>
/// Assertions that stay on in production: a node that finds itself inconsistent stops rather than grants. For what only a bug can
/// cause; errors that a user can cause have exceptions of their own.
/// </summary>
public static class Invariant
{
    /// <summary>Goes on only where <paramref name="condition"/> holds.</summary>
    /// <param name="condition">What must be true.</param>
    /// <param name="rule">The rule that would be broken, in words; a constant, so that the check costs nothing while it holds.</param>
    /// <param name="expression">Filled in by the compiler.</param>
    /// <exception cref="InvariantException">It does not hold.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(
        [DoesNotReturnIf(false)] bool condition, string rule, [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        if (!condition) throw new InvariantException(rule, expression);
    }

    /// <summary>For the branch that cannot be reached: <c>throw Invariant.Broken("…")</c>.</summary>
    /// <param name="rule">The rule that is broken, in words.</param>
    public static InvariantException Broken(string rule) => new(rule, "unreachable");
}
