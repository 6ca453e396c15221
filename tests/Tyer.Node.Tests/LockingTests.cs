namespace Tyer.Node.Tests;

/// <summary>What the four verbs mean, in process.</summary>
public sealed class LockingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_free_lock_is_granted_within_the_call()
    {
        await using var node = await EmbeddedNode.StartAsync();

        var locking = node.Locks.LockAsync("orders/42", LockMode.Exclusive, Token);

        Assert.True(locking.IsCompletedSuccessfully);
        await using var handle = await locking;
        Assert.Equal(LockMode.Exclusive, handle.Mode);
        Assert.Equal("orders/42", handle.Resource.ToString());
        Assert.NotEqual(default, handle.Token);
        Assert.NotEqual(default, handle.Id);
        Assert.Null(handle.LostBecause);
        Assert.False(handle.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task Every_grant_has_a_greater_token()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var last = default(FencingToken);
        for (var round = 0; round < 100; round++)
        {
            await using var handle = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
            Assert.True(handle.Token > last);
            last = handle.Token;
        }
    }

    [Fact]
    public async Task Null_means_busy()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var held = await node.Locks.LockAsync("r", LockMode.ProtectedRead, Token);

        Assert.Null(await node.Locks.TryLockAsync("r", LockMode.Exclusive, TimeSpan.Zero, Token));
        Assert.Null(await node.Locks.TryLockAsync("r", LockMode.Exclusive, TimeSpan.FromMilliseconds(30), Token));
        await using var shared = await node.Locks.TryLockAsync("r", LockMode.ProtectedRead, TimeSpan.Zero, Token);
        Assert.NotNull(shared);
    }

    [Fact]
    public async Task A_waiter_gets_the_lock_when_it_is_released()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var held = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        var waiting = node.Locks.LockAsync("r", LockMode.Exclusive, Token).AsTask();
        await node.UntilWaitingAsync("r");
        Assert.False(waiting.IsCompleted);

        await held.ReleaseAsync(Token);

        await using var next = await waiting.WaitAsync(EmbeddedNode.Patience, Token);
        Assert.True(next.Token > held.Token);
    }

    [Fact]
    public async Task A_timeout_says_who_holds_it_and_the_place_in_the_queue()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var held = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);

        var timeout = await Assert.ThrowsAsync<LockTimeoutException>(async () =>
            await node.Locks.LockAsync("r", LockMode.ProtectedRead, new LockOptions { Timeout = TimeSpan.FromMilliseconds(30) }, Token));

        Assert.Equal("TYER-BUSY", timeout.Code);
        Assert.Equal(1, timeout.QueuePosition);
        var holder = Assert.Single(timeout.Holders);
        Assert.Equal(held.Id, holder.Id);
        Assert.Equal(LockMode.Exclusive, holder.Granted);
        Assert.Equal(Environment.ProcessId, holder.Owner.ProcessId);
        Assert.Equal(held.Id, timeout.RootBlocker?.Id);
        Assert.Contains($"pid {Environment.ProcessId}", timeout.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_wait_ends_at_once_and_leaves_nothing_behind()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var held = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        using var cancel = new CancellationTokenSource();
        var waiting = node.Locks.LockAsync("r", LockMode.Exclusive, cancel.Token).AsTask();
        await node.UntilWaitingAsync("r");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(EmbeddedNode.Patience, Token));
        await held.ReleaseAsync(Token);
        await using var free = await node.Locks.TryLockAsync("r", LockMode.Exclusive, TimeSpan.Zero, Token);
        Assert.NotNull(free);
    }

    [Fact]
    public async Task Waiters_are_served_in_the_order_of_their_coming()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var held = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        var order = new List<int>();
        var waiting = new List<Task>();
        for (var number = 0; number < 8; number++)
        {
            waiting.Add(TakeAsync(number));
            await node.UntilWaitingAsync("r", number + 1);
        }

        await held.ReleaseAsync(Token);
        await Task.WhenAll(waiting).WaitAsync(EmbeddedNode.Patience, Token);

        Assert.Equal(Enumerable.Range(0, 8), order);

        async Task TakeAsync(int number)
        {
            await using var mine = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
            order.Add(number);
        }
    }

    [Fact]
    public async Task Dispose_may_be_called_twice_and_never_throws()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var handle = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);

        handle.Dispose();
        await handle.DisposeAsync();
        await handle.ReleaseAsync(Token);

        await using var again = await node.Locks.TryLockAsync("r", LockMode.Exclusive, TimeSpan.Zero, Token);
        Assert.NotNull(again);
    }

    [Fact]
    public async Task The_same_process_locks_twice_and_conflicts_with_itself()
    {
        await using var node = await EmbeddedNode.StartAsync();
        await using var first = await node.Locks.LockAsync("r", LockMode.Exclusive, Token);
        Assert.Null(await node.Locks.TryLockAsync("r", LockMode.ConcurrentRead, TimeSpan.Zero, Token));
    }

    [Fact]
    public async Task A_hundred_tasks_count_without_losing_one()
    {
        await using var node = await EmbeddedNode.StartAsync();
        var counter = 0;
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(CountAsync, Token))).WaitAsync(EmbeddedNode.Patience, Token);
        Assert.Equal(10_000, counter);

        async Task CountAsync()
        {
            for (var round = 0; round < 100; round++)
            {
                await using var mine = await node.Locks.LockAsync("counter", LockMode.Exclusive, Token);
                counter++;
            }
        }
    }

    [Fact]
    public async Task Bad_arguments_are_named()
    {
        await using var node = await EmbeddedNode.StartAsync();
        Assert.Throws<ArgumentException>(() => (ResourceName)new string('x', 65));
        await Assert.ThrowsAsync<ArgumentException>(async () => await node.Locks.LockAsync(default, LockMode.Exclusive, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await node.Locks.LockAsync("r", (LockMode)9, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await node.Locks.TryLockAsync("r", LockMode.Exclusive, TimeSpan.FromSeconds(-3), Token));
        await Assert.ThrowsAsync<ArgumentException>(async () =>
            await node.Locks.LockAsync("r", LockMode.Exclusive, new LockOptions { Expedite = true }, Token));
    }
}
