using Tyer.Cluster;
using Tyer.Sessions.Administration;

namespace Tyer.Node.Tests;

/// <summary>Nodes of builds that speak other versions of the lock protocol.</summary>
public sealed class VersionTests : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(10);

    private readonly InMemoryNetwork _network = new();
    private readonly List<NodeCore> _nodes = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_version_that_all_share_reaches_the_engines_and_status_shows_what_each_offers()
    {
        var first = await StartAsync(1, new ProtocolRange(1, 3));
        var second = await StartAsync(2, new ProtocolRange(2, 2));
        await UntilAsync(first, status => status.Node.Serving == ServingState.Serving);
        await UntilAsync(second, status => status.Node.Serving == ServingState.Serving);
        Assert.All(_nodes, node => Assert.Equal(2, node.Membership.Running));
        Assert.All(_nodes, node => Assert.Equal(2, node.Shards.View!.Protocol));

        var status = await first.Administration.StatusAsync(Token);
        Assert.Equal(2, status.View!.Running);
        Assert.Equal(["1-3", "2"], status.Nodes.Select(node => $"{node.Protocol}"));
        Assert.Contains(CapabilityWords.SharedConnection, status.Stack.Capabilities);
    }

    [Fact]
    public async Task A_node_that_shares_no_version_says_so_to_whoever_asks_it_and_serves_no_more()
    {
        var first = await StartAsync(1, new ProtocolRange(1, 1));
        var second = await StartAsync(2, new ProtocolRange(2, 3));
        var status = await UntilAsync(second, status => status.Node.Serving == ServingState.Refused);
        const string why = "n2 offers version 2 to 3 of the lock protocol, and n1 1: they share none";
        Assert.StartsWith($"Refused: {why}", status.Stack.State, StringComparison.Ordinal);
        var unavailable = await Assert.ThrowsAsync<LockUnavailableException>(
            async () => await second.OpenLockspaceAsync("default", options: null, new LockOwner("n2", "host", 4711, "test", "user", null, true), Token));
        Assert.Contains(why, unavailable.Message, StringComparison.Ordinal);
        await UntilAsync(first, status => status.Stack.State.Contains("waiting for another build of n2", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }

    private static async Task<ClusterStatus> UntilAsync(NodeCore node, Predicate<ClusterStatus> isSo)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(EmbeddedNode.Patience);
        while (true)
        {
            var status = await node.Administration.StatusAsync(limit.Token);
            if (isSo(status))
                return status;
            await Task.Delay(LookEvery, limit.Token);
        }
    }

    private async Task<NodeCore> StartAsync(uint id, ProtocolRange protocol)
    {
        var other = 3 - id;
        var options = new TyerNodeOptions { Name = $"n{id}", Volatile = true, Stack = "static", Listen = $"tcp://127.0.0.1:{7600 + id}", Protocol = protocol };
        options.Peers[$"n{other}"] = $"tcp://127.0.0.1:{7600 + other}";
        var node = await NodeStart.RunAsync(NodeSettings.Of(options), (settings, state) => _network.Connect(settings.Id.Value, state.Incarnation.Value), Token);
        _nodes.Add(node);
        return node;
    }
}
