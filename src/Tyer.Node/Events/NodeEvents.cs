using System.Globalization;
using Tyer.Cluster;
using Tyer.Cluster.Fencing;
using Tyer.Cluster.Static;
using Tyer.Comms;
using Tyer.Node.Recovery;

namespace Tyer.Node.Events;

/// <summary>What a node tells those who follow it, in the words of operators.</summary>
internal sealed class NodeEvents(NodeWiring node)
{
    internal EventHub Hub { get; } = new(static () => DateTimeOffset.UtcNow);

    /// <summary>This node is in a state.</summary>
    internal void State(StackState state, string why) => Hub.Set("node", $"name:{node.Name}", ("id", Text(node.Id)), ("state", state.ToString()), ("why", why));

    /// <summary>It has a view.</summary>
    internal void View(ClusterView view, IEnumerable<NodeIncarnation> unproven) => Hub.Set(
        "view",
        "",
        ("id", Text(view.Id)),
        ("quorum", view.HasQuorum ? "yes" : "no"),
        ("members", Words(view.Members.Select(member => member.NodeIncarnation))),
        ("unproven", Words(unproven.OrderBy(each => each.Node).ThenBy(each => each.Incarnation))));

    /// <summary>Another node is configured.</summary>
    internal void Peer(StaticPeer peer)
    {
        Hub.Set("peer", KeyOf(peer.Id.Value), ("id", Text(peer.Id.Value)));
        Disconnected(peer.Id.Value, "never connected");
    }

    /// <summary>It is known no more.</summary>
    internal void Forget(StaticPeer peer)
    {
        for (var path = 0; path < CommsLimits.PathsPerPeerMax; path++)
            Hub.Remove("path", KeyOf(peer.Id.Value, path));
        Hub.Remove("connection", KeyOf(peer.Id.Value));
        Hub.Remove("peer", KeyOf(peer.Id.Value));
    }

    /// <summary>One way to it is up, or is not any more.</summary>
    internal void Path(uint peer, int path, string? whyDown) =>
        Hub.Set("path", KeyOf(peer, path), ("path", whyDown is null ? "Up" : "Down"), ("why", whyDown ?? ""));

    /// <summary>It is connected.</summary>
    internal void Connected(uint peer, ulong incarnation) =>
        Hub.Set("connection", KeyOf(peer), ("connection", "Connected"), ("incarnation", Text(incarnation)), ("why", ""));

    /// <summary>It is not.</summary>
    internal void Disconnected(uint peer, string why) =>
        Hub.Set("connection", KeyOf(peer), ("connection", "Unconnected"), ("incarnation", ""), ("why", why));

    /// <summary>A recovery has come as far as that.</summary>
    internal void Recovery(RecoveryRecord record) => Hub.Set("recovery", "", ("view", Text(record.View.Id)), ("phase", record.Phase.ToString()));

    /// <summary>This node fences another.</summary>
    internal void Fencing(FenceProgress progress) => Hub.Set(
        "fencing", KeyOf(progress.Departed), ("fencing", progress.Step.ToString()), ("agent", progress.Agent), ("attempt", Text((ulong)progress.Attempt)), ("why", progress.Why));

    /// <summary>It acts no more, which is the end of it.</summary>
    internal void Fenced(NodeIncarnation who) => Hub.Remove("fencing", KeyOf(who));

    private string KeyOf(NodeIncarnation who) => $"{KeyOf(who.Node.Value)} incarnation:{who.Incarnation}";

    private string KeyOf(uint peer, int path) => string.Create(CultureInfo.InvariantCulture, $"{KeyOf(peer)} path:{path}");

    private string KeyOf(uint peer) => $"name:{node.NameOf(peer)}";

    private string Words(IEnumerable<NodeIncarnation> lives) => string.Join(',', lives.Select(life => $"{node.NameOf(life.Node.Value)}.{life.Incarnation}"));

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
