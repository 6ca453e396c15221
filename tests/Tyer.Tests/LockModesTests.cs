using static Tyer.LockMode;

namespace Tyer.Tests;

public class LockModesTests
{
    // The field's tables, written out once more as text: a slip in either copy shows.
    private const string CompatibleTable = """
           NL CR CW PR PW EX
        NL  1  1  1  1  1  1
        CR  1  1  1  1  1  0
        CW  1  1  1  0  0  0
        PR  1  1  0  1  0  0
        PW  1  1  0  0  0  0
        EX  1  0  0  0  0  0
        """;

    private const string StrictTable = """
           NL CR CW PR PW EX
        NL  0  1  1  1  1  1
        CR  0  0  1  1  1  1
        CW  0  0  0  1  1  1
        PR  0  0  1  0  1  1
        PW  0  0  0  0  0  1
        EX  0  0  0  0  0  0
        """;

    public static TheoryData<LockMode, LockMode, bool> Compatible => Read(CompatibleTable);

    public static TheoryData<LockMode, LockMode, bool> Strict => Read(StrictTable);

    public static TheoryData<LockMode, LockMode> Pairs =>
        new(from a in Enum.GetValues<LockMode>() from b in Enum.GetValues<LockMode>() select (a, b));

    [Theory]
    [MemberData(nameof(Compatible))]
    public void Compatibility_is_the_fields_table(LockMode a, LockMode b, bool compatible) =>
        Assert.Equal(compatible, LockModes.IsCompatible(a, b));

    [Theory]
    [MemberData(nameof(Strict))]
    public void Only_a_conversion_that_may_wait_can_be_strict(LockMode granted, LockMode requested, bool strict)
    {
        Assert.Equal(strict, LockModes.MayConvertStrictly(granted, requested));
        Assert.Equal(strict, granted != requested && !LockModes.IsDownConversion(granted, requested));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Compatibility_is_symmetric(LockMode a, LockMode b) =>
        Assert.Equal(LockModes.IsCompatible(a, b), LockModes.IsCompatible(b, a));

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Every_pair_is_the_same_mode_or_down_or_middle_or_up(LockMode granted, LockMode requested)
    {
        bool middle = (granted, requested) is (ProtectedRead, ConcurrentWrite) or (ConcurrentWrite, ProtectedRead);
        Assert.Equal(middle, LockModes.IsMiddleConversion(granted, requested));
        Assert.Equal(requested < granted && !middle, LockModes.IsDownConversion(granted, requested));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_down_conversion_disturbs_nobody(LockMode granted, LockMode requested)
    {
        if (!LockModes.IsDownConversion(granted, requested)) return;
        foreach (LockMode other in LockModes.All)
        {
            if (LockModes.IsCompatible(granted, other)) Assert.True(LockModes.IsCompatible(requested, other));
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void One_mode_covers_another_when_it_excludes_at_least_as_much(LockMode held, LockMode wanted)
    {
        bool excludesAtLeastAsMuch = true;
        foreach (LockMode other in LockModes.All)
            excludesAtLeastAsMuch &= LockModes.IsCompatible(wanted, other) || !LockModes.IsCompatible(held, other);
        Assert.Equal(excludesAtLeastAsMuch, LockModes.Covers(held, wanted));
    }

    [Fact]
    public void Only_PW_and_EX_write_the_value() =>
        Assert.Equal([ProtectedWrite, Exclusive], LockModes.All.ToArray().Where(LockModes.MayWriteValue));

    [Fact]
    public void Modes_have_the_fields_numbers_and_letters()
    {
        Assert.Equal(["NL", "CR", "CW", "PR", "PW", "EX"], LockModes.All.ToArray().Select(m => m.ToShortName()));
        Assert.Equal([0, 1, 2, 3, 4, 5], LockModes.All.ToArray().Select(m => (int)m));
        Assert.Equal(Enum.GetValues<LockMode>(), LockModes.All.ToArray());
    }

    [Fact]
    public void Letters_and_full_names_are_read_in_any_case()
    {
        foreach (LockMode mode in LockModes.All)
        {
            Assert.Equal(mode, LockModes.Parse(mode.ToShortName()));
            Assert.Equal(mode, LockModes.Parse(mode.ToShortName().ToLowerInvariant()));
            Assert.Equal(mode, LockModes.Parse(mode.ToString().ToUpperInvariant()));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("E")]
    [InlineData("EXX")]
    [InlineData(" EX")]
    [InlineData("Null,Exclusive")]
    public void Anything_else_is_no_mode(string text)
    {
        Assert.False(LockModes.TryParse(text, out _));
        string message = Assert.Throws<FormatException>(() => LockModes.Parse(text)).Message;
        Assert.Contains("NL, CR, CW, PR, PW and EX", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(255)]
    public void A_number_that_is_no_mode_is_refused_everywhere(byte number)
    {
        var bad = (LockMode)number;
        Assert.False(LockModes.IsDefined(bad));
        Assert.Throws<ArgumentOutOfRangeException>(() => bad.ToShortName());
        Assert.False(LockModes.MayWriteValue(bad));
        foreach (Func<LockMode, LockMode, bool> table in (Func<LockMode, LockMode, bool>[])
            [LockModes.IsCompatible, LockModes.IsDownConversion, LockModes.IsMiddleConversion, LockModes.MayConvertStrictly, LockModes.Covers])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => table(bad, Null));
            Assert.Throws<ArgumentOutOfRangeException>(() => table(Null, bad));
            Assert.Throws<ArgumentOutOfRangeException>(() => table(bad, bad));
        }
    }

    private static TheoryData<LockMode, LockMode, bool> Read(string table)
    {
        string[][] rows = [.. table.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        string[] columns = rows[0];
        var data = new TheoryData<LockMode, LockMode, bool>();
        foreach (string[] row in rows[1..])
        {
            for (int i = 0; i < columns.Length; i++) data.Add(Mode(row[0]), Mode(columns[i]), row[i + 1] == "1");
        }

        return data;
    }

    private static LockMode Mode(string letters) => letters switch
    {
        "NL" => Null,
        "CR" => ConcurrentRead,
        "CW" => ConcurrentWrite,
        "PR" => ProtectedRead,
        "PW" => ProtectedWrite,
        "EX" => Exclusive,
        _ => throw new ArgumentException(letters),
    };
}
