using static Tyer.RawFlags;

namespace Tyer.Tests;

public class LockArgumentsTests
{
    private const RawFlags Nonsense = (RawFlags)0x80000000;
    private static readonly ResourceName Resource = "orders/42";

    /// <summary>The field's rules for a lock call, each as "these flags, in these modes, are wrong".</summary>
    private static readonly (string Rule, Func<LockMode, RawFlags, bool> IsBroken)[] Rules =
    [
        ("a cancel is no lock call", (_, f) => f.HasFlag(Cancel)),
        ("an unlock's flag", (_, f) => f.HasFlag(ForceUnlock)),
        ("a flag that does not exist", (_, f) => f.HasFlag(Nonsense)),
        ("QUECVT without CONVERT", (_, f) => f.HasFlag(QueCvt) && !f.HasFlag(RawFlags.Convert)),
        ("CONVDEADLK without CONVERT", (_, f) => f.HasFlag(ConvDeadlk) && !f.HasFlag(RawFlags.Convert)),
        ("CONVDEADLK with NOQUEUE", (_, f) => f.HasFlag(ConvDeadlk | NoQueue)),
        ("EXPEDITE with CONVERT", (_, f) => f.HasFlag(Expedite | RawFlags.Convert)),
        ("EXPEDITE with QUECVT", (_, f) => f.HasFlag(Expedite | QueCvt)),
        ("EXPEDITE with NOQUEUE", (_, f) => f.HasFlag(Expedite | NoQueue)),
        ("EXPEDITE above NL", (m, f) => f.HasFlag(Expedite) && m != LockMode.Null),
        ("ORPHAN with CONVERT", (_, f) => f.HasFlag(Orphan | RawFlags.Convert)),
    ];

    private static readonly RawFlags[] FlagsInRules =
        [Cancel, ForceUnlock, Nonsense, QueCvt, ConvDeadlk, RawFlags.Convert, NoQueue, Expedite, Orphan, HeadQue];

    [Fact]
    public void Every_combination_is_refused_exactly_when_it_breaks_a_rule_of_the_field()
    {
        int accepted = 0, refused = 0;
        for (int set = 0; set < 1 << FlagsInRules.Length; set++)
        {
            RawFlags flags = FlagsInRules.Where((_, i) => (set & 1 << i) != 0).Aggregate(None, (a, b) => a | b);
            foreach (LockMode mode in LockModes.All)
            {
                string? broken = Rules.FirstOrDefault(rule => rule.IsBroken(mode, flags)).Rule;
                string? fault = LockArguments.FindFault(mode, flags);
                Assert.True((broken is null) == (fault is null), $"{mode} {flags}: {broken ?? "no rule"} broken, but said: {fault ?? "nothing"}");
                if (fault is null) accepted++;
                else refused++;
            }
        }

        Assert.True(accepted > 20 && refused > 20);
    }

    [Fact]
    public void A_strict_conversion_must_be_one_that_may_wait()
    {
        foreach (LockMode granted in LockModes.All)
        {
            foreach (LockMode requested in LockModes.All)
            {
                bool may = LockModes.MayConvertStrictly(granted, requested);
                Assert.Equal(may, LockArguments.FindFault(granted, requested, RawFlags.Convert | QueCvt) is null);
                Assert.Null(LockArguments.FindFault(granted, requested, RawFlags.Convert));
            }
        }
    }

    [Fact]
    public void An_unlock_takes_value_flags_and_force_only()
    {
        foreach (RawFlags flag in Enum.GetValues<RawFlags>())
        {
            bool good = flag is None or ValBlk or IvValBlk or ForceUnlock;
            Assert.Equal(good, LockArguments.FindUnlockFault(flag) is null);
        }

        Assert.Null(LockArguments.FindUnlockFault(ValBlk | ForceUnlock));
        Assert.Contains("CancelAsync", LockArguments.FindUnlockFault(Cancel), StringComparison.Ordinal);
        Assert.NotNull(LockArguments.FindUnlockFault(Nonsense));
    }

    [Theory]
    [InlineData((LockMode)6, None, "6 is not a lock mode")]
    [InlineData(LockMode.Exclusive, Expedite, "not for EX")]
    [InlineData(LockMode.Exclusive, Cancel | ForceUnlock, "Cancel, ForceUnlock does not belong in a lock call")]
    [InlineData(LockMode.Exclusive, QueCvt, "QueCvt (Strict)")]
    [InlineData(LockMode.Exclusive, RawFlags.Convert | ConvDeadlk | NoQueue, "ConvDeadlk (ResolveDeadlock) needs a wait")]
    public void A_fault_names_what_does_not_go_together(LockMode mode, RawFlags flags, string expected) =>
        Assert.Contains(expected, LockArguments.FindFault(mode, flags), StringComparison.Ordinal);

