using System.Globalization;

namespace Tyer;

/// <summary>
/// Names one lock, in the whole cluster and for ever: an id is never used again, not even after a full restart. It is not a
/// secret, and knowing it gives no right to release the lock.
/// </summary>
/// <param name="Value">The top 10 bits are the node that issued it, the other 54 a counter of that node.</param>
/// <remarks>The default value is no lock.</remarks>
public readonly record struct LockId(ulong Value)
{
    internal const int NodeBits = 10;
    private const int CounterBits = 64 - NodeBits;
    private const string Prefix = "id:";

    /// <summary>The largest counter: 54 bits.</summary>
    public const ulong CounterMax = (1UL << CounterBits) - 1;

    /// <summary>The node that issued the id, 1 to 1023; 0 for the default value.</summary>
    public uint Node => (uint)(Value >> CounterBits);

    /// <summary>The issuing node's counter.</summary>
    public ulong Counter => Value & CounterMax;

    /// <summary>Makes an id.</summary>
    /// <param name="node">The issuing node, 1 to 1023.</param>
    /// <param name="counter">The node's counter, up to <see cref="CounterMax"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is out of its range.</exception>
    public static LockId Create(uint node, ulong counter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(node, Limits.NodeIdMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(node, Limits.NodeIdMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(counter, CounterMax);
        return new LockId((ulong)node << CounterBits | counter);
    }

    /// <summary><c>id:</c> and the value in hexadecimal, without leading zeros: <c>id:4000000000002a</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Value:x}");

    /// <summary>Reads what <see cref="ToString"/> printed.</summary>
    /// <exception cref="FormatException">It is no lock id.</exception>
    public static LockId Parse(ReadOnlySpan<char> text) => TryParse(text, out LockId id)
        ? id
        : throw new FormatException($"'{text}' is not a lock id. One looks like id:4000000000002a.");

    /// <summary>Reads what <see cref="ToString"/> printed; false when it is something else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out LockId id)
    {
        if (text.StartsWith(Prefix, StringComparison.Ordinal)
            && ulong.TryParse(text[Prefix.Length..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value))
        {
            id = new LockId(value);
            return true;
        }

        id = default;
        return false;
    }
}
