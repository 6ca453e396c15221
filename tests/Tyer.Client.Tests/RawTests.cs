using Tyer.Client.Tests.Support;

namespace Tyer.Client.Tests;

/// <summary>The classic interface through a socket.</summary>
public class RawTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_lock_completes_converts_and_is_released_with_one_callback_each()
    {
        await using var daemon = await Daemon.StartAsync();
        await using var locks = await daemon.OpenAsync();
        var lockage = new Lockage();
        Assert.Equal(RawResult.Accepted, locks.Raw.Lock("r"u8, LockMode.ProtectedRead, RawFlags.None, lockage.Block, lockage.Callbacks));
        Assert.Equal(RawStatus.Ok, await lockage.CompletedAsync());
        Assert.Equal(LockMode.ProtectedRead, lockage.Block.Mode);
        var token = lockage.Block.Token;
        Assert.Equal(RawResult.Accepted, locks.Raw.Lock([], LockMode.Exclusive, RawFlags.Convert, lockage.Block, lockage.Callbacks));
        Assert.Equal(RawStatus.Ok, await lockage.CompletedAsync());
        Assert.Equal(LockMode.Exclusive, lockage.Block.Mode);
        Assert.True(lockage.Block.Token > token);
        Assert.Equal(RawResult.Accepted, locks.Raw.Unlock(lockage.Block.Id, RawFlags.None, lockage.Block, lockage.Callbacks));
        Assert.Equal(RawStatus.Unlocked, await lockage.CompletedAsync());
        Assert.Equal(RawResult.UnknownLock, locks.Raw.Unlock(lockage.Block.Id, RawFlags.None, lockage.Block, lockage.Callbacks));
        Assert.Equal(3, lockage.Count);
    }

    [Fact]
    public async Task A_lock_that_must_not_queue_completes_with_again()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        await using var held = await mine.LockAsync("r", cancellationToken: Stop);
        var lockage = new Lockage();
        Assert.Equal(RawResult.Accepted, theirs.Raw.Lock("r"u8, LockMode.Exclusive, RawFlags.NoQueue, lockage.Block, lockage.Callbacks));
        Assert.Equal(RawStatus.Again, await lockage.CompletedAsync());
    }

    [Fact]
    public async Task A_waiting_lock_gets_its_id_and_can_be_cancelled_by_it()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        await using var held = await mine.LockAsync("r", cancellationToken: Stop);
        var lockage = new Lockage();
        Assert.Equal(RawResult.Accepted, theirs.Raw.Lock("r"u8, LockMode.Exclusive, RawFlags.None, lockage.Block, lockage.Callbacks));
        await LockingTests.WaiterAppears(mine, "r");
        var id = Assert.Single((await LockingTests.SnapshotAsync(mine, "r"))!.Waiting).Id;
        while (lockage.Block.Id == default)
            await Task.Yield();
        Assert.Equal(id, lockage.Block.Id);
        Assert.Equal(CancelOutcome.Cancelled, await theirs.Raw.CancelAsync(id, Stop).SoonAsync());
        Assert.Equal(RawStatus.Cancelled, await lockage.CompletedAsync());
        Assert.Equal(CancelOutcome.NotFound, await theirs.Raw.CancelAsync(id, Stop).SoonAsync());
        Assert.Equal(1, lockage.Count);
    }

    [Fact]
    public async Task A_lock_that_is_granted_is_not_cancelled()
    {
        await using var daemon = await Daemon.StartAsync();
        await using var locks = await daemon.OpenAsync();
        var lockage = new Lockage();
        locks.Raw.Lock("r"u8, LockMode.Exclusive, RawFlags.None, lockage.Block, lockage.Callbacks);
        await lockage.CompletedAsync();
        Assert.Equal(CancelOutcome.AlreadyGranted, await locks.Raw.CancelAsync(lockage.Block.Id, Stop).SoonAsync());
    }

    [Fact]
    public async Task A_blocking_callback_names_who_wants_it()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        var lockage = new Lockage();
        mine.Raw.Lock("r"u8, LockMode.Exclusive, RawFlags.None, lockage.Block, lockage.Callbacks);
        await lockage.CompletedAsync();
        var waiting = theirs.LockAsync("r", LockMode.ProtectedRead, Stop).AsTask();
        Assert.Equal(LockMode.ProtectedRead, (await lockage.BlockedAsync()).Wanted);
        mine.Raw.Unlock(lockage.Block.Id, RawFlags.None, lockage.Block, lockage.Callbacks);
        (await waiting.SoonAsync()).Dispose();
    }

    [Fact]
    public async Task A_value_is_written_and_read_through_the_callers_buffer()
    {
        await using var daemon = await Daemon.StartAsync();
        await using var locks = await daemon.OpenAsync();
        await using var keeper = await locks.LockAsync("r", LockMode.Null, Stop);
        var writer = new Lockage { Block = { Value = new byte[64] } };
        locks.Raw.Lock("r"u8, LockMode.Exclusive, RawFlags.ValBlk, writer.Block, writer.Callbacks);
        await writer.CompletedAsync();
        "written"u8.CopyTo(writer.Block.Value.Span);
        locks.Raw.Unlock(writer.Block.Id, RawFlags.ValBlk, writer.Block, writer.Callbacks);
        await writer.CompletedAsync();
        var reader = new Lockage { Block = { Value = new byte[64] } };
        locks.Raw.Lock("r"u8, LockMode.ConcurrentRead, RawFlags.ValBlk, reader.Block, reader.Callbacks);
        await reader.CompletedAsync();
        Assert.True(reader.Block.Value.Span.StartsWith("written"u8));
        Assert.Equal(LockValueState.Valid, reader.Block.ValueState);
    }

    [Fact]
    public async Task What_cannot_be_asked_is_refused_at_once()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        var lockage = new Lockage();
        Assert.Equal(RawResult.InvalidName, mine.Raw.Lock(new byte[65], LockMode.Exclusive, RawFlags.None, lockage.Block, lockage.Callbacks));
        Assert.Equal(RawResult.NoValueBuffer, mine.Raw.Lock("r"u8, LockMode.Exclusive, RawFlags.ValBlk, lockage.Block, lockage.Callbacks));
        mine.Raw.Lock("r"u8, LockMode.ProtectedRead, RawFlags.None, lockage.Block, lockage.Callbacks);
        await lockage.CompletedAsync();
        Assert.Equal(
            RawResult.InvalidConversion, mine.Raw.Lock([], LockMode.Null, RawFlags.Convert | RawFlags.QueCvt, lockage.Block, lockage.Callbacks));
        await using var other = await theirs.LockAsync("r", LockMode.ProtectedRead, Stop);
        Assert.Equal(RawResult.Accepted, mine.Raw.Lock([], LockMode.Exclusive, RawFlags.Convert, lockage.Block, lockage.Callbacks));
        Assert.Equal(RawResult.Busy, mine.Raw.Lock([], LockMode.Null, RawFlags.Convert, lockage.Block, lockage.Callbacks));
        Assert.Equal(RawResult.Busy, mine.Raw.Unlock(lockage.Block.Id, RawFlags.None, lockage.Block, lockage.Callbacks));
    }

    [Fact]
    public async Task An_unlock_by_force_ends_what_it_overtakes_first()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs) = (await daemon.OpenAsync(), await daemon.OpenAsync());
        await using var other = await theirs.LockAsync("r", LockMode.ProtectedRead, Stop);
        var (lockage, unlock) = (new Lockage(), new Lockage());
        mine.Raw.Lock("r"u8, LockMode.ProtectedRead, RawFlags.None, lockage.Block, lockage.Callbacks);
        await lockage.CompletedAsync();
        mine.Raw.Lock([], LockMode.Exclusive, RawFlags.Convert, lockage.Block, lockage.Callbacks);
        await LockingTests.WaiterAppears(theirs, "r");
        Assert.Equal(RawResult.Accepted, mine.Raw.Unlock(lockage.Block.Id, RawFlags.ForceUnlock, unlock.Block, unlock.Callbacks));
        Assert.Equal(RawStatus.Cancelled, await lockage.CompletedAsync());
        Assert.Equal(RawStatus.Unlocked, await unlock.CompletedAsync());
        Assert.Equal(2, lockage.Count);
        Assert.Equal(1, unlock.Count);
    }

    [Fact]
    public async Task Orphans_are_purged()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        var locks = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);
        _ = await locks.LockAsync("r", LockMode.Exclusive, new LockOptions { Persistent = true }, Stop);
        await client.DisposeAsync();
        var others = await daemon.OpenAsync();
        Assert.Null(await others.TryLockAsync("r", LockMode.Exclusive, TimeSpan.Zero, Stop));
        Assert.Equal(0, await others.Raw.PurgeAsync(0, int.MaxValue, Stop).SoonAsync());
        Assert.Equal(1, await others.Raw.PurgeAsync(0, Environment.ProcessId, Stop).SoonAsync());
        await using var free = await others.LockAsync("r", cancellationToken: Stop);
    }

    /// <summary>A status block with callbacks that can be waited for.</summary>
    private sealed class Lockage
    {
        private readonly System.Threading.Channels.Channel<RawStatus> _completed = System.Threading.Channels.Channel.CreateUnbounded<RawStatus>();
        private readonly System.Threading.Channels.Channel<BlockingNotice> _blocked = System.Threading.Channels.Channel.CreateUnbounded<BlockingNotice>();
        private int _count;

        internal Lockage() => Callbacks = new RawCallbacks(
            block =>
            {
                Interlocked.Increment(ref _count);
                _completed.Writer.TryWrite(block.Status);
            },
            (_, notice) => _blocked.Writer.TryWrite(notice));

        internal LockStatusBlock Block { get; } = new();

        internal RawCallbacks Callbacks { get; }

        internal int Count => Volatile.Read(ref _count);

        internal Task<RawStatus> CompletedAsync() => _completed.Reader.ReadAsync(Stop).SoonAsync();

        internal Task<BlockingNotice> BlockedAsync() => _blocked.Reader.ReadAsync(Stop).SoonAsync();
    }
}
