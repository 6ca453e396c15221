using Tyer.Client.Tests.Support;
using Tyer.Sessions;
using Tyer.Sessions.Wire;

namespace Tyer.Client.Tests;

/// <summary>What becomes of what was under way when the session ends: <c>docs/contract.md</c>, "Outcomes".</summary>
public class OutcomeTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wait_ends_unavailable()
    {
        using var node = new FakeNode();
        node.PassOver(WireKind.Lock);
        var (client, locks) = await OpenAsync(node);
        await using var _ = client;
        var asked = node.NextAsync(WireKind.Lock);
        var waiting = locks.LockAsync("r", cancellationToken: Stop).AsTask();
        await asked;
        node.Close();
        var outcome = await Assert.ThrowsAsync<LockUnavailableException>(() => waiting.SoonAsync());
        Assert.Equal(UnavailableReason.Unreachable, outcome.Reason);
    }

    [Fact]
    public async Task A_holder_is_told_and_every_use_says_lost_but_disposing_is_silent()
    {
        using var node = new FakeNode();
        var (client, locks) = await OpenAsync(node);
        await using var _ = client;
        var handle = await locks.LockAsync("r", cancellationToken: Stop);
        Assert.False(handle.Lost.IsCancellationRequested);
        Assert.InRange(handle.SafeFor, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10));
        node.Close();
        await handle.Lost.SoonAsync();
        Assert.Equal(LossReason.ConnectionClosed, handle.LostBecause);
        Assert.Equal(TimeSpan.Zero, handle.SafeFor);
        Assert.Throws<LockLostException>(handle.ThrowIfLost);
        var lost = await Assert.ThrowsAsync<LockLostException>(() => handle.ConvertAsync(LockMode.Null, Stop).AsTask());
        Assert.Equal(LossReason.ConnectionClosed, lost.Reason);
        await handle.ReleaseAsync(Stop);
        handle.Dispose();
        await handle.DisposeAsync();
    }

    [Fact]
    public async Task A_conversion_ends_lost()
    {
        using var node = new FakeNode();
        node.PassOver(WireKind.Convert);
        var (client, locks) = await OpenAsync(node);
        await using var _ = client;
        var handle = await locks.LockAsync("r", LockMode.ProtectedRead, cancellationToken: Stop);
        var asked = node.NextAsync(WireKind.Convert);
        var converting = handle.ConvertAsync(LockMode.Exclusive, Stop).AsTask();
        await asked;
        node.Close();
        await Assert.ThrowsAsync<LockLostException>(() => converting.SoonAsync());
    }

    [Fact]
    public async Task A_release_is_done()
    {
        using var node = new FakeNode();
        node.PassOver(WireKind.Unlock);
        var (client, locks) = await OpenAsync(node);
        await using var _ = client;
        var handle = await locks.LockAsync("r", cancellationToken: Stop);
        var asked = node.NextAsync(WireKind.Unlock);
        var releasing = handle.ReleaseAsync(Stop).AsTask();
        await asked;
        node.Close();
        await releasing.SoonAsync();
    }

    [Fact]
    public async Task A_release_that_was_to_commit_a_value_is_unknown()
    {
        using var node = new FakeNode();
        node.PassOver(WireKind.Unlock);
        var (client, locks) = await OpenAsync(node);
        await using var _ = client;
        var handle = await locks.LockAsync("r", cancellationToken: Stop);
        handle.SetValue("new"u8);
        var asked = node.NextAsync(WireKind.Unlock);
        var releasing = handle.ReleaseAsync(Stop).AsTask();
        await asked;
        node.Close();
        var unknown = await Assert.ThrowsAsync<OutcomeUnknownException>(() => releasing.SoonAsync());
        Assert.Equal(handle.Id, unknown.RequestId.Lock);
    }

    [Fact]
    public async Task New_locks_are_unavailable_until_the_client_is_back()
    {
        using var node = new FakeNode();
        var (client, locks) = await OpenAsync(node);
        await using var _ = client;
        var handle = await locks.LockAsync("r", cancellationToken: Stop);
        node.PassOver(WireKind.Hello);
        node.Close();
        await handle.Lost.SoonAsync();
        Assert.False(client.IsConnected);
        await Assert.ThrowsAsync<LockUnavailableException>(() => locks.LockAsync("r", cancellationToken: Stop).AsTask());
        await Assert.ThrowsAsync<LockUnavailableException>(() => client.OpenLockspaceAsync("other", cancellationToken: Stop).AsTask());
        await Assert.ThrowsAsync<LockUnavailableException>(() => client.Administration.StatusAsync(Stop).AsTask());
    }

    [Fact]
    public async Task A_request_to_the_node_ends_unavailable()
    {
        using var node = new FakeNode();
        node.PassOver(WireKind.Ask, WireKind.Purge);
        var (client, locks) = await OpenAsync(node);
        await using var _ = client;
        var asked = node.NextAsync(WireKind.Ask);
        var status = client.Administration.StatusAsync(Stop).AsTask();
        await asked;
        asked = node.NextAsync(WireKind.Purge);
        var purge = locks.Raw.PurgeAsync(0, 0, Stop).AsTask();
        await asked;
        node.Close();
        await Assert.ThrowsAsync<LockUnavailableException>(() => status.SoonAsync());
        await Assert.ThrowsAsync<LockUnavailableException>(() => purge.SoonAsync());
    }

    [Fact]
    public async Task A_malformed_word_of_the_node_ends_the_session_and_nothing_else()
    {
        using var node = new FakeNode();
        var (client, locks) = await OpenAsync(node);
        await using var _ = client;
        var handle = await locks.LockAsync("r", cancellationToken: Stop);
        node.Send(bytes =>
        {
            bytes[0] = (byte)WireKind.Completed;
            return 1;
        });
        await handle.Lost.SoonAsync();
        Assert.Equal(LossReason.ConnectionClosed, handle.LostBecause);
    }

    [Fact]
    public async Task An_answer_to_a_former_use_of_a_key_is_not_taken_for_one_to_this()
    {
        using var node = new FakeNode();
        var (client, locks) = await OpenAsync(node);
        await using var _ = client;
        await (await locks.LockAsync("a", cancellationToken: Stop)).ReleaseAsync(Stop);
        node.PassOver(WireKind.Lock);
        var asked = node.NextAsync(WireKind.Lock);
        var waiting = locks.LockAsync("b", LockMode.ProtectedRead, cancellationToken: Stop).AsTask();
        Assert.Equal(WireFault.None, LockMessage.TryRead(await asked, out var call));
        var (key, operation) = (call.Key, call.Operation);
        node.Grant(key, operation - 1, RequestKind.Lock, LockMode.Exclusive);
        node.Grant(key, operation - 2, RequestKind.Unlock, null, RawStatus.Unlocked);
        node.Grant(key + 100, operation, RequestKind.Lock, LockMode.Exclusive);
        node.Grant(key, operation, RequestKind.Lock, LockMode.ProtectedRead);
        var handle = await waiting.SoonAsync();
        Assert.Equal(LockMode.ProtectedRead, handle.Mode);
    }

    [Fact]
    public async Task A_call_that_the_node_refuses_after_all_ends_refused()
    {
        using var node = new FakeNode();
        node.PassOver(WireKind.Lock);
        var (client, locks) = await OpenAsync(node);
        await using var _ = client;
        var asked = node.NextAsync(WireKind.Lock);
        var waiting = locks.LockAsync("r", cancellationToken: Stop).AsTask();
        Assert.Equal(WireFault.None, LockMessage.TryRead(await asked, out var call));
        var refusal = new CallRefusedMessage(call.Key, call.Operation, RequestKind.Lock, RawResult.TooManyLocks);
        node.Send(refusal.Write);
        await Assert.ThrowsAsync<LockRefusedException>(() => waiting.SoonAsync());
    }

    internal static async Task<(TyerClient Client, ILockspace Locks)> OpenAsync(FakeNode node)
    {
        var client = await TyerClient.ConnectAsync(node.Endpoint, Stop);
        return (client, await client.OpenLockspaceAsync("orders", cancellationToken: Stop));
    }
}
