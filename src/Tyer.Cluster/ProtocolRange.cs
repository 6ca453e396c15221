using System.Globalization;

namespace Tyer.Cluster;

/// <summary>Which versions of the lock protocol between nodes a build speaks: all from the least to the greatest.</summary>
public readonly record struct ProtocolRange
{
    /// <summary>What this build speaks.</summary>
    public static ProtocolRange Offered { get; } = new(1, 1);

    /// <summary>Describes a range.</summary>
    /// <param name="minimum">1 to 65535.</param>
    /// <param name="maximum">That or more, to 65535.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is no range.</exception>
    public ProtocolRange(int minimum, int maximum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, minimum);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximum, ushort.MaxValue);
        Minimum = minimum;
        Maximum = maximum;
    }

    /// <summary>The least version.</summary>
    public int Minimum { get; }

    /// <summary>The greatest.</summary>
    public int Maximum { get; }

    /// <summary>Whether it speaks a version.</summary>
    public bool Contains(int version) => version >= Minimum && version <= Maximum;

    /// <summary><c>1</c>, or <c>1 to 2</c>.</summary>
    public override string ToString() => Minimum == Maximum
        ? Maximum.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Minimum} to {Maximum}");
}
