using System.Text;
using Tyer.Engine.Directory;
using Tyer.Engine.Messages;
using Tyer.Engine.Recovery;

namespace Tyer.Engine.Tests.Harness;

/// <summary>
/// One to five engines in one thread. Nothing happens by itself: messages wait on the link between their two nodes until they are
/// delivered, first in, first out per link, and time stands still until it is advanced. Whoever drives it chooses the order, or lets
/// <see cref="RunToQuiet"/> deliver in the order of sending. Views come when it says so, at each node by itself; a node may crash, and
/// start again as a new incarnation.
/// </summary>
internal sealed class EngineCluster
{
    internal const int NodesMax = 5;

    /// <summary>More messages than this without an end are a loop between engines.</summary>
    private const int DeliveriesMax = 1_000_000;

    /// <summary>The lock numbers of a life are above those of the one before.</summary>
    private const ulong LocksOfALifeMax = 1_000_000;

    private readonly SortedDictionary<uint, NodeLife> _lives = [];
    private readonly List<NodeLife> _gone = [];
    private readonly Queue<Envelope>[] _links;
    private readonly ViewSequence _views = new();
    private readonly Dictionary<uint, LockspaceSettings> _spaces = [];
    private readonly List<EngineEvent> _events = [];
    private readonly byte[] _encoded = new byte[MessageCodec.LengthMax];
    private readonly int _nodes;
    private readonly long _idleKept;
    private readonly long _answerGrace;
    private long _sent;

    /// <summary>Nodes 1 to <paramref name="nodes"/>, all in view 1 with equal weight, with the lockspaces that are opened later.</summary>
    /// <param name="nodes">1 to <see cref="NodesMax"/>.</param>
    /// <param name="idleKept">See <see cref="EngineOptions.IdleKept"/>.</param>
    /// <param name="installed">False: the nodes have no view before <see cref="Install"/>.</param>
    /// <param name="answerGrace">See <see cref="EngineOptions.AnswerGrace"/>; null: its default.</param>
    /// <param name="directory">The one node with weight in the view, directory node of everything; 0: all have the same.</param>
    internal EngineCluster(int nodes, long idleKept = 10 * TimeSpan.TicksPerSecond, bool installed = true, uint directory = 0, long? answerGrace = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nodes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(nodes, NodesMax);
        _nodes = nodes;
        _idleKept = idleKept;
        _answerGrace = answerGrace ?? new EngineOptions { Node = 1 }.AnswerGrace;
        OnlyDirectory = directory;
        _links = [.. Enumerable.Range(0, nodes * nodes).Select(_ => new Queue<Envelope>())];
        for (var node = 1u; node <= nodes; node++)
            Start(node);
        if (installed)
            Install();
    }

    /// <summary>The ids of the nodes that run, ascending.</summary>
    internal IEnumerable<uint> Nodes => _lives.Keys.ToArray();

    /// <summary>The lives of nodes that crashed and are not proven to act no more: what they were told that they hold, they may act under.</summary>
    internal IEnumerable<NodeLife> Unproven => _gone.Where(life => !_views.IsProven(life.Id));

    /// <summary>The engine of a node that runs.</summary>
    internal LockEngine this[uint node] => _lives[node].Engine;

    /// <summary>In the views to come: the one node with weight, directory node of everything; 0: all have the same.</summary>
    internal uint OnlyDirectory { get; set; }

    /// <summary>The last view that there is, whoever has installed it; null before the first.</summary>
    internal EngineView? LastView => _views.Last;

    /// <summary>
    /// Whether the last view is of all nodes that run and of no others, and each has installed it and knows that nothing is in doubt: then
    /// all rules for a quiet cluster hold.
    /// </summary>
    internal bool IsSettled => _views.Last is { } view
        && view.Members.Count == _lives.Count
        && _lives.Values.All(life => view.Has(life.Id) && life.Engine.ViewId == view.Id && life.Engine.IsSettled);

    /// <summary>The cluster's time in ticks.</summary>
    internal long Now { get; private set; }

    /// <summary>What sessions were told since the last <see cref="TakeEvents"/>, in the order of telling.</summary>
    internal IReadOnlyList<EngineEvent> Events => _events;

    /// <summary>Is told of each message as it is sent: from, to, bytes.</summary>
    internal Action<uint, uint, ReadOnlySpan<byte>>? MessageSent { get; set; }

    /// <summary>Is told of each marker as it is sent to another node: from, to, which, of which view.</summary>
    internal Action<uint, uint, RecoveryMarker, ulong>? MarkerSent { get; set; }

    /// <summary>Links whose messages stay where they are when the oldest is to be delivered.</summary>
    internal HashSet<(uint From, uint To)> Held { get; } = [];

    /// <summary>How many messages were delivered so far.</summary>
    internal long Delivered { get; private set; }

    /// <summary>Whether no message is on its way.</summary>
    internal bool IsQuiet => _links.All(link => link.Count == 0);

    /// <summary>The links that messages wait on, in a fixed order.</summary>
    internal IEnumerable<(uint From, uint To, int Waiting)> BusyLinks =>
        from source in Nodes
        from target in Nodes
        let waiting = Link(source, target).Count
        where waiting > 0
        select (source, target, waiting);

