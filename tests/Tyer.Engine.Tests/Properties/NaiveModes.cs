namespace Tyer.Engine.Tests.Properties;

/// <summary>The mode tables once more, as the field's literature has them: the model owes nothing to the code that it checks.</summary>
internal static class NaiveModes
{
    private static readonly string[] Compatible =
    [
        // NL CR CW PR PW EX
        "111111", // NL
        "111110", // CR
        "111000", // CW
        "110100", // PR
        "110000", // PW
        "100000", // EX
    ];

    // R: the lock reads the resource's value. W: it writes it. A dot: nothing, but that validity is told.
    private static readonly string[] Value =
    [
        "RRRRRR", // from NL
        ".RRRRR", // from CR
        "..RRRR", // from CW
        "...RRR", // from PR
        "WWWWWR", // from PW
        "WWWWWW", // from EX
    ];

    private static readonly string[] Strict =
    [
        "011111", // from NL
        "001111", // from CR
        "000111", // from CW
        "001011", // from PR
        "000001", // from PW
        "000000", // from EX
    ];

    internal static bool GoTogether(LockMode one, LockMode other) => Compatible[(int)one][(int)other] == '1';

    internal static char ValueAction(LockMode? from, LockMode to) => from is null ? 'R' : Value[(int)from][(int)to];

    internal static bool MayBeStrict(LockMode from, LockMode to) => Strict[(int)from][(int)to] == '1';

    /// <summary>The lower by number, and CR for PR and CW, of which neither covers the other.</summary>
    internal static LockMode InCommon(LockMode one, LockMode other) =>
        (one, other) is (LockMode.ProtectedRead, LockMode.ConcurrentWrite) or (LockMode.ConcurrentWrite, LockMode.ProtectedRead)
            ? LockMode.ConcurrentRead
            : (LockMode)Math.Min((int)one, (int)other);

    /// <summary>Lower by number, and not the one between PR and CW.</summary>
    internal static bool IsDown(LockMode from, LockMode to) =>
        to < from && (from, to) is not (LockMode.ProtectedRead, LockMode.ConcurrentWrite);
}