    [Fact]
    public void A_raw_lock_is_checked_part_by_part()
    {
        var block = new LockStatusBlock();
        Assert.Equal(RawResult.Accepted, Check("a"u8, LockMode.Exclusive, None));
        Assert.Equal(RawResult.InvalidMode, Check("a"u8, (LockMode)6, None));
        Assert.Equal(RawResult.InvalidFlags, Check("a"u8, LockMode.Exclusive, Expedite));
        Assert.Equal(RawResult.InvalidName, Check(""u8, LockMode.Exclusive, None));
        Assert.Equal(RawResult.InvalidName, Check("a\0"u8, LockMode.Exclusive, None));
        Assert.Equal(RawResult.InvalidName, Check(new byte[65], LockMode.Exclusive, None));

        Assert.Equal(RawResult.NoValueBuffer, Check("a"u8, LockMode.Exclusive, ValBlk));
        block.Value = new byte[31];
        Assert.Equal(RawResult.NoValueBuffer, Check("a"u8, LockMode.Exclusive, ValBlk));
        block.Value = new byte[32];
        Assert.Equal(RawResult.Accepted, Check("a"u8, LockMode.Exclusive, ValBlk));

        Assert.Equal(RawResult.InvalidBlock, Check("a"u8, LockMode.Exclusive, RawFlags.Timeout));
        block.Timeout = TimeSpan.FromSeconds(-1);
        Assert.Equal(RawResult.InvalidBlock, Check("a"u8, LockMode.Exclusive, RawFlags.Timeout));
        block.Timeout = TimeSpan.FromSeconds(1);
        Assert.Equal(RawResult.Accepted, Check("a"u8, LockMode.Exclusive, RawFlags.Timeout));

        block.Label = new string('x', 129);
        Assert.Equal(RawResult.InvalidBlock, Check("a"u8, LockMode.Exclusive, None));
        block.Label = new string('x', 128);
        Assert.Equal(RawResult.Accepted, Check("a"u8, LockMode.Exclusive, None));
        block.Purpose = "a\u001b[2Jb";
        Assert.Equal(RawResult.InvalidBlock, Check("a"u8, LockMode.Exclusive, None));

        RawResult Check(ReadOnlySpan<byte> name, LockMode mode, RawFlags flags) =>
            LockArguments.CheckLock(name, mode, flags, block, valueSize: 32);
    }

    [Fact]
    public void A_raw_conversion_names_a_lock_and_no_resource()
    {
        var block = new LockStatusBlock();
        Assert.Equal(RawResult.UnknownLock, LockArguments.CheckLock("a"u8, LockMode.Exclusive, RawFlags.Convert, block, 0));
        block.Id = LockId.Create(1, 1);
        Assert.Equal(RawResult.Accepted, LockArguments.CheckLock([], LockMode.Exclusive, RawFlags.Convert, block, 0));
    }

    [Fact]
    public void A_raw_unlock_is_checked_part_by_part()
    {
        var block = new LockStatusBlock();
        LockId id = LockId.Create(1, 1);
        Assert.Equal(RawResult.Accepted, LockArguments.CheckUnlock(id, None, block, 32));
        Assert.Equal(RawResult.UnknownLock, LockArguments.CheckUnlock(default, None, block, 32));
        Assert.Equal(RawResult.InvalidFlags, LockArguments.CheckUnlock(id, NoQueue, block, 32));
        Assert.Equal(RawResult.NoValueBuffer, LockArguments.CheckUnlock(id, ValBlk, block, 32));
    }

    public static TheoryData<LockOptions, RawFlags> OptionsAndFlags => new()
    {
        { new LockOptions(), ValBlk },
        { new LockOptions { ValueBlock = false }, None },
        { new LockOptions { Queue = LockQueue.Head }, ValBlk | HeadQue },
        { new LockOptions { Queue = LockQueue.NoOrder }, ValBlk | NoOrder },
        { new LockOptions { Persistent = true }, ValBlk | Persistent },
        { new LockOptions { Expedite = true }, ValBlk | Expedite },
        { new LockOptions { NoDeadlockWait = true }, ValBlk | NoDlckWt },
        { new LockOptions { NotifyHolders = true }, ValBlk | NoQueueBast },
        { new LockOptions { Alternative = LockMode.ProtectedRead }, ValBlk | AltPr },
        { new LockOptions { Alternative = LockMode.ConcurrentWrite }, ValBlk | AltCw },
        { new LockOptions { Owner = "web", Purpose = "nightly", Transaction = Guid.Empty }, ValBlk },
    };

    [Theory]
    [MemberData(nameof(OptionsAndFlags))]
    public void Each_option_is_one_flag(LockOptions options, RawFlags flags) =>
        Assert.Equal(flags, LockArguments.FlagsOf(Resource, LockMode.Null, options, wait: null));

