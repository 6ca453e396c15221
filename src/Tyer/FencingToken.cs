using System.Globalization;

namespace Tyer;

/// <summary>
/// A number that comes with every grant. On one resource each is greater than every earlier one, for ever: across conversions,
/// moves of the master, crashes and full restarts (rule S3). Give it to the systems that the lock protects and let them refuse a
/// smaller one than they have seen: that stops a holder that was paused and does not know that it lost the lock.
/// </summary>
/// <param name="Epoch">The view in which the lock was granted; never repeats.</param>
/// <param name="Counter">Counts grants within the epoch.</param>
/// <remarks>The default value, <c>0.0</c>, is no token; it is less than any that comes with a grant.</remarks>
public readonly record struct FencingToken(ulong Epoch, ulong Counter) : IComparable<FencingToken>
{
    private const int FoldedCounterBits = 40;
    private const int FoldedEpochBits = 23;

    /// <summary>The largest epoch that <see cref="ToInt64"/> can fold: 23 bits.</summary>
    public const ulong FoldedEpochMax = (1UL << FoldedEpochBits) - 1;

    /// <summary>The largest counter that <see cref="ToInt64"/> can fold: 40 bits.</summary>
    public const ulong FoldedCounterMax = (1UL << FoldedCounterBits) - 1;

    /// <inheritdoc/>
    public int CompareTo(FencingToken other) => Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch) : Counter.CompareTo(other.Counter);

    /// <summary>Whether <paramref name="left"/> was granted before <paramref name="right"/>.</summary>
    public static bool operator <(FencingToken left, FencingToken right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> was granted after <paramref name="right"/>.</summary>
    public static bool operator >(FencingToken left, FencingToken right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> is <paramref name="right"/> or was granted before it.</summary>
    public static bool operator <=(FencingToken left, FencingToken right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> is <paramref name="right"/> or was granted after it.</summary>
    public static bool operator >=(FencingToken left, FencingToken right) => left.CompareTo(right) >= 0;

    /// <summary>
    /// The token as one positive number in the same order, for a signed database column: 23 bits of epoch above 40 bits of counter.
    /// </summary>
    /// <exception cref="OverflowException">A part is too large; the message names it. A node avoids this by asking for a new view in
    /// time.</exception>
    public long ToInt64()
    {
        if (Epoch > FoldedEpochMax) throw Overflow("epoch", Epoch, FoldedEpochBits, FoldedEpochMax);
        if (Counter > FoldedCounterMax) throw Overflow("counter", Counter, FoldedCounterBits, FoldedCounterMax);
        return (long)(Epoch << FoldedCounterBits | Counter);
    }

    /// <summary><c>epoch.counter</c>, both decimal: <c>7.1042</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch}.{Counter}");

    /// <summary>Reads what <see cref="ToString"/> printed.</summary>
    /// <exception cref="FormatException">It is no token.</exception>
    public static FencingToken Parse(ReadOnlySpan<char> text) => TryParse(text, out FencingToken token)
        ? token
        : throw new FormatException($"'{text}' is not a fencing token. One looks like 7.1042: epoch, dot, counter, both decimal.");

    /// <summary>Reads what <see cref="ToString"/> printed; false when it is something else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out FencingToken token)
    {
        int dot = text.IndexOf('.');
        if (dot >= 0
            && ulong.TryParse(text[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out ulong epoch)
            && ulong.TryParse(text[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ulong counter))
        {
            token = new FencingToken(epoch, counter);
            return true;
        }

        token = default;
        return false;
    }

    private OverflowException Overflow(string part, ulong value, int bits, ulong max) =>
        new($"The {part} {value} of the fencing token {this} does not fit in the {bits} bits of its folded form (at most {max}).");
}
