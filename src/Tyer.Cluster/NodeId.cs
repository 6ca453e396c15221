using System.Globalization;

namespace Tyer.Cluster;

/// <summary>The number of a node, 1 to 1023: fixed by configuration, unique in its cluster, and the top 10 bits of its lock ids.</summary>
/// <remarks>The default value is no node.</remarks>
public readonly record struct NodeId : IComparable<NodeId>
{
    /// <summary>Makes a node id.</summary>
    /// <param name="value">1 to 1023.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="value"/> is out of that range.</exception>
    public NodeId(uint value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, Limits.NodeIdMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, Limits.NodeIdMax);
        Value = value;
    }

    /// <summary>The number, 1 to 1023; 0 in the default value.</summary>
    public uint Value { get; }

    /// <summary>Whether <paramref name="value"/> is in the range of node ids.</summary>
    public static bool IsValid(uint value) => value is >= Limits.NodeIdMin and <= Limits.NodeIdMax;

    /// <inheritdoc/>
    public int CompareTo(NodeId other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is the smaller number.</summary>
    public static bool operator <(NodeId left, NodeId right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is the greater number.</summary>
    public static bool operator >(NodeId left, NodeId right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is the smaller number or the same.</summary>
    public static bool operator <=(NodeId left, NodeId right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is the greater number or the same.</summary>
    public static bool operator >=(NodeId left, NodeId right) => left.Value >= right.Value;

    /// <summary>The number, decimal.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
