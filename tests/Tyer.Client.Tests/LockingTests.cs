using Tyer.Client.Tests.Support;

namespace Tyer.Client.Tests;

/// <summary>The four verbs through a socket, to a real node.</summary>
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

    [Fact]
    public async Task A_waiter_of_another_process_gets_the_lock_when_it_is_released()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        var held = await mine.LockAsync("r", cancellationToken: Stop);
        var waiting = theirs.LockAsync("r", cancellationToken: Stop).AsTask();
        await WaiterAppears(mine, "r");
        Assert.False(waiting.IsCompleted);
        held.Dispose();
        await using var granted = await waiting.SoonAsync();
        Assert.True(granted.Token > held.Token);
    }

    [Fact]
    public async Task A_try_that_finds_it_busy_returns_null()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        await using var held = await mine.LockAsync("r", cancellationToken: Stop);
        Assert.Null(await theirs.TryLockAsync("r", LockMode.Exclusive, TimeSpan.Zero, Stop));
        Assert.Null(await theirs.TryLockAsync("r", LockMode.Exclusive, TimeSpan.FromMilliseconds(30), Stop));
        await held.ReleaseAsync(Stop);
        await using var granted = await theirs.TryLockAsync("r", LockMode.Exclusive, TimeSpan.Zero, Stop);
        Assert.NotNull(granted);
    }

    [Fact]
    public async Task A_timeout_tells_who_holds_it_as_the_operating_system_knows_him()
    {
        await using var daemon = await Daemon.StartAsync();
        var mine = await daemon.OpenAsync(configure: options => options.Label = "the holder");
        var theirs = await daemon.OpenAsync();
        await using var held = await mine.LockAsync("r", cancellationToken: Stop);
        var busy = await Assert.ThrowsAsync<LockTimeoutException>(() =>
            theirs.LockAsync("r", LockMode.Exclusive, new LockOptions { Timeout = TimeSpan.FromMilliseconds(50) }, Stop).AsTask());
        var holder = Assert.Single(busy.Holders);
        Assert.Equal(held.Id, holder.Id);
        Assert.Equal(Environment.ProcessId, holder.Owner.ProcessId);
        Assert.Equal(Environment.UserName, holder.Owner.User);
        Assert.Equal("the holder", holder.Owner.Label);
        Assert.Equal("n1", holder.Owner.Node);
        Assert.True(holder.Owner.Verified);
    }

    [Fact]
    public async Task A_value_travels_with_the_lock()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        // A value lives while somebody has a lock.
        await using var keeper = await theirs.LockAsync("r", LockMode.Null, Stop);
        var writer = await mine.LockAsync("r", cancellationToken: Stop);
        Assert.Equal(LockValueState.NeverWritten, writer.Value.State);
        writer.SetValue("first"u8);
        await writer.ReleaseAsync(Stop);
        await using var reader = await theirs.LockAsync("r", LockMode.ProtectedRead, Stop);
        Assert.Equal(LockValueState.Valid, reader.Value.State);
        Assert.StartsWith("first", System.Text.Encoding.ASCII.GetString(reader.Value.Bytes.Span), StringComparison.Ordinal);
        await reader.ConvertAsync(LockMode.Exclusive, Stop);
        reader.SetValue("second"u8);
        await reader.ConvertAsync(LockMode.Null, Stop);
        await using var last = await mine.LockAsync("r", LockMode.ProtectedRead, Stop);
        Assert.StartsWith("second", System.Text.Encoding.ASCII.GetString(last.Value.Bytes.Span), StringComparison.Ordinal);
        Assert.True(last.Value.Version > reader.Value.Version);
    }

    [Fact]
    public async Task A_conversion_changes_the_mode_or_leaves_it()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        await using var handle = await mine.LockAsync("r", LockMode.ProtectedRead, Stop);
        var token = handle.Token;
        await handle.ConvertAsync(LockMode.Exclusive, Stop);
        Assert.Equal(LockMode.Exclusive, handle.Mode);
        Assert.True(handle.Token > token);
        await handle.ConvertAsync(LockMode.ProtectedRead, Stop);
        await using var other = await theirs.LockAsync("r", LockMode.ProtectedRead, Stop);
        Assert.False(await handle.TryConvertAsync(LockMode.Exclusive, TimeSpan.Zero, Stop));
        Assert.Equal(LockMode.ProtectedRead, handle.Mode);
        var converting = handle.ConvertAsync(LockMode.Exclusive, Stop).AsTask();
        await WaiterAppears(theirs, "r");
        await other.ReleaseAsync(Stop);
        await converting.SoonAsync();
        Assert.Equal(LockMode.Exclusive, handle.Mode);
    }

    [Fact]
    public async Task A_holder_is_told_who_wants_the_lock()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync(configure: options => options.Label = "the one who wants"));
        var handle = await mine.LockAsync("r", LockMode.ProtectedRead, Stop);
        var told = new TaskCompletionSource<BlockingNotice>(TaskCreationOptions.RunContinuationsAsynchronously);
        handle.Blocking += (sender, notice) => told.TrySetResult(notice);
        var waiting = theirs.LockAsync("r", cancellationToken: Stop).AsTask();
        var notice = await told.Task.SoonAsync();
        Assert.Equal(LockMode.Exclusive, notice.Wanted);
        Assert.Equal("the one who wants", notice.Requester.Label);
        Assert.Equal(LockMode.Exclusive, handle.BlockedMode);
        handle.Dispose();
        (await waiting.SoonAsync()).Dispose();
    }

    [Fact]
    public async Task A_cancelled_wait_ends_at_once_and_leaves_nothing_behind()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        var held = await mine.LockAsync("r", cancellationToken: Stop);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var waiting = theirs.LockAsync("r", cancellationToken: cancel.Token).AsTask();
        await WaiterAppears(mine, "r");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.SoonAsync());
        held.Dispose();
        // Nobody is before this one, and nobody has it for ever.
        await using var next = await mine.LockAsync("r", cancellationToken: Stop).SoonAsync();
    }

    [Fact]
    public async Task A_cancel_that_crosses_the_grant_releases_it()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        for (var round = 0; round < 200; round++)
        {
            var held = await mine.LockAsync("r", cancellationToken: Stop);
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var waiting = theirs.LockAsync("r", cancellationToken: cancel.Token).AsTask();
            held.Dispose();
            await cancel.CancelAsync();
            try
            {
                (await waiting.SoonAsync()).Dispose();
            }
            catch (OperationCanceledException)
            {
                // Either is right; what must not be is a lock that nobody has.
            }
        }

        await using var free = await mine.LockAsync("r", cancellationToken: Stop).SoonAsync();
    }

    [Fact]
    public async Task A_cancelled_conversion_keeps_the_mode()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        await using var handle = await mine.LockAsync("r", LockMode.ProtectedRead, Stop);
        await using var other = await theirs.LockAsync("r", LockMode.ProtectedRead, Stop);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var converting = handle.ConvertAsync(LockMode.Exclusive, cancel.Token).AsTask();
        await WaiterAppears(mine, "r");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => converting.SoonAsync());
        Assert.Equal(LockMode.ProtectedRead, handle.Mode);
        await other.ReleaseAsync(Stop);
        await handle.ConvertAsync(LockMode.Exclusive, Stop).SoonAsync();
    }

    [Fact]
    public async Task Of_two_that_convert_against_each_other_one_gives_way()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        await using var a = await mine.LockAsync("r", LockMode.ProtectedRead, Stop);
        await using var b = await theirs.LockAsync("r", LockMode.ProtectedRead, Stop);
        var first = a.ConvertAsync(LockMode.Exclusive, Stop).AsTask();
        await WaiterAppears(mine, "r");
        await Assert.ThrowsAsync<DeadlockException>(() => b.ConvertAsync(LockMode.Exclusive, Stop).SoonAsync());
        await b.ReleaseAsync(Stop);
        await first.SoonAsync();
    }

    [Fact]
    public async Task Locks_and_releases_follow_each_other_without_waiting()
    {
        await using var daemon = await Daemon.StartAsync();
        await using var locks = await daemon.OpenAsync();
        var last = default(FencingToken);
        for (var round = 0; round < 2000; round++)
        {
            var handle = await locks.LockAsync("r", cancellationToken: Stop);
            Assert.True(handle.Token > last);
            last = handle.Token;
            handle.Dispose();
        }
    }

    [Fact]
    public async Task Several_threads_share_a_client()
    {
        await using var daemon = await Daemon.StartAsync();
        await using var locks = await daemon.OpenAsync();
        var (inside, entered) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var round = 0; round < 250; round++)
            {
                await using var handle = await locks.LockAsync("r", cancellationToken: Stop);
                Assert.Equal(1, Interlocked.Increment(ref inside));
                entered++;
                Interlocked.Decrement(ref inside);
            }
        }, Stop))).SoonAsync();
        Assert.Equal(2000, entered);
    }

    [Fact]
    public async Task Thousands_may_wait_at_once()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        var held = await mine.LockAsync("r", cancellationToken: Stop);
        var waiting = Enumerable.Range(0, 5000).Select(_ => theirs.LockAsync("r", LockMode.ProtectedRead, Stop).AsTask()).ToArray();
        held.Dispose();
        var granted = await Task.WhenAll(waiting).SoonAsync();
        foreach (var handle in granted)
            handle.Dispose();
        await using var last = await mine.LockAsync("r", cancellationToken: Stop).SoonAsync();
    }

    [Fact]
    public async Task Closing_a_lockspace_frees_its_locks_after_their_holders_know()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        var held = await mine.LockAsync("r", cancellationToken: Stop);
        var waiting = theirs.LockAsync("r", cancellationToken: Stop).AsTask();
        await WaiterAppears(mine, "r");
        await mine.DisposeAsync();
        Assert.True(held.Lost.IsCancellationRequested);
        Assert.Equal(LossReason.LockspaceClosed, held.LostBecause);
        (await waiting.SoonAsync()).Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => mine.LockAsync("r", cancellationToken: Stop).AsTask());
    }

    [Fact]
    public async Task Keys_of_a_closed_lockspace_serve_another()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        for (var round = 0; round < 20; round++)
        {
            var space = await client.OpenLockspaceAsync("s" + round, cancellationToken: Stop);
            for (var each = 0; each < 50; each++)
                _ = await space.LockAsync("r" + each, cancellationToken: Stop);
            await space.DisposeAsync();
        }

        await using var locks = await client.OpenLockspaceAsync("s0", cancellationToken: Stop);
        await using var handle = await locks.LockAsync("r0", cancellationToken: Stop);
    }

    [Fact]
    public async Task A_lockspace_with_other_options_is_refused_as_the_node_says_it()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        await using var locks = await client.OpenLockspaceAsync("orders", new LockspaceOptions { ValueSize = 128 }, Stop);
        var refused = await Assert.ThrowsAsync<LockRefusedException>(() =>
            client.OpenLockspaceAsync("orders", new LockspaceOptions { ValueSize = 64 }, Stop).AsTask());
        Assert.Equal(RefusalReason.OptionsDiffer, refused.Reason);
        Assert.Contains("128", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => client.OpenLockspaceAsync("not a name", cancellationToken: Stop).AsTask());
        await using var same = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);
        await using var handle = await same.LockAsync("r", cancellationToken: Stop);
        handle.SetValue(new byte[128]);
        Assert.Throws<ArgumentException>(() => handle.SetValue(new byte[129]));
    }

    [Fact]
    public async Task A_session_has_as_many_locks_as_the_lockspace_lets_it()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        await using var locks = await client.OpenLockspaceAsync("few", new LockspaceOptions { LocksPerSessionMax = 3 }, Stop);
        var handles = new List<LockHandle>();
        for (var each = 0; each < 3; each++)
            handles.Add(await locks.LockAsync("r" + each, cancellationToken: Stop));
        var refused = await Assert.ThrowsAsync<LockRefusedException>(() => locks.LockAsync("r3", cancellationToken: Stop).AsTask());
        Assert.Equal(RefusalReason.LimitReached, refused.Reason);
        await handles[0].ReleaseAsync(Stop);
        await using var fits = await locks.LockAsync("r3", cancellationToken: Stop);
    }

    [Fact]
    public async Task Completions_may_come_on_the_reading_thread()
    {
        await using var daemon = await Daemon.StartAsync();
        await using var locks = await daemon.OpenAsync(configure: options => options.InlineCompletions = true);
        var thread = new TaskCompletionSource<string?>();
        var callbacks = new RawCallbacks(_ => thread.TrySetResult(Thread.CurrentThread.Name));
        Assert.Equal(RawResult.Accepted, locks.Raw.Lock("r"u8, LockMode.Exclusive, RawFlags.None, new LockStatusBlock(), callbacks));
        Assert.Equal("tyer client reader", await thread.Task.SoonAsync());
    }

    [Fact]
    public async Task Whoever_labels_a_lock_is_seen_by_those_who_look()
    {
        await using var daemon = await Daemon.StartAsync();
        await using var locks = await daemon.OpenAsync();
        var options = new LockOptions { Owner = "night run", Purpose = "close the month", Transaction = Guid.NewGuid() };
        await using var handle = await locks.LockAsync("r", LockMode.Exclusive, options, Stop);
        var snapshot = await SnapshotAsync(locks, "r");
        var entry = Assert.Single(snapshot!.Granted);
        Assert.Equal(handle.Id, entry.Id);
        Assert.Equal(handle.Token, entry.Token);
        Assert.Equal("night run", entry.Owner.Label);
        Assert.Equal("close the month", entry.Purpose);
    }

    [Fact]
    public async Task Label_and_purpose_of_a_lock_reach_those_it_keeps_waiting_and_those_whom_it_wants_out()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(configure: options => options.Label = "mine"), await daemon.OpenAsync(configure: options => options.Label = "theirs"));
        await using var held = await mine.LockAsync("r", LockMode.Exclusive, new LockOptions { Owner = "night run", Purpose = "close the month" }, Stop);
        var told = new TaskCompletionSource<BlockingNotice>(TaskCreationOptions.RunContinuationsAsynchronously);
        held.Blocking += (_, notice) => told.TrySetResult(notice);

        var outcome = await Assert.ThrowsAsync<LockTimeoutException>(() => theirs.LockAsync(
            "r", LockMode.ProtectedRead, new LockOptions { Owner = "day run", Timeout = TimeSpan.FromMilliseconds(30) }, Stop).AsTask());

        Assert.Equal("night run", Assert.Single(outcome.Holders).Owner.Label);
        Assert.Equal("close the month", outcome.Holders[0].Purpose);
        Assert.Equal("day run", (await told.Task.SoonAsync()).Requester.Label);
    }

    [Fact]
    public async Task A_client_that_is_closed_has_released_everything_and_committed_its_values()
    {
        await using var daemon = await Daemon.StartAsync();
        var keeper = await daemon.OpenAsync();
        await using var kept = await keeper.LockAsync("r", LockMode.Null, Stop);
        var client = await daemon.ConnectAsync();
        var locks = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);
        var posted = await locks.LockAsync("r", cancellationToken: Stop);
        var held = await locks.LockAsync("other", cancellationToken: Stop);
        posted.SetValue("posted"u8);
        posted.Dispose();
        await client.DisposeAsync();
        Assert.True(held.Lost.IsCancellationRequested);
        await using var reader = await keeper.LockAsync("r", LockMode.ProtectedRead, Stop);
        Assert.Equal(LockValueState.Valid, reader.Value.State);
        Assert.StartsWith("posted", System.Text.Encoding.ASCII.GetString(reader.Value.Bytes.Span), StringComparison.Ordinal);
        await using var free = await keeper.TryLockAsync("other", LockMode.Exclusive, TimeSpan.Zero, Stop);
        Assert.NotNull(free);
    }

    /// <summary>Returns when somebody waits for the resource; asks the node again and again, as there is no event for it.</summary>
    internal static async Task WaiterAppears(ILockspace locks, string resource)
    {
        while (await SnapshotAsync(locks, resource) is not { IsContended: true })
            await Task.Yield();
    }

    internal static async Task<ResourceSnapshot?> SnapshotAsync(ILockspace locks, string resource)
    {
        await foreach (var found in locks.QueryAsync(new ResourceQuery { Resource = resource }, Stop))
            return found;
        return null;
    }
}
