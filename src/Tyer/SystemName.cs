using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Tyer;

/// <summary>
/// The syntax of the names of lockspaces, nodes and clusters: 1 to 64 of <c>A-Za-z0-9._-</c>, and not <c>.</c> or <c>..</c>,
/// since they become parts of paths.
/// </summary>
public static class SystemName
{
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Whether <paramref name="name"/> may name a lockspace, a node or a cluster.</summary>
    public static bool IsValid([NotNullWhen(true)] string? name) => name is not null && Fault(name) is null;

    /// <summary>Returns when <paramref name="name"/> is well formed.</summary>
    /// <param name="name">The name to check.</param>
    /// <param name="what">What it names, for the message: "lockspace name", "node name", "cluster name".</param>
    /// <param name="parameterName">Filled in by the compiler.</param>
    /// <exception cref="ArgumentNullException">There is no name.</exception>
    /// <exception cref="ArgumentException">The message says what is wrong with it.</exception>
    public static void ThrowIfInvalid(
        [NotNull] string? name, string what, [CallerArgumentExpression(nameof(name))] string? parameterName = null)
    {
        ArgumentNullException.ThrowIfNull(name, parameterName);
        if (Fault(name) is { } fault) throw new ArgumentException($"The {what} {fault}", parameterName);
    }

    private static string? Fault(string name)
    {
        if (name.Length == 0) return $"is empty; it takes 1 to {Limits.SystemNameLengthMax} characters.";
        if (name.Length > Limits.SystemNameLengthMax)
            return $"has {name.Length} characters; the limit is {Limits.SystemNameLengthMax}.";
        if (name is "." or "..") return $"must not be '{name}': it is used in paths.";

        int bad = name.AsSpan().IndexOfAnyExcept(Allowed);
        return bad < 0 ? null : $"has a character at position {bad + 1} (U+{(int)name[bad]:X4}) that is not one of A-Z a-z 0-9 . _ -";
    }
}
