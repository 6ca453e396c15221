using System.Diagnostics.CodeAnalysis;

namespace Tyer;

/// <summary>
/// What the six modes mean to each other. Modes are compared by these tables and never by their numbers.
/// </summary>
public static class LockModes
{
    /// <summary>How many modes there are; their values are 0 to 5.</summary>
    public const int Count = 6;

    private const byte No = 0;
    private const byte Ok = 1;

    /// <summary>Row: one lock's mode; column: the other's.</summary>
    private static ReadOnlySpan<byte> Compatible =>
    [
        //      NL  CR  CW  PR  PW  EX
        /* NL */ Ok, Ok, Ok, Ok, Ok, Ok,
        /* CR */ Ok, Ok, Ok, Ok, Ok, No,
        /* CW */ Ok, Ok, Ok, No, No, No,
        /* PR */ Ok, Ok, No, Ok, No, No,
        /* PW */ Ok, Ok, No, No, No, No,
        /* EX */ Ok, No, No, No, No, No,
    ];

    /// <summary>Row: granted; column: requested.</summary>
    private static ReadOnlySpan<byte> StrictConversion =>
    [
        //      NL  CR  CW  PR  PW  EX
        /* NL */ No, Ok, Ok, Ok, Ok, Ok,
        /* CR */ No, No, Ok, Ok, Ok, Ok,
        /* CW */ No, No, No, Ok, Ok, Ok,
        /* PR */ No, No, Ok, No, Ok, Ok,
        /* PW */ No, No, No, No, No, Ok,
        /* EX */ No, No, No, No, No, No,
    ];

    /// <summary>Row: granted; column: requested.</summary>
    private static ReadOnlySpan<byte> DownConversion =>
    [
        //      NL  CR  CW  PR  PW  EX
        /* NL */ No, No, No, No, No, No,
        /* CR */ Ok, No, No, No, No, No,
        /* CW */ Ok, Ok, No, No, No, No,
        /* PR */ Ok, Ok, No, No, No, No,
        /* PW */ Ok, Ok, Ok, Ok, No, No,
        /* EX */ Ok, Ok, Ok, Ok, Ok, No,
    ];

    private static readonly string[] Names = ["NL", "CR", "CW", "PR", "PW", "EX"];

    /// <summary>All modes, in the order of the tables.</summary>
    public static ReadOnlySpan<LockMode> All =>
    [
        LockMode.Null, LockMode.ConcurrentRead, LockMode.ConcurrentWrite,
        LockMode.ProtectedRead, LockMode.ProtectedWrite, LockMode.Exclusive,
    ];

    /// <summary>Whether <paramref name="mode"/> is one of the six; a mode that came from outside may be anything.</summary>
    public static bool IsDefined(LockMode mode) => (int)mode < Count;

    /// <summary>Whether two locks in these modes may be granted on one resource at the same time (S1). Symmetric.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One of them is not a mode.</exception>
    public static bool IsCompatible(LockMode a, LockMode b) => Compatible[Index(a, b)] == Ok;

    /// <summary>
    /// Whether a conversion gives up rights and gains none. It is granted at once, always: whatever was compatible with the old
    /// mode is compatible with the new one. So the master sends no reply, and the lock keeps its token.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">One of them is not a mode.</exception>
    public static bool IsDownConversion(LockMode granted, LockMode requested) => DownConversion[Index(granted, requested)] == Ok;

    /// <summary>Whether a conversion is the one between PR and CW, which gives up one right for another and may have to wait.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One of them is not a mode.</exception>
    public static bool IsMiddleConversion(LockMode granted, LockMode requested)
    {
        _ = Index(granted, requested);
        return (granted, requested)
            is (LockMode.ProtectedRead, LockMode.ConcurrentWrite)
            or (LockMode.ConcurrentWrite, LockMode.ProtectedRead);
    }

    /// <summary>
    /// Whether a conversion may be asked to keep its place behind other conversions (<c>QUECVT</c>,
    /// <see cref="ConvertOptions.Strict"/>): only one that may have to wait can.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">One of them is not a mode.</exception>
    public static bool MayConvertStrictly(LockMode granted, LockMode requested) => StrictConversion[Index(granted, requested)] == Ok;

    /// <summary>
    /// Whether a holder of <paramref name="held"/> has every right that <paramref name="wanted"/> gives: the two are equal, or
    /// the one converts down to the other.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">One of them is not a mode.</exception>
    public static bool Covers(LockMode held, LockMode wanted) => IsDownConversion(held, wanted) || held == wanted;

    /// <summary>Whether a lock in this mode may write the resource's value: PW and EX.</summary>
    public static bool MayWriteValue(LockMode mode) => mode is LockMode.ProtectedWrite or LockMode.Exclusive;

    /// <summary>The field's two letters: NL, CR, CW, PR, PW, EX.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not a mode.</exception>
    public static string ToShortName(this LockMode mode) =>
        IsDefined(mode) ? Names[(int)mode] : throw new ArgumentOutOfRangeException(nameof(mode), mode, NotAMode);

    /// <summary>Reads a mode: its two letters or its full name, in any case. Numbers are not accepted.</summary>
    /// <exception cref="FormatException">It is neither; the message lists what is.</exception>
    public static LockMode Parse(ReadOnlySpan<char> text) => TryParse(text, out LockMode mode)
        ? mode
        : throw new FormatException(
            $"'{text}' is not a lock mode. The modes are NL, CR, CW, PR, PW and EX, or their full names from Null to Exclusive.");

    /// <summary>Reads a mode as <see cref="Parse"/> does; false when it is none.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out LockMode mode)
    {
        foreach (LockMode candidate in All)
        {
            if (text.Equals(Names[(int)candidate], StringComparison.OrdinalIgnoreCase)
                || text.Equals(candidate.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                mode = candidate;
                return true;
            }
        }

        mode = default;
        return false;
    }

    private const string NotAMode = "A lock mode is 0 (NL) to 5 (EX).";

    private static int Index(LockMode row, LockMode column)
    {
        if (!IsDefined(row)) ThrowNotAMode(nameof(row), row);
        if (!IsDefined(column)) ThrowNotAMode(nameof(column), column);
        return (int)row * Count + (int)column;
    }

    [DoesNotReturn]
    private static void ThrowNotAMode(string parameterName, LockMode mode) =>
        throw new ArgumentOutOfRangeException(parameterName, mode, NotAMode);
}
