namespace Tyer.Sessions.Tests;

/// <summary>What two threads can do to one lock of the classic interface, done by hand in the order in which it hurts.</summary>
public class RawLockRaceTests
{
    private readonly ManualPort _port = new();
    private readonly IRawLockspace _raw;

    public RawLockRaceTests() => _raw = new SessionLockspace(_port).Raw;

    [Fact]
    public void An_unlock_that_comes_after_the_loss_does_not_touch_the_lock_that_is_next_in_its_place()
    {
        var (first, next) = (new LockStatusBlock(), new LockStatusBlock());
        var callbacksOfNext = new RawCallbacks(_ => { });
        var callbacks = new RawCallbacks(block =>
        {
            if (block.Status != RawStatus.Lost)
                return;
            // The last event of the first lock: what was kept for it may be used for another from here on.
            Assert.Equal(RawResult.Accepted, _raw.Lock("next"u8, LockMode.Exclusive, RawFlags.None, next, callbacksOfNext));
            _port.End(RequestKind.Lock, RawStatus.Ok, LockMode.Exclusive);
            Assert.Equal(RawResult.Accepted, _raw.Unlock(next.Id, RawFlags.None, next, callbacksOfNext));
        });
        Assert.Equal(RawResult.Accepted, _raw.Lock("first"u8, LockMode.Exclusive, RawFlags.None, first, callbacks));
        _port.End(RequestKind.Lock, RawStatus.Ok, LockMode.Exclusive);
        _port.Target.Deliver();
        var lost = _port.Target;

        // Within the call, for it has found the lock already.
        _port.Meanwhile = () =>
        {
            lost.Lost(LossReason.Revoked);
            lost.Deliver();
            _port.UnlockResult = RawResult.UnknownLock;
        };
        Assert.Equal(RawResult.UnknownLock, _raw.Unlock(first.Id, RawFlags.None, first, callbacks));
        Assert.Equal(RawStatus.Lost, first.Status);
        Assert.NotEqual(first.Id, next.Id);

        _port.End(RequestKind.Unlock, RawStatus.Unlocked, null);
        _port.Target.Deliver();
        Assert.Equal(RawStatus.Unlocked, next.Status);
    }

    [Fact]
    public void A_lock_that_has_ended_is_used_again()
    {
        var block = new LockStatusBlock();
        var callbacks = new RawCallbacks(_ => { });
        var targets = new HashSet<ISessionLock>();
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(RawResult.Accepted, _raw.Lock("orders/42"u8, LockMode.Exclusive, RawFlags.None, block, callbacks));
            targets.Add(_port.Target);
            _port.End(RequestKind.Lock, RawStatus.Ok, LockMode.Exclusive);
            _port.Target.Deliver();
            Assert.Equal(RawResult.Accepted, _raw.Unlock(block.Id, RawFlags.None, block, callbacks));
            _port.End(RequestKind.Unlock, RawStatus.Unlocked, null);
            _port.Target.Deliver();
            Assert.Equal(RawStatus.Unlocked, block.Status);
        }

        Assert.Single(targets);
    }
}