    /// <summary>Gives all nodes their first view, and settles it at once: nobody has anything to say before.</summary>
    internal void Install()
    {
        AddView(Nodes);
        foreach (var node in Nodes)
            InstallNext(node);
        foreach (var link in _links)
        {
            var others = link.Where(envelope => envelope.Marker is null).ToArray();
            var markers = link.Where(envelope => envelope.Marker is not null).ToArray();
            link.Clear();
            foreach (var envelope in others)
                link.Enqueue(envelope);
            foreach (var envelope in markers)
                _lives[envelope.To.Node].Engine.Mark(envelope.From, envelope.Marker!.Value, envelope.View);
        }
    }

    /// <summary>There is a next view, of these nodes as they run now; none of them has installed it yet.</summary>
    internal void AddView(IEnumerable<uint> nodes)
    {
        var view = _views.Add([.. nodes.Select(node => new EngineMember(node, _lives[node].Id.Incarnation, WeightOf(node)))]);
        foreach (var member in view.Members)
            _lives[member.Node].Views.Enqueue(view);
    }

    /// <summary>A node installs the next view that it is in; false if it has installed all. What went between it and the departed is lost.</summary>
    internal bool InstallNext(uint node)
    {
        var life = _lives[node];
        if (!life.Views.TryDequeue(out var view))
            return false;
        foreach (var other in Enumerable.Range(1, _nodes))
        {
            Drop(Link((uint)other, node), envelope => envelope.View < view.Id && !view.Has(envelope.From));
            Drop(Link(node, (uint)other), envelope => !view.Has(envelope.To));
        }

        life.Engine.Install(view);
        return true;
    }

    /// <summary>A node is gone, with all that is on its way to it. What it has sent arrives.</summary>
    internal void Crash(uint node)
    {
        _lives.Remove(node, out var life);
        _gone.Add(life!);
        foreach (var other in Enumerable.Range(1, _nodes))
            Link((uint)other, node).Clear();
    }

    /// <summary>A node starts, as a life that there never was; it knows nothing, and is in no view.</summary>
    internal void Start(uint node)
    {
        var former = (ulong)_gone.Count(life => life.Id.Node == node);
        var options = new EngineOptions
        {
            Node = node,
            IdleKept = _idleKept,
            AnswerGrace = _answerGrace,
            FirstLockNumber = (former * LocksOfALifeMax) + new EngineOptions { Node = node }.FirstLockNumber,
        };
        var id = new MemberId(node, (former * NodesMax) + node);
        var engine = new LockEngine(options, new Sender(this, id));
        _lives.Add(node, new NodeLife(id, engine));
        engine.Tick(Now);
        foreach (var (space, settings) in _spaces)
            engine.OpenLockspace(space, settings);
    }

    /// <summary>The first life of a node that is not proven to act no more is: if it still runs, it is stopped first. All who run are told.</summary>
    internal void Prove(uint node)
    {
        var gone = _gone.Find(life => life.Id.Node == node && !_views.IsProven(life.Id));
        if (gone is null)
        {
            gone = _lives[node];
            Crash(node);
        }

        _views.Prove(gone.Id);
        foreach (var life in _lives.Values)
            life.Engine.Prove(gone.Id);
    }

    /// <summary>The directory node of a resource.</summary>
    internal uint DirectoryOf(uint space, ResourceName name) =>
        _views.Last!.Placement.NodeOf(Placement.SlotOf(Placement.HashOf(space, name.Hash)));

    /// <summary>A resource name, the same each time, whose directory node is <paramref name="node"/>.</summary>
    internal ResourceName NameAt(uint space, uint node)
    {
        for (var number = 1; ; number++)
        {
            ResourceName name = $"r{number}";
            if (DirectoryOf(space, name) == node)
                return name;
        }
    }

    /// <summary>Opens a lockspace on every node, with the limits of one that says nothing, but for the size of values.</summary>
    internal void OpenLockspace(uint space, int valueSize = Limits.ValueBytesDefault) =>
        OpenLockspace(space, new LockspaceSettings(valueSize, Limits.QueueLengthMaxDefault, Limits.LocksPerSessionMaxDefault));

    /// <summary>Opens a lockspace on every node.</summary>
    internal void OpenLockspace(uint space, LockspaceSettings settings)
    {
        _spaces[space] = settings;
        foreach (var life in _lives.Values)
            life.Engine.OpenLockspace(space, settings);
    }

    /// <summary>Opens a session whose events are recorded; its identity is <paramref name="name"/> in UTF-8.</summary>
    internal Session OpenSession(uint node, string name, int processId = 0) =>
        this[node].OpenSession(++_lives[node].LastSession, Encoding.UTF8.GetBytes(name), processId, new EventRecorder(node, _events));

    /// <summary>The oldest message of one link.</summary>
    internal byte[] Next(uint from, uint to) => Link(from, to).Peek().Bytes;

