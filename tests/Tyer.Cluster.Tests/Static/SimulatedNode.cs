using Tyer.Cluster.Static;

namespace Tyer.Cluster.Tests.Static;

/// <summary>A node and what outlives its crashes.</summary>
internal sealed class SimulatedNode(StaticPeer peer, PeerList list)
{
    private readonly HashSet<Incarnation> _ready = [];

    public StaticPeer Peer { get; } = peer;

    public ulong HighestOnDisk { get; set; }

    public ulong HighestInstalled { get; set; }

    /// <summary>Null while the node is down.</summary>
    public FormingState? State
    {
        get;
        set
        {
            field = value;
            if (value is { NotReady: null }) _ready.Add(value.Self.Incarnation);
        }
    }

    /// <summary>Whether the node said in that life that it may be in a view.</summary>
    public bool WasReady(Incarnation incarnation) => _ready.Contains(incarnation);

    public void Start(Incarnation incarnation)
    {
        var self = new Member(Peer.Id, incarnation, Peer.Name, [$"tcp://127.0.0.1:{7600 + Peer.Id.Value}"]);
        State = new FormingState(list, self, HighestOnDisk, notReady: "not ready");
    }
}
