using System.Collections.Immutable;
using Tyer.Cluster.Static;

namespace Tyer.Cluster.Tests.Static;

/// <summary>Three nodes whose every message a test delivers, keeps or forgets by hand. The disks outlive the nodes.</summary>
internal sealed class Cast
{
    public static readonly PeerList List = new("tyer", [Peer(1), Peer(2), Peer(3)]);

    private readonly Dictionary<uint, FormingState> _nodes = [];
    private readonly Dictionary<uint, ulong> _disks = [];
    private readonly Dictionary<uint, ulong> _lives = [];
    private readonly List<Letter> _post = [];

    /// <summary>All that any node was told to do except sending, in order.</summary>
    public List<(uint Node, FormingAction Action)> Told { get; } = [];

    public FormingState this[uint node] => _nodes[node];

    public static StaticPeer Peer(uint node, string? name = null) => new(new NodeId(node), name ?? $"n{node}");

    /// <summary>Starts a node, or starts it again; what it sent before is still under way.</summary>
    public void Start(uint node, PeerList? list = null, bool ready = true, ProtocolRange? protocol = null)
    {
        _lives[node] = _lives.GetValueOrDefault(node) + 1;
        var self = new Member(new NodeId(node), new Incarnation(_lives[node]), $"n{node}") { Protocol = protocol ?? ProtocolRange.Offered };
        _nodes[node] = new FormingState(list ?? List, self, _disks.GetValueOrDefault(node), notReady: "it is not ready");
        Feed(node, ready ? new BecameReady() : new Tick());
    }

    public void SetDisk(uint node, ulong highest) => _disks[node] = highest;

    public void Feed(uint node, FormingEvent @event)
    {
        (_nodes[node], ImmutableArray<FormingAction> actions) = Forming.Step(_nodes[node], @event);
        foreach (FormingAction action in actions)
        {
            if (action is Send send) _post.Add(new Letter(node, send.To.Value, _nodes[node].Self.Incarnation, send.Message));
            else Told.Add((node, action));
            if (action is Persist persist) _disks[node] = persist.ViewId;
        }
    }

    /// <summary>Takes what is under way out of the post, to be delivered later or never.</summary>
    public List<Letter> Hold(Predicate<Letter> which)
    {
        List<Letter> held = _post.FindAll(which);
        _post.RemoveAll(which);
        return held;
    }

    /// <summary>A letter to a node that was not started is lost.</summary>
    public void Deliver(Letter letter)
    {
        if (_nodes.ContainsKey(letter.To)) Feed(letter.To, new Received(new NodeId(letter.From), letter.Life, letter.Message));
    }

    public void Deliver(IEnumerable<Letter> letters)
    {
        foreach (Letter letter in letters) Deliver(letter);
    }

    /// <summary>Delivers all that is under way and all that comes of it, except what is to be held.</summary>
    public List<Letter> DeliverAll(Predicate<Letter>? hold = null)
    {
        var held = new List<Letter>();
        while (_post.Count > 0)
        {
            Letter letter = _post[0];
            _post.RemoveAt(0);
            if (hold?.Invoke(letter) == true) held.Add(letter);
            else Deliver(letter);
        }

        return held;
    }

    public void TickAll()
    {
        foreach (uint node in _nodes.Keys) Feed(node, new Tick());
    }

    internal sealed record Letter(uint From, uint To, Incarnation Life, PeerMessage Message);
}
