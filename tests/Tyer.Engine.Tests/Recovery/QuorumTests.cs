using Tyer.Engine.Locks;

namespace Tyer.Engine.Tests.Recovery;

/// <summary>S2: a side without quorum takes releases, and grants nothing new.</summary>
public sealed class QuorumTests
{
    private readonly LoneEngine _lone = new();

    public QuorumTests() => _lone.Settle(view: 1, hasQuorum: true, 1);

    [Fact]
    public void What_is_asked_for_without_quorum_waits_for_it()
    {
        _lone.Settle(view: 2, hasQuorum: false, 1);

        var asked = _lone.Lock("r", LockMode.Exclusive);
        Assert.Empty(_lone.Told());
        Assert.False(_lone.Engine.HasQuorum);

        _lone.Settle(view: 3, hasQuorum: true, 1);
        Assert.Equal([(asked, RequestStatus.Granted, LockMode.Exclusive)], _lone.Told());
        Assert.Equal(3ul, _lone.Engine.Find(asked)!.Token.Epoch);
    }

    [Fact]
    public void What_is_asked_for_while_nobody_knows_who_is_a_member_waits_until_it_is_known()
    {
        var held = _lone.Lock("r", LockMode.Exclusive);
        var behind = _lone.Lock("r", LockMode.Exclusive);
        _lone.Told();

        _lone.Engine.Pause(true);
        var asked = _lone.Lock("s", LockMode.Exclusive);
        _lone.Unlock(held);
        // A view does not end it.
        _lone.Settle(view: 2, hasQuorum: true, 1);
        Assert.Equal([(held, RequestStatus.Unlocked, null)], _lone.Told());

        _lone.Engine.Pause(false);
        Assert.Equal([behind, asked], _lone.Told().Select(told => told.Lock).Order());
    }

    [Fact]
    public void Who_does_not_queue_is_told_that_nobody_may_decide()
    {
        var held = _lone.Lock("r", LockMode.ConcurrentRead);
        _lone.Settle(view: 2, hasQuorum: false, 1);
        _lone.Told();

        var asked = _lone.Lock("r", LockMode.ConcurrentRead, RawFlags.NoQueue);
        _lone.Convert(held, LockMode.ProtectedRead, RawFlags.NoQueue);

        Assert.Equal([(asked, RequestStatus.NoQuorum, null), (held, RequestStatus.NoQuorum, LockMode.ConcurrentRead)], _lone.Told());
    }

    [Fact]
    public void What_is_given_up_is_taken()
    {
        var writer = _lone.Lock("r", LockMode.Exclusive);
        var other = _lone.Lock("s", LockMode.Exclusive);
        var waits = _lone.Lock("s", LockMode.Exclusive);
        _lone.Settle(view: 2, hasQuorum: false, 1);
        _lone.Told();

        _lone.Convert(writer, LockMode.ConcurrentRead);
        _lone.Unlock(other);

        // Nobody follows before there is a quorum.
        Assert.Equal([(writer, RequestStatus.Granted, LockMode.ConcurrentRead), (other, RequestStatus.Unlocked, null)], _lone.Told());
        _lone.Settle(view: 3, hasQuorum: true, 1);
        Assert.Equal([(waits, RequestStatus.Granted, LockMode.Exclusive)], _lone.Told());
    }

    [Fact]
    public void A_deadlock_of_conversions_is_told_without_quorum_too()
    {
        var one = _lone.Lock("r", LockMode.ConcurrentWrite);
        var other = _lone.Lock("r", LockMode.ConcurrentWrite);
        _lone.Settle(view: 2, hasQuorum: false, 1);
        _lone.Told();

        _lone.Convert(one, LockMode.ProtectedRead);
        _lone.Convert(other, LockMode.ProtectedRead);
        Assert.Equal([(other, RequestStatus.Deadlock, LockMode.ConcurrentWrite)], _lone.Told());

        _lone.Unlock(other);
        _lone.Settle(view: 3, hasQuorum: true, 1);
        Assert.Equal([(other, RequestStatus.Unlocked, null), (one, RequestStatus.Granted, LockMode.ProtectedRead)], _lone.Told());
    }

    [Fact]
    public void A_conversion_upwards_waits_and_keeps_its_mode()
    {
        var held = _lone.Lock("r", LockMode.ProtectedRead);
        _lone.Settle(view: 2, hasQuorum: false, 1);
        _lone.Told();

        _lone.Convert(held, LockMode.Exclusive);
        Assert.Empty(_lone.Told());
        Assert.Equal(LockMode.ProtectedRead, _lone.Engine.Find(held)!.Granted);

        _lone.Settle(view: 3, hasQuorum: true, 1);
        Assert.Equal([(held, RequestStatus.Granted, LockMode.Exclusive)], _lone.Told());
    }
}
