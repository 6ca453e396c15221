using System.Diagnostics;
using Tyer.Client.Helper;
using Tyer.Client.Tests.Support;
using Tyer.Sessions.Wire;

namespace Tyer.Client.Tests;

/// <summary>The ends of sessions: who is told what, and when somebody else may have the locks (L1, S2, S6).</summary>
public class LossTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_death_of_a_process_frees_its_locks_at_once()
    {
        await using var daemon = await Daemon.StartAsync();
        var locks = await daemon.OpenAsync();
        using var holder = await HelperProcess.StartAsync("held", "hold", daemon.Endpoint, "orders", "r", "300000");
        var waiting = locks.LockAsync("r", cancellationToken: Stop).AsTask();
        await LockingTests.WaiterAppears(locks, "r");
        var killed = Stopwatch.StartNew();
        holder.Kill();
        await using var granted = await waiting.SoonAsync();
        // The session had five minutes: it was not the time that freed it. On an idle machine it takes a few milliseconds.
        TestContext.Current.TestOutputHelper?.WriteLine($"granted {killed.Elapsed.TotalMilliseconds:0.0} ms after the kill");
        Assert.InRange(killed.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(4));
    }

    [Fact]
    public async Task The_death_of_the_daemon_is_told_at_once()
    {
        var folder = Directory.CreateTempSubdirectory("tyer-death-");
        try
        {
            var endpoint = "unix:" + Path.Combine(folder.FullName, "s");
            using var daemon = await HelperProcess.StartAsync("ready", "node", endpoint);
            await using var client = await TyerClient.ConnectAsync(endpoint, Stop);
            var locks = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);
            var handle = await locks.LockAsync("r", cancellationToken: Stop);
            var killed = Stopwatch.StartNew();
            daemon.Kill();
            await handle.Lost.SoonAsync();
            TestContext.Current.TestOutputHelper?.WriteLine($"told {killed.Elapsed.TotalMilliseconds:0.0} ms after the kill");
            // Not for want of a sign of life, which would be another reason.
            Assert.Equal(LossReason.ConnectionClosed, handle.LostBecause);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_frozen_process_loses_its_session_and_finds_out_when_it_goes_on()
    {
        await using var daemon = await Daemon.StartAsync();
        var locks = await daemon.OpenAsync();
        using var holder = await HelperProcess.StartAsync("held", "hold", daemon.Endpoint, "orders", "r", "2000");
        var waiting = locks.LockAsync("r", cancellationToken: Stop).AsTask();
        await LockingTests.WaiterAppears(locks, "r");
        var frozen = Stopwatch.StartNew();
        holder.Freeze();
        await using var granted = await waiting.SoonAsync();
        // It was last heard of up to a fifth of its time, and a bit, before it froze.
        Assert.True(frozen.Elapsed > TimeSpan.FromSeconds(1), $"granted after {frozen.Elapsed}, while the frozen holder's time was still running");
        holder.Thaw();
        Assert.StartsWith("lost SessionExpired", await holder.ReadLineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_says_nothing_loses_its_session_by_the_nodes_clock()
    {
        var clock = new ManualClock();
        await using var daemon = await Daemon.StartAsync(options => options.Clock = clock);
        using var silent = RawConnection.Open(daemon.Endpoint["unix:".Length..]);
        Assert.Equal(TimeSpan.FromSeconds(4), silent.Greet(TimeSpan.FromSeconds(4)).SessionTimeout);
        silent.Lock(silent.OpenLockspace("orders"), 1, "r");
        Assert.NotEmpty(silent.ReceiveUntil(WireKind.Completed));
        var own = await daemon.Node.OpenLockspaceAsync("orders", cancellationToken: Stop);
        var waiting = own.LockAsync("r", cancellationToken: Stop).AsTask();
        await LockingTests.WaiterAppears(own, "r");
        clock.Advance(TimeSpan.FromSeconds(3.9));
        Assert.NotNull(await LockingTests.SnapshotAsync(own, "r") is { IsContended: true } ? "" : null);
        clock.Advance(TimeSpan.FromSeconds(0.2));
        (await waiting.SoonAsync()).Dispose();
        var told = silent.ReceiveUntil(WireKind.SessionLost);
        Assert.Equal(WireFault.None, SessionLostMessage.TryRead(told, out var lost));
        Assert.Equal(LossReason.SessionExpired, lost.Reason);
        Assert.Empty(silent.Receive());
    }

    [Fact]
    public async Task A_keep_alive_that_is_not_heard_of_ends_the_session_by_the_clients_clock()
    {
        using var node = new FakeNode();
        var clock = new ManualClock();
        await using var client = await TyerClient.ConnectAsync(new TyerClientOptions { Endpoint = node.Endpoint }, clock, clock, Stop);
        var locks = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);
        var handle = await locks.LockAsync("r", cancellationToken: Stop);
        Assert.Equal(TimeSpan.FromSeconds(9.75), handle.SafeFor);

        // Heard of: the time counts anew from when it was sent.
        var sent = node.NextAsync(WireKind.KeepAlive);
        clock.Advance(TimeSpan.FromSeconds(2));
        await sent;
        while (handle.SafeFor != TimeSpan.FromSeconds(9.75))
            await Task.Yield();

        node.PassOver(WireKind.KeepAlive);
        clock.Advance(TimeSpan.FromSeconds(9.7));
        Assert.False(handle.Lost.IsCancellationRequested);
        clock.Advance(TimeSpan.FromSeconds(0.1));
        await handle.Lost.SoonAsync();
        Assert.Equal(LossReason.SessionExpired, handle.LostBecause);
    }

    [Fact]
    public async Task What_the_node_says_of_itself_may_end_the_session_earlier()
    {
        using var node = new FakeNode { SafeFor = TimeSpan.FromSeconds(3) };
        var clock = new ManualClock();
        await using var client = await TyerClient.ConnectAsync(new TyerClientOptions { Endpoint = node.Endpoint }, clock, clock, Stop);
        var locks = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);
        var handle = await locks.LockAsync("r", cancellationToken: Stop);
        Assert.Equal(TimeSpan.FromSeconds(2.75), handle.SafeFor);
        node.PassOver(WireKind.KeepAlive);
        clock.Advance(TimeSpan.FromSeconds(2.8));
        await handle.Lost.SoonAsync();
        Assert.Equal(LossReason.SessionExpired, handle.LostBecause);
    }

    [Fact]
    public async Task A_clock_that_jumps_by_more_than_a_quarter_of_the_session_ends_it()
    {
        using var node = new FakeNode();
        var (clock, steady) = (new ManualClock(), new ManualClock());
        await using var client = await TyerClient.ConnectAsync(new TyerClientOptions { Endpoint = node.Endpoint }, clock, steady, Stop);
        var locks = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);
        var handle = await locks.LockAsync("r", cancellationToken: Stop);

        // A small one does not: the keep-alive that is due by now goes out after the clocks were compared.
        var sent = node.NextAsync(WireKind.KeepAlive);
        clock.Advance(TimeSpan.FromSeconds(2.4));
        await sent;
        Assert.False(handle.Lost.IsCancellationRequested);

        clock.Advance(TimeSpan.FromSeconds(2.6));
        await handle.Lost.SoonAsync();
        Assert.Equal(LossReason.ClockJumped, handle.LostBecause);
    }

    [Fact]
    public async Task A_node_that_stops_says_so_before_it_is_gone()
    {
        var daemon = await Daemon.StartAsync();
        await using var _ = daemon;
        var locks = await daemon.OpenAsync();
        var handle = await locks.LockAsync("r", cancellationToken: Stop);
        await daemon.Node.DisposeAsync();
        Assert.True(handle.Lost.IsCancellationRequested);
        Assert.Equal(LossReason.NodeStopped, handle.LostBecause);
    }

    [Fact]
    public async Task A_client_comes_back_to_a_daemon_that_was_restarted()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        var locks = await client.OpenLockspaceAsync("orders", new LockspaceOptions { ValueSize = 32 }, Stop);
        var lost = await locks.LockAsync("r", cancellationToken: Stop);
        await daemon.Node.DisposeAsync();
        Assert.False(client.IsConnected);
        await daemon.StartNodeAsync();
        await using var handle = await EventuallyAsync(() => locks.LockAsync("r", cancellationToken: Stop));
        Assert.True(client.IsConnected);
        handle.SetValue(new byte[32]);
        Assert.Equal(LossReason.NodeStopped, lost.LostBecause);
        Assert.Throws<LockLostException>(lost.ThrowIfLost);
        lost.Dispose();
        Assert.Null(handle.LostBecause);
    }

    [Fact]
    public async Task A_connection_that_breaks_in_the_middle_of_a_word_frees_its_locks_too()
    {
        await using var daemon = await Daemon.StartAsync();
        var own = await daemon.Node.OpenLockspaceAsync("orders", cancellationToken: Stop);
        var cut = RawConnection.Open(daemon.Endpoint["unix:".Length..]);
        cut.Greet(TimeSpan.Zero);
        cut.Lock(cut.OpenLockspace("orders"), 1, "r");
        Assert.NotEmpty(cut.ReceiveUntil(WireKind.Completed));
        var waiting = own.LockAsync("r", cancellationToken: Stop).AsTask();
        await LockingTests.WaiterAppears(own, "r");
        cut.SendBytes(RawConnection.Frame([1, 2, 3]).AsSpan(0, 25));
        cut.Dispose();
        (await waiting.SoonAsync()).Dispose();
    }

    [Fact]
    public async Task A_revoked_lock_is_free_only_when_its_holder_knows()
    {
        await using var daemon = await Daemon.StartAsync();
        var (mine, theirs, operatorsClient) = (await daemon.OpenAsync(), await daemon.OpenAsync(), await daemon.ConnectAsync());
        var held = await mine.LockAsync("r", cancellationToken: Stop);
        var kept = await mine.LockAsync("other", cancellationToken: Stop);
        held.SetValue("never committed"u8);
        var knew = theirs.LockAsync("r", cancellationToken: Stop).AsTask().ContinueWith(
            granted => (granted.Result, held.Lost.IsCancellationRequested), Stop, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await LockingTests.WaiterAppears(mine, "r");
        var result = await operatorsClient.Administration.RevokeAsync(held.Id, "it has been long enough", Stop);
        Assert.Equal(Tyer.Sessions.Administration.RevokeOutcome.Revoked, result.Outcome);
        Assert.Equal("r", result.Resource);
        Assert.Equal("orders", result.Lockspace);
        var (granted, hadBeenTold) = await knew.SoonAsync();
        Assert.True(hadBeenTold);
        Assert.Equal(LossReason.Revoked, held.LostBecause);
        Assert.Equal(LockValueState.Invalid, granted.Value.State);
        Assert.Null(kept.LostBecause);
        await kept.ReleaseAsync(Stop);
        await granted.ReleaseAsync(Stop);
        await using var again = await mine.LockAsync("r", cancellationToken: Stop);
    }

    [Fact]
    public async Task A_client_that_keeps_what_was_revoked_loses_its_session()
    {
        var clock = new ManualClock();
        await using var daemon = await Daemon.StartAsync(options => options.Clock = clock);
        using var stubborn = RawConnection.Open(daemon.Endpoint["unix:".Length..]);
        stubborn.Greet(TimeSpan.FromSeconds(4));
        stubborn.Lock(stubborn.OpenLockspace("orders"), 1, "r");
        Assert.Equal(WireFault.None, CompletedMessage.TryRead(stubborn.ReceiveUntil(WireKind.Completed), out var held));
        var id = held.Id;
        var own = await daemon.Node.OpenLockspaceAsync("orders", cancellationToken: Stop);
        var waiting = own.LockAsync("r", cancellationToken: Stop).AsTask();
        await LockingTests.WaiterAppears(own, "r");
        await daemon.Node.Administration.RevokeAsync(id, "test", Stop);
        Assert.NotEmpty(stubborn.ReceiveUntil(WireKind.LockLost));
        clock.Advance(TimeSpan.FromSeconds(3));
        SayAlive(stubborn);
        Assert.NotEmpty(stubborn.ReceiveUntil(WireKind.KeepAliveHeard));
        clock.Advance(TimeSpan.FromSeconds(1.1));
        Assert.NotEmpty(stubborn.ReceiveUntil(WireKind.Failed));
        // It was heard of a second ago, and may believe for three more.
        Assert.True(await LockingTests.SnapshotAsync(own, "r") is { IsContended: true });
        SayAlive(stubborn);
        clock.Advance(TimeSpan.FromSeconds(3));
        (await waiting.SoonAsync()).Dispose();
    }

    private static void SayAlive(RawConnection connection)
    {
        var message = new byte[KeepAliveMessage.Bytes];
        connection.Send(message.AsSpan(0, new KeepAliveMessage(TimeSpan.FromSeconds(1)).Write(message)));
    }

    private static async Task<LockHandle> EventuallyAsync(Func<ValueTask<LockHandle>> attempt)
    {
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (LockUnavailableException)
            {
                await Task.Yield();
            }
        }
    }
}
