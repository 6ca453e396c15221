namespace Tyer.Node.Tests;

public sealed class BlockingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_holder_is_told_which_mode_is_wanted_and_by_whom()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var handle = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);
        var told = new TaskCompletionSource<BlockingNotice>(TaskCreationOptions.RunContinuationsAsynchronously);
        handle.Blocking += (sender, notice) =>
        {
            Assert.Same(handle, sender);
            told.TrySetResult(notice);
        };

        var writer = node.Locks.LockAsync("r", LockMode.Exclusive, Token).AsTask();

        var notice = await told.Task.WaitAsync(EmbeddedNode.Patience, Token);
        Assert.Equal(LockMode.Exclusive, notice.Wanted);
        Assert.Equal(Environment.ProcessId, notice.Requester.ProcessId);
        Assert.Equal(LockMode.Exclusive, handle.BlockedMode);
        await handle.ReleaseAsync(Token);
        await using var granted = await writer.WaitAsync(EmbeddedNode.Patience, Token);
    }

    [Fact]
    public async Task Who_subscribes_late_is_told_at_once()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var handle = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        var reader = node.Locks.LockAsync("r", LockMode.ProtectedRead, Token).AsTask();
        await node.UntilWaitingAsync("r");
        var told = new TaskCompletionSource<LockMode>(TaskCreationOptions.RunContinuationsAsynchronously);

        handle.Blocking += (_, notice) => told.TrySetResult(notice.Wanted);

        Assert.Equal(LockMode.ProtectedRead, await told.Task.WaitAsync(EmbeddedNode.Patience, Token));
        await handle.ReleaseAsync(Token);
        await using var granted = await reader.WaitAsync(EmbeddedNode.Patience, Token);
    }

    [Fact]
    public async Task A_conversion_starts_afresh()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var handle = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        var reader = node.Locks.LockAsync("r", LockMode.ConcurrentRead, Token).AsTask();
        await node.UntilWaitingAsync("r");
        Assert.Equal(LockMode.ConcurrentRead, handle.BlockedMode);

        await handle.ConvertAsync(LockMode.ProtectedRead, Token);

        Assert.Null(handle.BlockedMode);
        await using var granted = await reader.WaitAsync(EmbeddedNode.Patience, Token);
    }
}
