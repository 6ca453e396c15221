using Tyer.Client.Tests.Support;

namespace Tyer.Client.Tests;

public class LockingTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_lock_is_taken_and_released()
    {
        await using var daemon = await Daemon.StartAsync();
        await using var locks = await daemon.OpenAsync();
        var first = await locks.LockAsync("orders/42", cancellationToken: Stop);
        Assert.Equal(LockMode.Exclusive, first.Mode);
        Assert.Equal("orders/42", first.Resource);
        Assert.NotEqual(default, first.Id);
        Assert.NotEqual(default, first.Token);
        await first.ReleaseAsync(Stop);
        await using var second = await locks.LockAsync("orders/42", cancellationToken: Stop);
        Assert.True(second.Token > first.Token);
        Assert.NotEqual(first.Id, second.Id);
    }
}
