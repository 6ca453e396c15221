namespace Tyer.Node.Tests;

public sealed class LossTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Closing_the_lockspace_loses_its_locks_and_frees_them()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var own = await node.Node.OpenLockspaceAsync("orders", cancellationToken: Token);
        var handle = await own.LockAsync("r", LockMode.Exclusive, Token);
        var waiting = node.Locks.LockAsync("r", LockMode.Exclusive, Token).AsTask();
        await node.UntilWaitingAsync("r");

        await own.DisposeAsync();

        Assert.True(handle.Lost.IsCancellationRequested);
        Assert.Equal(LossReason.LockspaceClosed, handle.LostBecause);
        Assert.Throws<LockLostException>(handle.ThrowIfLost);
        await Assert.ThrowsAsync<LockLostException>(async () => await handle.ConvertAsync(LockMode.Null, Token));
        handle.Dispose();
        await using var next = await waiting.WaitAsync(EmbeddedNode.Patience, Token);
    }

    [Fact]
    public async Task A_lockspace_may_be_closed_after_its_node()
    {
        var node = await TyerNode.StartAsync(new TyerNodeOptions { Name = "n1", Volatile = true }, Token);
        var locks = await node.OpenLockspaceAsync("orders", cancellationToken: Token);
        var handle = await locks.LockAsync("r", cancellationToken: Token);
        await node.DisposeAsync();
        await locks.DisposeAsync();
        await handle.DisposeAsync();
        Assert.Equal(LossReason.NodeStopped, handle.LostBecause);
    }

    [Fact]
    public async Task Loss_is_seen_before_anybody_else_is_granted()
    {
        await using var node = await EmbeddedNode.StartAsync(inline: true);
        var own = await node.Node.OpenLockspaceAsync("orders", cancellationToken: Token);
        var handle = await own.LockAsync("r", LockMode.Exclusive, Token);
        var lost = handle.Lost;
        var wasLost = NextIsToldAsync();
        await node.UntilWaitingAsync("r");

        await own.DisposeAsync();

        Assert.True(await wasLost.WaitAsync(EmbeddedNode.Patience, Token));

        async Task<bool> NextIsToldAsync()
        {
            await using var next = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
            return lost.IsCancellationRequested;
        }
    }

    [Fact]
    public async Task A_stopping_node_tells_holders_and_waiters()
    {
        var node = await EmbeddedNode.StartAsync();
        var handle = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        var waiting = node.Locks.LockAsync("r", LockMode.Exclusive, Token).AsTask();
        await node.UntilWaitingAsync("r");

        await node.Node.DisposeAsync();

        Assert.True(handle.Lost.IsCancellationRequested);
        Assert.Equal(LossReason.NodeStopped, handle.LostBecause);
        await Assert.ThrowsAsync<LockUnavailableException>(() => waiting.WaitAsync(EmbeddedNode.Patience, Token));
    }

    [Fact]
    public async Task A_release_of_a_lost_lock_is_done_unless_a_value_is_in_doubt()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var own = await node.Node.OpenLockspaceAsync("orders", cancellationToken: Token);
        var plain = await own.LockAsync("plain", LockMode.Exclusive, Token);
        var writing = await own.LockAsync("writing", LockMode.Exclusive, Token);
        writing.SetValue("new"u8);

        await own.DisposeAsync();

        await plain.ReleaseAsync(Token);
        await Assert.ThrowsAsync<OutcomeUnknownException>(async () => await writing.ReleaseAsync(Token));
    }

    [Fact]
    public async Task A_writer_that_vanishes_leaves_an_invalid_value()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var anchor = await node.Locks.LockAsync("r", LockMode.Null, Token);
        var own = await node.Node.OpenLockspaceAsync("orders", cancellationToken: Token);
        await own.LockAsync("r", LockMode.Exclusive, Token);

        await own.DisposeAsync();

        await using var reader = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        Assert.Equal(LockValueState.Invalid, reader.Value.State);
    }
}
