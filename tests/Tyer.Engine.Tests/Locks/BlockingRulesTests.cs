using Tyer.Engine.Locks;
using static Tyer.LockMode;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Tests.Locks;

/// <summary>Every case of the three rules of blocking notices, against what they say in words.</summary>
public sealed class BlockingRulesTests
{
    private static readonly LockMode[] Modes = Enum.GetValues<LockMode>();

    [Fact]
    public void A_blocked_request_is_told_where_it_is_excluded_and_higher_than_the_last()
    {
        foreach (var (held, wanted, last) in Triples())
        {
            // Between PR and CW, of which neither is higher, it is told each time, up to EX.
            var due = IsMiddle(held, wanted) ? last != Exclusive : wanted > last && !LockModes.IsCompatible(held, wanted);
            Assert.True(due == BlockingRules.RequestBlockedBy(Holder(held, last), wanted), $"{held} held, {wanted} wanted, {last} told");
        }
    }

    [Fact]
    public void After_a_look_through_the_queues_the_highest_is_told()
    {
        foreach (var (held, highest, last) in Triples())
        {
            LockMode? due = highest > last && !LockModes.IsCompatible(held, highest) ? highest : null;
            Assert.True(due == BlockingRules.AfterPass(Holder(held, last), highest, false), $"{held} held, {highest} wanted, {last} told");
        }
    }

    [Fact]
    public void After_a_look_with_a_CW_that_waits_PR_is_told_in_any_case()
    {
        foreach (var (held, highest, last) in Triples().Where(each => each.Wanted >= ConcurrentWrite))
        {
            LockMode? due = held == ProtectedRead && last != Exclusive ? highest == ProtectedRead ? ConcurrentWrite : highest
                : held != ProtectedRead && highest > last && !LockModes.IsCompatible(held, highest) ? highest
                : null;
            Assert.True(due == BlockingRules.AfterPass(Holder(held, last), highest, true), $"{held} held, {highest} wanted, {last} told");
        }
    }

    [Fact]
    public void The_owner_drops_what_adds_nothing()
    {
        foreach (var wanted in Modes)
        {
            foreach (var told in Modes.Cast<LockMode?>().Append(null))
            {
                foreach (var last in Modes.Cast<LockMode?>().Append(null))
                {
                    var isInNobodysWay = told is { } mode && LockModes.IsCompatible(mode, wanted);
                    var isKnown = last == wanted || (last is ProtectedWrite or Exclusive && last > wanted);
                    var holder = new Lock { ToldMode = told, ToldBlocking = last };
                    Assert.True(
                        (isInNobodysWay || isKnown) == BlockingRules.AddsNothing(holder, wanted),
                        $"{wanted} wanted, in {told}, last told of {last}");
                }
            }
        }
    }

    private static IEnumerable<(LockMode Held, LockMode Wanted, LockMode Last)> Triples() =>
        from held in Modes
        from wanted in Modes
        from last in Modes
        select (held, wanted, last);

    private static Lock Holder(LockMode held, LockMode notified) => new() { Granted = held, Notified = notified };

    private static bool IsMiddle(LockMode one, LockMode other) =>
        (one, other) is (ProtectedRead, ConcurrentWrite) or (ConcurrentWrite, ProtectedRead);
}
