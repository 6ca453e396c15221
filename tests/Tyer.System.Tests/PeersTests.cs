using Tyer.Sessions.Administration;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>What operators see and change of the connections between nodes.</summary>
public sealed class PeersTests : IAsyncDisposable
{
    private readonly ThreeNodes _nodes = new() { Stack = "external" };

    [Fact]
    public async Task A_node_is_kept_away_from_another_and_connected_again_and_what_waited_goes_on()
    {
        await _nodes.InitializeAsync();
        await using var holder = await _nodes.HoldAsync(2, "mastered-at-2");
        (await _nodes.TyerAsync(1, "disconnect", "n2")).With(0);
        await Patience.UntilAsync("it is disconnected", async () => await ConnectionOfAsync(1, "n2") == "StandAlone");
        await using var waiter = _nodes.Start(1, "run", "mastered-at-2", "--", "echo", "got it");

        (await _nodes.TyerAsync(1, "connect", "2")).With(0);
        await Patience.UntilAsync("it is connected", async () => await ConnectionOfAsync(1, "n2") == "Connected");
        holder.CloseInput();
        Assert.Contains("got it", (await waiter.EndAsync()).With(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Paths_options_and_peers_change_while_the_node_lives()
    {
        await _nodes.InitializeAsync();
        Assert.Contains("n3", (await _nodes.TyerAsync(1, "peers", "show")).With(0).Output, StringComparison.Ordinal);
        Assert.Contains("is the only one", (await _nodes.TyerAsync(1, "paths", "del", "n2", "0")).With(7).Errors, StringComparison.Ordinal);
        (await _nodes.TyerAsync(1, "paths", "new", "n2", "1", "tcp://127.0.0.1:1")).With(0);
        Assert.Contains("tcp://127.0.0.1:1", (await _nodes.TyerAsync(1, "paths", "show", "n2")).With(0).Output, StringComparison.Ordinal);
        (await _nodes.TyerAsync(1, "paths", "del", "n2", "1")).With(0);

        var probe = (await _nodes.JsonAsync(1, "paths", "probe", "n2", "--count", "3")).GetProperty("paths");
        Assert.Equal(("Up", 3), (probe[0].GetProperty("state").GetString(), probe[0].GetProperty("sent").GetInt32()));
        Assert.Contains("knows no such node", (await _nodes.TyerAsync(1, "paths", "probe", "n9")).With(7).Errors, StringComparison.Ordinal);
        (await _nodes.TyerAsync(1, "net-options", "--path-policy", "least-queued", "--peer", "n3")).With(0);
        Assert.Contains("least-queued", (await _nodes.TyerAsync(1, "paths", "show", "n3")).With(0).Output, StringComparison.Ordinal);
        Assert.Contains("passive", (await _nodes.TyerAsync(1, "paths", "show", "n2")).With(0).Output, StringComparison.Ordinal);
        Assert.Contains("takes passive or least-queued", (await _nodes.TyerAsync(1, "net-options", "--path-policy", "best")).With(7).Errors, StringComparison.Ordinal);

        Assert.Contains("hb-interval is 1 ms", (await _nodes.TyerAsync(1, "net-options", "--hb-interval", "1ms")).With(7).Errors, StringComparison.Ordinal);
        (await _nodes.TyerAsync(1, "net-options", "--hb-interval", "100ms", "--pong-count", "2")).With(0);
        var options = await _nodes.JsonAsync(1, "net-options");
        Assert.Equal(0.1, options.GetProperty("heartbeatInterval").GetDouble());
        Assert.Equal(2, options.GetProperty("pongCount").GetInt32());
        Assert.Equal(1.0, options.GetProperty("heartbeatTimeout").GetDouble());

        // A fourth node is known, and a view with it is taken; until it is forgotten.
        Assert.Contains("is not among this node's Peers", await TellFourAsync(), StringComparison.OrdinalIgnoreCase);
        (await _nodes.TyerAsync(1, "peers", "new", "n4", "tcp://192.0.2.1:1")).With(7);
        Assert.DoesNotContain("n4", (await _nodes.TyerAsync(1, "nodes")).With(0).Output, StringComparison.Ordinal);
        (await _nodes.TyerAsync(1, "peers", "new", "n4", "tcp://127.0.0.1:1")).With(0);
        Assert.Contains("n4", (await _nodes.TyerAsync(1, "nodes")).With(0).Output, StringComparison.Ordinal);
        Assert.Contains("is known already", (await _nodes.TyerAsync(1, "peers", "new", "n4", "tcp://127.0.0.1:1")).With(7).Errors, StringComparison.Ordinal);
        Assert.Contains("disconnect it first", (await _nodes.TyerAsync(1, "peers", "del", "n4")).With(7).Errors, StringComparison.Ordinal);
        (await _nodes.TyerAsync(1, "disconnect", "n4")).With(0);
        (await _nodes.TyerAsync(1, "peers", "del", "n4")).With(0);
        Assert.DoesNotContain("n4", (await _nodes.TyerAsync(1, "peers", "show")).With(0).Output, StringComparison.Ordinal);
        Assert.Contains("is a member of the view", (await _nodes.TyerAsync(1, "peers", "del", "n3")).With(7).Errors, StringComparison.Ordinal);
        Assert.Contains("knows no such node; it knows n2, n3", (await _nodes.TyerAsync(1, "disconnect", "n9")).With(7).Errors, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _nodes.DisposeAsync();

    private async Task<string?> ConnectionOfAsync(int node, string peer)
    {
        var peers = await _nodes.JsonAsync(node, "peers", "show", peer);
        return peers.GetProperty("peers")[0].GetProperty("connection").GetString();
    }

    /// <summary>Tells node 1 a view with a fourth node: why it is refused.</summary>
    private async Task<string> TellFourAsync()
    {
        var members = new List<ViewMember>();
        for (var node = 1; node <= 3; node++)
            members.Add(new ViewMember($"n{node}", (uint)node, await _nodes.IncarnationAsync(node)));
        members.Add(new ViewMember("n4", 4, 1));
        return (await Assert.ThrowsAsync<LockRefusedException>(() => _nodes.TellAsync(1, new ViewOrder(2, members)))).Message;
    }
}
