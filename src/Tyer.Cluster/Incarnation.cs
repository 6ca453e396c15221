using System.Globalization;

namespace Tyer.Cluster;

/// <summary>
/// One life of a node: each start has a greater one than the start before. What a node did in an earlier life, it did as
/// somebody else; membership never takes one for the other.
/// </summary>
/// <param name="Value">Greater than 0; 0 in the default value, which is no incarnation.</param>
public readonly record struct Incarnation(ulong Value) : IComparable<Incarnation>
{
    /// <summary>The incarnation for a start.</summary>
    /// <param name="stored">The last one that the state directory knows; the default where it knows none.</param>
    /// <param name="wallClock">What the machine takes for the time of day.</param>
    /// <remarks>
    /// A bare counter begins again when the state directory is lost or restored from a backup, and then two lives look alike.
    /// So it is raised to the milliseconds since 1970. Nothing measures time by it: with a wrong wall clock it still counts.
    /// </remarks>
    /// <exception cref="OverflowException">There is no greater one.</exception>
    internal static Incarnation Next(Incarnation stored, DateTimeOffset wallClock)
    {
        ulong counted = checked(stored.Value + 1);
        ulong milliseconds = (ulong)Math.Max(0, wallClock.ToUnixTimeMilliseconds());
        return new Incarnation(Math.Max(counted, milliseconds));
    }

    /// <inheritdoc/>
    public int CompareTo(Incarnation other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> came earlier.</summary>
    public static bool operator <(Incarnation left, Incarnation right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> came later.</summary>
    public static bool operator >(Incarnation left, Incarnation right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> came earlier or is the same.</summary>
    public static bool operator <=(Incarnation left, Incarnation right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> came later or is the same.</summary>
    public static bool operator >=(Incarnation left, Incarnation right) => left.Value >= right.Value;

    /// <summary>The number, decimal.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A node in one of its lives. Views, proofs and everything else that says who is in or out speaks of these.</summary>
/// <param name="Node">The node.</param>
/// <param name="Incarnation">Which of its lives.</param>
public readonly record struct NodeIncarnation(NodeId Node, Incarnation Incarnation)
{
    /// <summary><c>n.i</c>: node, dot, incarnation.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Node}.{Incarnation}");
}
