using Tyer.Engine.Owning;
using Tyer.Engine.Tests.Harness;
using static Tyer.RawFlags;

namespace Tyer.Engine.Tests.Owning;

/// <summary>Every combination of mode and flags, against the rules in words; and the order in which a call is checked.</summary>
public sealed class CallRulesTableTests
{
    // All flags there are, TIMEOUT and those without effect included; and two numbers that are no mode.
    private const uint FlagsEnd = (uint)RawFlags.Timeout << 1;
    private const int ModesEnd = 8;

    [Fact]
    public void A_new_lock_has_no_flags_of_conversions_and_is_expedited_as_NL_only()
    {
        ForEachCombination((mode, flags) =>
        {
            var expected = mode > LockMode.Exclusive ? RawResult.InvalidMode
                : Any(flags, RawFlags.Cancel | RawFlags.Convert | QueCvt | ConvDeadlk) ? RawResult.InvalidFlags
                : Any(flags, Expedite) && mode != LockMode.Null ? RawResult.InvalidFlags
                : Any(flags, Expedite) && Any(flags, NoQueue) ? RawResult.InvalidFlags
                : RawResult.Accepted;
            return expected == CallRules.CheckLock(mode, flags);
        });
    }

    [Fact]
    public void A_conversion_is_neither_expedited_nor_an_adoption_and_waits_if_it_is_to_resolve_a_deadlock()
    {
        ForEachCombination((mode, flags) =>
        {
            var expected = mode > LockMode.Exclusive ? RawResult.InvalidMode
                : Any(flags, RawFlags.Cancel | Expedite | Orphan) ? RawResult.InvalidFlags
                : Any(flags, ConvDeadlk) && Any(flags, NoQueue) ? RawResult.InvalidFlags
                : RawResult.Accepted;
            return expected == CallRules.CheckConvert(mode, flags);
        });
    }

    [Fact]
    public void An_unlock_says_something_of_the_value_or_of_force()
    {
        ForEachCombination((_, flags) =>
            (Any(flags, ~(ValBlk | IvValBlk | ForceUnlock)) ? RawResult.InvalidFlags : RawResult.Accepted) == CallRules.CheckUnlock(flags));
    }

    /// <summary>
    /// <see cref="LockArguments"/> says in words what is wrong before a call is sent, and is the stricter; the engine trusts nobody and checks again.
    /// </summary>
    [Fact]
    public void What_callers_may_ask_together_the_engine_takes() =>
        ForEachCombination((mode, flags) =>
        {
            var isConversion = Any(flags, RawFlags.Convert);
            return LockArguments.FindFault(mode, flags) is not null
                || (isConversion ? CallRules.CheckConvert(mode, flags) : CallRules.CheckLock(mode, flags)) == RawResult.Accepted;
        });

    [Fact]
    public void What_callers_may_say_of_an_unlock_the_engine_takes() =>
        ForEachCombination((_, flags) => LockArguments.FindUnlockFault(flags) is not null || CallRules.CheckUnlock(flags) == RawResult.Accepted);

    [Fact]
    public void A_conversion_is_refused_for_the_first_of_its_faults()
    {
        var cluster = new EngineCluster(nodes: 1);
        cluster.OpenLockspace(Client.Space, valueSize: 8);
        var client = new Client(cluster, 1, "client");
        client.Lock("r", LockMode.ConcurrentRead);
        var free = client.Lock("r", LockMode.ConcurrentRead);
        var busy = client.Lock("r", LockMode.ConcurrentRead);
        client.Convert(busy, LockMode.Exclusive);

        // Each of these has all the faults of those below it.
        Assert.Equal(RawResult.UnknownLock, Convert(LockId.Create(1, 99), (LockMode)6, RawFlags.Cancel));
        Assert.Equal(RawResult.InvalidMode, Convert(busy, (LockMode)6, RawFlags.Cancel));
        Assert.Equal(RawResult.InvalidFlags, Convert(busy, LockMode.Null, RawFlags.Cancel | QueCvt));
        Assert.Equal(RawResult.Busy, Convert(busy, LockMode.Null, QueCvt));
        Assert.Equal(RawResult.InvalidConversion, Convert(free, LockMode.Null, QueCvt));
        Assert.Equal(RawResult.ValueTooLong, Convert(free, LockMode.Null, None));

        RawResult Convert(LockId id, LockMode mode, RawFlags flags) =>
            cluster[1].Convert(client.Session, id, new ConvertCall { Mode = mode, Flags = flags, GivesValue = true, Value = new byte[9] });
    }

    [Fact]
    public void An_unlock_is_refused_for_the_first_of_its_faults()
    {
        var cluster = new EngineCluster(nodes: 2, directory: 2);
        cluster.OpenLockspace(Client.Space, valueSize: 8);
        var client = new Client(cluster, 1, "client");
        var inFlight = client.Lock("r", LockMode.ConcurrentRead);

        Assert.Equal(RawResult.UnknownLock, Unlock(LockId.Create(1, 99), NoQueue));
        Assert.Equal(RawResult.InvalidFlags, Unlock(inFlight, NoQueue));
        Assert.Equal(RawResult.Busy, Unlock(inFlight, None));
        Assert.Equal(RawResult.ValueTooLong, Unlock(inFlight, ForceUnlock));

        RawResult Unlock(LockId id, RawFlags flags) => cluster[1].Unlock(client.Session, id, flags, givesValue: true, new byte[9]);
    }

    [Fact]
    public void A_new_lock_is_refused_for_the_first_of_its_faults()
    {
        var cluster = new EngineCluster(nodes: 1);
        cluster.OpenLockspace(Client.Space, new LockspaceSettings(ValueSize: 8, QueueLengthMax: 1, LocksPerSessionMax: 1));
        var client = new Client(cluster, 1, "client");
        client.Lock("r", LockMode.Null);

        Assert.Equal(RawResult.InvalidMode, Lock(space: 99, (LockMode)6, QueCvt));
        Assert.Equal(RawResult.InvalidFlags, Lock(space: 99, LockMode.Null, QueCvt));
        Assert.Equal(RawResult.UnknownLockspace, Lock(space: 99, LockMode.Null, None));
        Assert.Equal(RawResult.TooManyLocks, Lock(Client.Space, LockMode.Null, None));

        RawResult Lock(uint space, LockMode mode, RawFlags flags) =>
            cluster[1].Lock(client.Session, new LockCall { Space = space, Name = "r", Mode = mode, Flags = flags }, out _);
    }

    private static void ForEachCombination(Func<LockMode, RawFlags, bool> holds)
    {
        for (var mode = 0; mode < ModesEnd; mode++)
        {
            for (uint flags = 0; flags < FlagsEnd; flags++)
            {
                if (!holds((LockMode)mode, (RawFlags)flags))
                    Assert.Fail($"{(LockMode)mode} with {(RawFlags)flags}");
            }
        }
    }

    private static bool Any(RawFlags flags, RawFlags some) => (flags & some) != 0;
}
