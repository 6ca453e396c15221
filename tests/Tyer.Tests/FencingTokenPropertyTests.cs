using FsCheck;
using FsCheck.Fluent;

namespace Tyer.Tests;

public class FencingTokenPropertyTests
{
    private static Arbitrary<FencingToken> Foldable { get; } =
        (from epoch in Gen.OneOf(Gen.Choose(0, 3), Gen.Choose(0, (int)FencingToken.FoldedEpochMax))
         from high in Gen.OneOf(Gen.Constant(0), Gen.Choose(0, (1 << 10) - 1))
         from low in Gen.Choose(0, (1 << 30) - 1)
         select new FencingToken((ulong)epoch, (ulong)high << 30 | (uint)low)).ToArbitrary();

    [Fact]
    public void Folding_keeps_the_order() =>
        Prop.ForAll(Foldable, Foldable, (a, b) => Math.Sign(a.CompareTo(b)) == Math.Sign(a.ToInt64().CompareTo(b.ToInt64())))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_printed_reads_back() =>
        Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), ArbMap.Default.ArbFor<ulong>(), (epoch, counter) =>
        {
            var token = new FencingToken(epoch, counter);
            return FencingToken.Parse(token.ToString()) == token;
        }).QuickCheckThrowOnFailure();
}
