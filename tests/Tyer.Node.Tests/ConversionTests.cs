namespace Tyer.Node.Tests;

public sealed class ConversionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_conversion_changes_the_mode_in_place_and_brings_a_new_token()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var handle = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        var (id, token) = (handle.Id, handle.Token);

        await handle.ConvertAsync(LockMode.Exclusive, Token);

        Assert.Equal(LockMode.Exclusive, handle.Mode);
        Assert.Equal(id, handle.Id);
        Assert.True(handle.Token > token);
    }

    [Fact]
    public async Task A_down_conversion_keeps_the_token_and_lets_others_in()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var handle = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        var token = handle.Token;
        var reader = node.Locks.LockAsync("r", LockMode.ProtectedRead, Token).AsTask();
        await node.UntilWaitingAsync("r");

        await handle.ConvertAsync(LockMode.ProtectedRead, Token);

        Assert.Equal(token, handle.Token);
        await using var granted = await reader.WaitAsync(EmbeddedNode.Patience, Token);
    }

    [Fact]
    public async Task Two_readers_who_both_want_to_write_are_told_of_their_deadlock()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var one = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        await using var other = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        var converting = one.ConvertAsync(LockMode.Exclusive, Token).AsTask();
        await node.UntilWaitingAsync("r");

        var deadlock = await Assert.ThrowsAsync<DeadlockException>(async () => await other.ConvertAsync(LockMode.Exclusive, Token));

        Assert.Contains(deadlock.Cycle, entry => entry.Id == one.Id);
        Assert.Equal(LockMode.ProtectedRead, other.Mode);
        await other.ReleaseAsync(Token);
        await converting.WaitAsync(EmbeddedNode.Patience, Token);
        Assert.Equal(LockMode.Exclusive, one.Mode);
    }

    [Fact]
    public async Task A_conversion_that_must_not_wait_leaves_the_old_mode()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var one = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        await using var other = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);

        Assert.False(await one.TryConvertAsync(LockMode.Exclusive, TimeSpan.Zero, Token));
        Assert.Equal(LockMode.ProtectedRead, one.Mode);
        Assert.True(await one.TryConvertAsync(LockMode.ConcurrentRead, TimeSpan.Zero, Token));
        Assert.Equal(LockMode.ConcurrentRead, one.Mode);
    }

    [Fact]
    public async Task A_cancelled_conversion_ends_in_a_certain_mode()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var one = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        await using var other = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        using var cancel = new CancellationTokenSource();
        var converting = one.ConvertAsync(LockMode.Exclusive, cancel.Token).AsTask();
        await node.UntilWaitingAsync("r");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => converting.WaitAsync(EmbeddedNode.Patience, Token));
        Assert.Equal(LockMode.ProtectedRead, one.Mode);
        await other.ReleaseAsync(Token);
        await one.ConvertAsync(LockMode.Exclusive, Token);
        Assert.Equal(LockMode.Exclusive, one.Mode);
    }

    [Fact]
    public async Task One_conversion_at_a_time()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var one = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        var other = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        var converting = one.ConvertAsync(LockMode.Exclusive, Token).AsTask();
        await node.UntilWaitingAsync("r");

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await one.ConvertAsync(LockMode.ConcurrentRead, Token));

        await other.ReleaseAsync(Token);
        await converting.WaitAsync(EmbeddedNode.Patience, Token);
    }

    [Fact]
    public async Task A_released_handle_cannot_be_converted()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var handle = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        await handle.ReleaseAsync(Token);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await handle.ConvertAsync(LockMode.Exclusive, Token));
    }
}