    /// <summary>Delivers the oldest message of one link.</summary>
    internal void Deliver(uint from, uint to)
    {
        var envelope = Link(from, to).Dequeue();
        Delivered++;
        if (envelope.Marker is { } marker)
        {
            this[to].Mark(envelope.From, marker, envelope.View);
            return;
        }

        Assert.True(
            this[to].Receive(envelope.From, envelope.View, envelope.Bytes),
            $"n{to} takes a message of n{from} for one that no engine sends: {Convert.ToHexString(envelope.Bytes)}");
    }

    /// <summary>Delivers the message that was sent first on a link that is not held; false if there is none.</summary>
    internal bool DeliverOldest()
    {
        (uint From, uint To)? oldest = null;
        var number = long.MaxValue;
        foreach (var (from, to, _) in BusyLinks)
        {
            if (!Held.Contains((from, to)) && Link(from, to).Peek().Number is var candidate && candidate < number)
            {
                number = candidate;
                oldest = (from, to);
            }
        }

        if (oldest is not { } link)
            return false;
        Deliver(link.From, link.To);
        return true;
    }

    /// <summary>Delivers everything that is not held, and what it gives rise to, in the order of sending.</summary>
    internal void RunToQuiet()
    {
        for (var delivered = 0; DeliverOldest(); delivered++)
            Assert.True(delivered < DeliveriesMax, "The engines go on writing to each other without end.");
    }

    /// <summary>Lets time pass for all nodes, from deadline to deadline, everything being delivered in between.</summary>
    internal void Advance(TimeSpan time)
    {
        var end = Now + time.Ticks;
        RunToQuiet();
        while (NextDeadline is var next && next <= end)
        {
            Tick(Math.Max(next, Now));
            RunToQuiet();
        }

        Tick(end);
        RunToQuiet();
    }

    /// <summary>When a node next has something to do because of the time.</summary>
    internal long NextDeadline => _lives.Values.Min(life => life.Engine.NextDeadline);

    /// <summary>Lets all nodes know the time, and delivers nothing.</summary>
    internal void Tick(long now)
    {
        Now = now;
        foreach (var life in _lives.Values)
            life.Engine.Tick(now);
    }

    /// <summary>The events since the last call, which are forgotten here.</summary>
    internal IReadOnlyList<EngineEvent> TakeEvents()
    {
        var taken = _events.ToArray();
        _events.Clear();
        return taken;
    }

    /// <summary>The first life of a node.</summary>
    internal static MemberId IdentityOf(uint node) => new(node, node);

    private int WeightOf(uint node) => OnlyDirectory == 0 || OnlyDirectory == node ? 1 : 0;

    private Queue<Envelope> Link(uint from, uint to) => _links[((from - 1) * (uint)_nodes) + to - 1];

    private static void Drop(Queue<Envelope> link, Predicate<Envelope> isLost)
    {
        var kept = link.Where(envelope => !isLost(envelope)).ToArray();
        link.Clear();
        foreach (var envelope in kept)
            link.Enqueue(envelope);
    }

    private void Send(MemberId from, uint to, ulong view, ReadOnlySpan<byte> bytes)
    {
        // The codec is tested by all that is ever said: what was written reads back, and writes the same bytes again.
        Assert.True(MessageCodec.TryRead(bytes, out var message), $"n{from.Node} sends what cannot be read: {Convert.ToHexString(bytes)}");
        var length = MessageCodec.Write(message, _encoded);
        Assert.True(bytes.SequenceEqual(_encoded.AsSpan(0, length)), $"A {message.Kind} changes by being read and written.");
        Enqueue(from, to, view, bytes.ToArray(), null);
        MessageSent?.Invoke(from.Node, to, bytes);
    }

    /// <summary>Tells the members of the node's view, itself included: for that the engine must be left first, so it is on its way too.</summary>
    private void Announce(MemberId from, RecoveryMarker marker, ulong view)
    {
        foreach (var member in this[from.Node].Core.View!.Members)
        {
            Enqueue(from, member.Node, view, [], marker);
            if (member.Id != from)
                MarkerSent?.Invoke(from.Node, member.Node, marker, view);
        }
    }

    private void Enqueue(MemberId from, uint to, ulong view, byte[] bytes, RecoveryMarker? marker)
    {
        var member = this[from.Node].Core.View?.Find(to);
        Assert.True(member is not null, $"n{from.Node} writes to n{to}, which is not in its view.");
        // To a life that is over it is lost, without anybody having been told.
        if (_lives.GetValueOrDefault(to)?.Id == member.Value.Id)
            Link(from.Node, to).Enqueue(new Envelope(++_sent, from, member.Value.Id, view, bytes, marker));
    }

    private readonly record struct Envelope(long Number, MemberId From, MemberId To, ulong View, byte[] Bytes, RecoveryMarker? Marker);

    private sealed class Sender(EngineCluster cluster, MemberId from) : IPeerSender
    {
        public void Send(uint node, ulong view, ReadOnlySpan<byte> message) => cluster.Send(from, node, view, message);

        public void Announce(RecoveryMarker marker, ulong view) => cluster.Announce(from, marker, view);
    }
}