    public static TheoryData<ConvertOptions, RawFlags> ConvertOptionsAndFlags => new()
    {
        { new ConvertOptions(), None },
        { new ConvertOptions { Queue = LockQueue.Head }, HeadQue },
        { new ConvertOptions { Queue = LockQueue.NoOrder }, NoOrder },
        { new ConvertOptions { Strict = true }, QueCvt },
        { new ConvertOptions { ResolveDeadlock = true }, ConvDeadlk },
        { new ConvertOptions { NoDeadlockWait = true }, NoDlckWt },
        { new ConvertOptions { NotifyHolders = true }, NoQueueBast },
        { new ConvertOptions { Alternative = LockMode.ProtectedRead }, AltPr },
        { new ConvertOptions { Alternative = LockMode.ConcurrentWrite }, AltCw },
    };

    [Theory]
    [MemberData(nameof(ConvertOptionsAndFlags))]
    public void Each_option_of_a_conversion_is_one_flag(ConvertOptions options, RawFlags flags) =>
        Assert.Equal(RawFlags.Convert | flags, LockArguments.FlagsOf(LockMode.ProtectedRead, LockMode.Exclusive, options, wait: null));

    [Fact]
    public void The_wait_is_a_flag_too()
    {
        var options = new LockOptions { ValueBlock = false };
        Assert.Equal(None, LockArguments.FlagsOf(Resource, LockMode.Exclusive, options, wait: null));
        Assert.Equal(NoQueue, LockArguments.FlagsOf(Resource, LockMode.Exclusive, options, TimeSpan.Zero));
        Assert.Equal(RawFlags.Timeout, LockArguments.FlagsOf(Resource, LockMode.Exclusive, options, TimeSpan.FromTicks(1)));
    }

    [Fact]
    public void Options_that_do_not_go_together_are_refused_by_name()
    {
        Refused<ArgumentException>("NL", () => Flags(new LockOptions { Expedite = true }, LockMode.Exclusive));
        Refused<ArgumentException>("a wait of zero", () => Flags(new LockOptions { Expedite = true }, LockMode.Null, TimeSpan.Zero));
        Refused<ArgumentException>("PR or CW", () => Flags(new LockOptions { Alternative = LockMode.Exclusive }, LockMode.Exclusive));
        Refused<ArgumentException>("Fifo, Head or NoOrder", () => Flags(new LockOptions { Queue = (LockQueue)3 }, LockMode.Exclusive));
        Refused<ArgumentException>("0 (NL) to 5 (EX)", () => Flags(new LockOptions(), (LockMode)9));
        Refused<ArgumentException>("(Parameter 'Owner')", () => Flags(new LockOptions { Owner = new string('x', 129) }, LockMode.Exclusive));
        Refused<ArgumentException>("(Parameter 'Purpose')", () => Flags(new LockOptions { Purpose = "a\nb" }, LockMode.Exclusive));
        Refused<ArgumentException>("no name", () => LockArguments.FlagsOf(default, LockMode.Exclusive, new LockOptions(), null));
        Refused<ArgumentNullException>("options", () => LockArguments.FlagsOf(Resource, LockMode.Exclusive, null!, null));

        Refused<ArgumentException>("Strict", () => Converting(new ConvertOptions { Strict = true }, LockMode.Exclusive, LockMode.Null));
        Refused<ArgumentException>("a wait of zero", () => Converting(
            new ConvertOptions { ResolveDeadlock = true }, LockMode.ProtectedRead, LockMode.Exclusive, TimeSpan.Zero));
        Refused<ArgumentException>("0 (NL) to 5 (EX)", () => Converting(new ConvertOptions(), LockMode.Null, (LockMode)9));

        static void Flags(LockOptions options, LockMode mode, TimeSpan? wait = null) => LockArguments.FlagsOf(Resource, mode, options, wait);
        static void Converting(ConvertOptions options, LockMode from, LockMode to, TimeSpan? wait = null) =>
            LockArguments.FlagsOf(from, to, options, wait);
    }

    [Fact]
    public void A_wait_is_given_once_and_is_not_negative()
    {
        TimeSpan second = TimeSpan.FromSeconds(1);
        TimeSpan forever = System.Threading.Timeout.InfiniteTimeSpan;
        Assert.Null(LockArguments.WaitOf(null, null));
        Assert.Null(LockArguments.WaitOf(forever, null));
        Assert.Null(LockArguments.WaitOf(null, forever));
        Assert.Equal(second, LockArguments.WaitOf(second, null));
        Assert.Equal(second, LockArguments.WaitOf(null, second));
        Assert.Equal(TimeSpan.Zero, LockArguments.WaitOf(TimeSpan.Zero, null));

        Refused<ArgumentException>("given twice", () => LockArguments.WaitOf(second, second));
        Assert.Equal("wait", Assert.Throws<ArgumentOutOfRangeException>(() => LockArguments.WaitOf(-second, null)).ParamName);
        Assert.Equal("timeout", Assert.Throws<ArgumentOutOfRangeException>(() => LockArguments.WaitOf(null, -second)).ParamName);
    }

    private static void Refused<T>(string reason, Action call)
        where T : ArgumentException =>
        Assert.Contains(reason, Assert.ThrowsAny<T>(call).Message, StringComparison.Ordinal);
}
