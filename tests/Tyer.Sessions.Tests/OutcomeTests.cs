namespace Tyer.Sessions.Tests;

public class OutcomeTests
{
    private readonly ManualPort _port = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_nobody_decided_about_is_unavailable_and_not_busy()
    {
        var space = new SessionLockspace(_port);
        var locking = space.TryLockAsync("r", LockMode.Exclusive, TimeSpan.Zero, Token).AsTask();

        _port.End(RequestKind.Lock, RawStatus.Unavailable, null);
        _port.Target.Deliver();

        var unavailable = await Assert.ThrowsAsync<LockUnavailableException>(() => locking);
        Assert.Contains("nobody has decided", unavailable.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_that_ends_with_its_session_names_the_loss()
    {
        var space = new SessionLockspace(_port);
        var locking = space.LockAsync("r", LockMode.Exclusive, Token).AsTask();

        _port.Target.Lost(LossReason.ConnectionClosed);
        _port.Target.Deliver();

        var unavailable = await Assert.ThrowsAsync<LockUnavailableException>(() => locking);
        Assert.Contains("ConnectionClosed", unavailable.Message, StringComparison.Ordinal);
    }
}
