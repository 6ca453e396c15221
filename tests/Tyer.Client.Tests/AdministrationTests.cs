using Tyer.Client.Tests.Support;
using Tyer.Sessions.Administration;

namespace Tyer.Client.Tests;

/// <summary>The questions of operators, through a socket.</summary>
public class AdministrationTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_status_through_a_client_is_the_nodes_own()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        await using var locks = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);
        await using var held = await locks.LockAsync("r", cancellationToken: Stop);
        var status = await client.Administration.StatusAsync(Stop);
        Assert.Equal("tyer", status.Cluster);
        Assert.Equal("n1", status.Node.Name);
        Assert.Equal(1, status.Node.Sessions);
        Assert.Equal(Environment.ProcessId, status.Node.ProcessId);
        Assert.Equal([daemon.Endpoint], status.Node.ClientEndpoints);
        Assert.Equal(ServingState.Serving, status.Node.Serving);
        Assert.True(status.View?.HasQuorum);
        Assert.Contains(KnownLimitations.ConversionDeadlocksOnly, status.Limitations);
        Assert.Equal(TimeSpan.FromMilliseconds(250), status.Timing.ClientMargin);
        var space = Assert.Single(status.Node.Lockspaces, each => each.Name == "orders");
        Assert.Equal(1, space.Locks);
        var node = Assert.Single(await client.Administration.NodesAsync(Stop));
        Assert.Equal(NodeMembership.Member, node.Membership);
        Assert.Equal("n1", client.Node);
        Assert.Equal(1u, client.NodeId);
        Assert.Equal("tyer", client.Cluster);
    }

    [Fact]
    public async Task Sessions_are_listed_by_their_numbers_with_all_that_they_have()
    {
        await using var daemon = await Daemon.StartAsync();
        var first = await daemon.ConnectAsync(options => options.Label = "first");
        var second = await daemon.ConnectAsync(options => options.SessionTimeout = TimeSpan.FromSeconds(3));
        await using var own = await daemon.Node.OpenLockspaceAsync("orders", cancellationToken: Stop);
        var orders = await first.OpenLockspaceAsync("orders", cancellationToken: Stop);
        var stock = await first.OpenLockspaceAsync("stock", cancellationToken: Stop);
        await using var held = await orders.LockAsync("r", cancellationToken: Stop);
        await using var other = await stock.LockAsync("r", cancellationToken: Stop);
        var waiting = (await second.OpenLockspaceAsync("orders", cancellationToken: Stop)).LockAsync("r", cancellationToken: Stop).AsTask();
        await LockingTests.WaiterAppears(orders, "r");
        var sessions = await second.Administration.SessionsAsync(Stop).ToListAsync(Stop);
        Assert.Equal(3, sessions.Count);
        var a = Assert.Single(sessions, each => each.Number == first.Session);
        Assert.Equal("first", a.Owner.Label);
        Assert.Equal(2, a.LocksHeld);
        Assert.Equal(0, a.LocksWaiting);
        Assert.Equal(["orders", "stock"], a.Lockspaces);
        Assert.Equal(TimeSpan.FromSeconds(10), a.Timeout);
        Assert.InRange(a.KeepAliveAge!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        var b = Assert.Single(sessions, each => each.Number == second.Session);
        Assert.Equal((0, 1), (b.LocksHeld, b.LocksWaiting));
        Assert.Equal(TimeSpan.FromSeconds(3), b.Timeout);
        Assert.Equal(TimeSpan.FromSeconds(3), second.SessionTimeout);
        var inProcess = Assert.Single(sessions, each => each.Transport == "in process");
        Assert.Null(inProcess.Timeout);
        held.Dispose();
        (await waiting.SoonAsync()).Dispose();
    }

    [Fact]
    public async Task Resources_are_asked_for_in_one_lockspace_or_in_all()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        foreach (var name in (string[])["a", "b"])
        {
            var locks = await client.OpenLockspaceAsync(name, cancellationToken: Stop);
            for (var each = 0; each < 30; each++)
                _ = await locks.LockAsync($"r{each:00}", cancellationToken: Stop);
        }

        var all = await client.Administration.QueryAsync(null, new ResourceQuery(), Stop).ToListAsync(Stop);
        Assert.Equal(60, all.Count);
        Assert.Equal(30, all.Count(each => each.Lockspace == "a"));
        var page = await client.Administration.QueryAsync("b", new ResourceQuery { After = "r09", Count = 5 }, Stop).ToListAsync(Stop);
        Assert.Equal(["r10", "r11", "r12", "r13", "r14"], page.Select(each => each.Snapshot.Resource.ToString()));
        Assert.Empty(await client.Administration.QueryAsync("none", new ResourceQuery(), Stop).ToListAsync(Stop));
    }

    [Fact]
    public async Task An_answer_longer_than_a_message_arrives_whole()
    {
        await using var daemon = await Daemon.StartAsync();
        var locks = await daemon.OpenAsync();
        var handles = new List<LockHandle>();
        for (var each = 0; each < 1000; each++)
            handles.Add(await locks.LockAsync("r", LockMode.ConcurrentRead, Stop));
        var snapshot = await LockingTests.SnapshotAsync(locks, "r");
        Assert.Equal(handles.Select(each => each.Id).Order(Comparer<LockId>.Create((a, b) => a.Value.CompareTo(b.Value))),
            snapshot!.Granted.Select(each => each.Id).Order(Comparer<LockId>.Create((a, b) => a.Value.CompareTo(b.Value))));
    }

    [Fact]
    public async Task Whoever_stops_listening_can_ask_again()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        var locks = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);
        for (var each = 0; each < 200; each++)
            _ = await locks.LockAsync($"r{each}", LockMode.ConcurrentRead, Stop);
        for (var round = 0; round < 50; round++)
        {
            await foreach (var found in client.Administration.QueryAsync("orders", new ResourceQuery(), Stop))
            {
                Assert.Equal("orders", found.Lockspace);
                break;
            }
        }

        Assert.Equal(200, (await client.Administration.QueryAsync("orders", new ResourceQuery(), Stop).ToListAsync(Stop)).Count);
    }

    [Fact]
    public async Task What_is_not_there_is_not_revoked()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        var result = await client.Administration.RevokeAsync(LockId.Create(1, 999_999), "test", Stop);
        Assert.Equal(RevokeOutcome.NotFound, result.Outcome);
        await Assert.ThrowsAsync<ArgumentException>(() => client.Administration.RevokeAsync(LockId.Create(1, 1), new string('x', 200), Stop).AsTask());
    }

    [Fact]
    public async Task A_query_that_makes_no_sense_is_refused_before_it_is_sent()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        Assert.Throws<ArgumentOutOfRangeException>(() => client.Administration.QueryAsync(null, new ResourceQuery { Count = 0 }, Stop));
    }
}
