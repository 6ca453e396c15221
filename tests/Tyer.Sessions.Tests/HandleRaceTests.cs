namespace Tyer.Sessions.Tests;

/// <summary>What two threads can do to one handle, done by hand in the order in which it hurts.</summary>
public class HandleRaceTests
{
    private readonly ManualPort _port = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_late_delivery_of_one_conversion_does_not_end_the_wait_of_the_next()
    {
        var handle = await HeldAsync(LockMode.ConcurrentRead);
        _port.Meanwhile = () => _port.End(RequestKind.Convert, RawStatus.Ok, LockMode.ProtectedRead);
        await handle.ConvertAsync(LockMode.ProtectedRead, Token);
        var next = handle.ConvertAsync(LockMode.Exclusive, Token).AsTask();

        _port.Target.Deliver(); // of the first
        Assert.False(next.IsCompleted);

        _port.End(RequestKind.Convert, RawStatus.Ok, LockMode.Exclusive);
        _port.Target.Deliver();
        Assert.True(next.IsCompletedSuccessfully);
        Assert.Equal(LockMode.Exclusive, handle.Mode);
    }

    [Fact]
    public async Task A_delivery_between_the_call_of_a_conversion_and_its_wait_does_not_end_it()
    {
        var handle = await HeldAsync(LockMode.ConcurrentRead);
        _port.Meanwhile = () => _port.Target.Deliver(); // of the grant
        var converting = handle.ConvertAsync(LockMode.Exclusive, Token).AsTask();
        Assert.False(converting.IsCompleted);

        _port.End(RequestKind.Convert, RawStatus.Ok, LockMode.Exclusive);
        _port.Target.Deliver();
        Assert.True(converting.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_late_delivery_of_a_grant_does_not_end_the_wait_of_a_release()
    {
        var handle = await HeldAsync(LockMode.Exclusive);
        var releasing = handle.ReleaseAsync(Token).AsTask();

        _port.Target.Deliver(); // of the grant
        Assert.False(releasing.IsCompleted);

        _port.End(RequestKind.Unlock, RawStatus.Unlocked, null);
        _port.Target.Deliver();
        Assert.True(releasing.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_conversion_that_a_release_overtakes_ends_and_says_so()
    {
        var handle = await HeldAsync(LockMode.ProtectedRead);
        var converting = handle.ConvertAsync(LockMode.Exclusive, Token).AsTask();

        var releasing = handle.ReleaseAsync(Token).AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Ended(converting));
        Assert.False(releasing.IsCompleted);

        _port.End(RequestKind.Convert, RawStatus.Cancelled, LockMode.ProtectedRead);
        _port.End(RequestKind.Unlock, RawStatus.Unlocked, null);
        _port.Target.Deliver();
        Assert.True(releasing.IsCompletedSuccessfully);
        Assert.Equal([RequestKind.Lock, RequestKind.Convert, RequestKind.Unlock], _port.Asked);
    }

    [Fact]
    public async Task A_conversion_that_a_dispose_overtakes_ends_and_says_so()
    {
        var handle = await HeldAsync(LockMode.ProtectedRead);
        var converting = handle.ConvertAsync(LockMode.Exclusive, Token).AsTask();

        handle.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Ended(converting));
    }

    [Fact]
    public async Task The_end_of_an_overtaken_conversion_does_not_bring_the_handle_back()
    {
        var handle = await HeldAsync(LockMode.ProtectedRead);
        _ = handle.ConvertAsync(LockMode.Exclusive, Token).AsTask();
        var releasing = handle.ReleaseAsync(Token).AsTask();

        _port.End(RequestKind.Convert, RawStatus.Ok, LockMode.Exclusive);
        _port.Target.Deliver();

        Assert.False(releasing.IsCompleted);
        handle.Dispose();
        Assert.Equal([RequestKind.Lock, RequestKind.Convert, RequestKind.Unlock], _port.Asked);
    }

    [Fact]
    public async Task A_lock_lost_while_its_release_is_asked_for_stays_lost()
    {
        var handle = await HeldAsync(LockMode.Exclusive);
        handle.SetValue("new"u8);
        _port.UnlockResult = RawResult.Lost;
        _port.Meanwhile = () => _port.Target.Lost(LossReason.SessionExpired);

        await Assert.ThrowsAsync<OutcomeUnknownException>(async () => await handle.ReleaseAsync(Token));

        Assert.Equal(LossReason.SessionExpired, handle.LostBecause);
    }

    [Fact]
    public async Task A_grant_that_comes_with_the_cancellation_is_kept_or_given_back_but_never_both()
    {
        using var cancelled = new CancellationTokenSource();
        var space = new SessionLockspace(_port);
        var locking = space.LockAsync("r", LockMode.Exclusive, cancelled.Token).AsTask();

        _port.End(RequestKind.Lock, RawStatus.Ok, LockMode.Exclusive); // noted, and not delivered yet
        await cancelled.CancelAsync();

        Assert.True(locking.IsCompletedSuccessfully);
        _port.Target.Deliver();
        Assert.Equal([RequestKind.Lock], _port.Asked);
    }

    [Fact]
    public async Task A_grant_that_comes_after_the_cancellation_is_given_back()
    {
        using var cancelled = new CancellationTokenSource();
        var space = new SessionLockspace(_port);
        var locking = space.LockAsync("r", LockMode.Exclusive, cancelled.Token).AsTask();

        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Ended(locking));
        Assert.Equal(1, _port.Cancels);

        _port.End(RequestKind.Lock, RawStatus.Ok, LockMode.Exclusive);
        _port.Target.Deliver();
        Assert.Equal([RequestKind.Lock, RequestKind.Unlock], _port.Asked);
    }

    /// <summary>A handle whose grant is noted within the call, and not delivered.</summary>
    private async Task<LockHandle> HeldAsync(LockMode mode)
    {
        _port.Meanwhile = () => _port.End(RequestKind.Lock, RawStatus.Ok, mode);
        return await new SessionLockspace(_port).LockAsync("r", mode, Token);
    }

    /// <summary>A task that must have ended by now: nothing else would end it.</summary>
    private static Task Ended(Task task)
    {
        Assert.True(task.IsCompleted, "It is still waiting.");
        return task;
    }
}
