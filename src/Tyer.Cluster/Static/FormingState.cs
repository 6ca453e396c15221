using System.Collections.Immutable;

namespace Tyer.Cluster.Static;

/// <summary>All that a static node knows while it forms the view, and after. Changed by <see cref="Forming"/> only.</summary>
internal sealed record FormingState
{
    /// <summary>A node at its start.</summary>
    /// <param name="list">The nodes of the cluster, this one included.</param>
    /// <param name="self">This one.</param>
    /// <param name="highest">The highest view id on its disk.</param>
    /// <param name="notReady">See <see cref="NotReady"/>.</param>
    public FormingState(PeerList list, Member self, ulong highest, string? notReady)
    {
        List = list;
        Self = self;
        NotReady = notReady;
        HighestAtStart = Highest = highest;
    }

    public PeerList List { get; }

    public Member Self { get; }

    /// <summary>The highest view id on disk when this life began: whatever is installed in it is greater.</summary>
    public ulong HighestAtStart { get; }

    /// <summary>The highest view id on disk.</summary>
    public ulong Highest { get; init; }

    /// <summary>Why this node must not be in a view yet, as a clause; null when it may.</summary>
    public string? NotReady { get; init; }

    /// <summary>The latest life of each peer that has said hello with the same list as ours, and what it said.</summary>
    public ImmutableSortedDictionary<NodeId, Hello> Heard { get; init; } = ImmutableSortedDictionary<NodeId, Hello>.Empty;

    /// <summary>The proposal with the highest id that this node has promised; at the coordinator, its own latest.</summary>
    public ClusterView? Promised { get; init; }

    /// <summary>Coordinator: who has promised the proposal.</summary>
    public ImmutableSortedSet<NodeId> PreparedBy { get; init; } = [];

    /// <summary>The view that this node is in. Set once in a life.</summary>
    public ClusterView? Installed { get; init; }

    /// <summary>Which peers will not form a view with this node, in which of their lives, and why.</summary>
    public ImmutableSortedDictionary<NodeId, Refusal> Refusals { get; init; } = ImmutableSortedDictionary<NodeId, Refusal>.Empty;

    /// <summary>Peers that the messenger does not reach, and why.</summary>
    public ImmutableSortedDictionary<NodeId, string> Unreachable { get; init; } = ImmutableSortedDictionary<NodeId, string>.Empty;

    /// <summary>Members of the installed view that were reported as lost.</summary>
    public ImmutableSortedDictionary<NodeId, PeerLoss> Lost { get; init; } = ImmutableSortedDictionary<NodeId, PeerLoss>.Empty;

    /// <summary>Why this node can never be in a view with the others as it is; null while it can.</summary>
    public string? Unfit { get; init; }

    /// <summary>Why there is no view yet, as last told.</summary>
    public string Waiting { get; init; } = "";

    /// <summary>The node with the smallest id proposes; nobody else ever does.</summary>
    public NodeId Coordinator => List.Peers[0].Id;

    public bool IsCoordinator => Coordinator == Self.Id;

    /// <summary>Whether a node is on the list, and another one.</summary>
    public bool IsPeer(NodeId node) => node != Self.Id && List.Find(node) is not null;

    /// <summary>Everybody else on the list.</summary>
    public IEnumerable<StaticPeer> Others => List.Peers.Where(peer => peer.Id != Self.Id);
}

/// <summary>A peer's refusal: in which of its lives, and why; as a clause.</summary>
internal sealed record Refusal(Incarnation By, string Why);

internal enum PeerLoss
{
    /// <summary>It may come back.</summary>
    Unreachable,

    /// <summary>The member is gone for good.</summary>
    Restarted,
}

/// <summary>What happens to a static node.</summary>
internal abstract record FormingEvent;

/// <summary>A peer's message has come.</summary>
internal sealed record Received(NodeId From, Incarnation Sender, PeerMessage Message) : FormingEvent;

/// <summary>Time to say again what may have been lost.</summary>
internal sealed record Tick : FormingEvent;

/// <summary>The reason for which this node was not ready is gone.</summary>
internal sealed record BecameReady : FormingEvent;

/// <summary>The messenger reaches a peer.</summary>
internal sealed record PeerReachable(NodeId Peer) : FormingEvent;

/// <summary>The messenger does not reach a peer.</summary>
internal sealed record PeerUnreachable(NodeId Peer, string Why) : FormingEvent;

/// <summary>What a static node is to do, in the order given; nothing that follows one that failed.</summary>
internal abstract record FormingAction;

/// <summary>Write the view id to disk.</summary>
internal sealed record Persist(ulong ViewId) : FormingAction;

/// <summary>Send a message.</summary>
internal sealed record Send(NodeId To, PeerMessage Message) : FormingAction;

/// <summary>Be in the view.</summary>
internal sealed record Install(ClusterView View) : FormingAction;

/// <summary>Tell why there is no view yet.</summary>
internal sealed record TellWaiting(string Why) : FormingAction;

/// <summary>Tell that the others cannot take this node in as it is. The last action of a life.</summary>
internal sealed record TellRefused(string Why) : FormingAction;

/// <summary>Tell that a member of the view is lost.</summary>
internal sealed record TellPeerLost(Member Peer, string Why) : FormingAction;

/// <summary>Tell that a lost member answers again.</summary>
internal sealed record TellPeerBack(Member Peer) : FormingAction;
