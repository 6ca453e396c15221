using System.Text;
using Tyer.Engine.Directory;
using Tyer.Engine.Messages;
using Tyer.Engine.Recovery;

namespace Tyer.Engine.Tests.Harness;

/// <summary>
/// One to five engines in one thread. Nothing happens by itself: messages wait on the link between their two nodes until they are
/// delivered, first in, first out per link, and time stands still until it is advanced. Whoever drives it chooses the order, or lets
/// <see cref="RunToQuiet"/> deliver in the order of sending.
/// </summary>
internal sealed class EngineCluster
{
    internal const int NodesMax = 5;

    /// <summary>More messages than this without an end are a loop between engines.</summary>
    private const int DeliveriesMax = 1_000_000;

    private readonly LockEngine[] _engines;
    private readonly Queue<Envelope>[] _links;
    private readonly Queue<(uint From, RecoveryMarker Marker, ulong View)> _announced = [];
    private readonly List<EngineEvent> _events = [];
    private readonly byte[] _encoded = new byte[MessageCodec.LengthMax];
    private readonly uint _onlyDirectory;
    private uint _sessions;
    private long _sent;

    /// <summary>Nodes 1 to <paramref name="nodes"/>, all in view 1 with equal weight, with the lockspaces that are opened later.</summary>
    /// <param name="nodes">1 to <see cref="NodesMax"/>.</param>
    /// <param name="idleKept">See <see cref="EngineOptions.IdleKept"/>.</param>
    /// <param name="installed">False: the nodes have no view before <see cref="Install"/>.</param>
    /// <param name="answerGrace">See <see cref="EngineOptions.AnswerGrace"/>; null: its default.</param>
    /// <param name="directory">The one node with weight in the view, directory node of everything; 0: all have the same.</param>
    internal EngineCluster(int nodes, long idleKept = 10 * TimeSpan.TicksPerSecond, bool installed = true, uint directory = 0, long? answerGrace = null)
    {
        _onlyDirectory = directory;
        ArgumentOutOfRangeException.ThrowIfLessThan(nodes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(nodes, NodesMax);
        _engines = [.. Enumerable.Range(1, nodes).Select(node =>
            new LockEngine(new EngineOptions { Node = (uint)node, IdleKept = idleKept, AnswerGrace = answerGrace ?? new EngineOptions { Node = 1 }.AnswerGrace }, new Sender(this, (uint)node)))];
        _links = [.. Enumerable.Range(0, nodes * nodes).Select(_ => new Queue<Envelope>())];
        if (installed)
            Install();
    }

    /// <summary>The node ids, ascending.</summary>
    internal IEnumerable<uint> Nodes => Enumerable.Range(1, _engines.Length).Select(node => (uint)node);

    /// <summary>The engine of a node.</summary>
    internal LockEngine this[uint node] => _engines[node - 1];

    /// <summary>The cluster's time in ticks.</summary>
    internal long Now { get; private set; }

    /// <summary>What sessions were told since the last <see cref="TakeEvents"/>, in the order of telling.</summary>
    internal IReadOnlyList<EngineEvent> Events => _events;

    /// <summary>Is told of each message as it is sent: from, to, bytes.</summary>
    internal Action<uint, uint, ReadOnlySpan<byte>>? MessageSent { get; set; }

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

    /// <summary>Gives all nodes their first view.</summary>
    internal void Install()
    {
        var view = new EngineView(1, [.. Nodes.Select(node => new EngineMember(node, Incarnation: node, WeightOf(node)))]);
        foreach (var engine in _engines)
            engine.Install(view);
        // Everybody says that he is done with what there is not yet: from here on the view is settled.
        DeliverMarkers();
    }

    /// <summary>The directory node of a resource.</summary>
    internal uint DirectoryOf(uint space, ResourceName name) =>
        this[1].Core.View!.Placement.NodeOf(Placement.SlotOf(Placement.HashOf(space, name.Hash)));

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
        foreach (var engine in _engines)
            engine.OpenLockspace(space, settings);
    }

    /// <summary>Opens a session whose events are recorded; its identity is <paramref name="name"/> in UTF-8.</summary>
    internal Session OpenSession(uint node, string name, int processId = 0) =>
        this[node].OpenSession(++_sessions, Encoding.UTF8.GetBytes(name), processId, new EventRecorder(node, _events));

    /// <summary>The oldest message of one link.</summary>
    internal byte[] Next(uint from, uint to) => Link(from, to).Peek().Bytes;

    /// <summary>Delivers the oldest message of one link.</summary>
    internal void Deliver(uint from, uint to)
    {
        var envelope = Link(from, to).Dequeue();
        Delivered++;
        Assert.True(
            this[to].Receive(IdentityOf(from), envelope.View, envelope.Bytes),
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
    internal long NextDeadline => _engines.Min(engine => engine.NextDeadline);

    /// <summary>Lets all nodes know the time, and delivers nothing.</summary>
    internal void Tick(long now)
    {
        Now = now;
        foreach (var engine in _engines)
            engine.Tick(now);
    }

    /// <summary>The events since the last call, which are forgotten here.</summary>
    internal IReadOnlyList<EngineEvent> TakeEvents()
    {
        var taken = _events.ToArray();
        _events.Clear();
        return taken;
    }

    /// <summary>The life of a node: here each has one, of its own number.</summary>
    internal static MemberId IdentityOf(uint node) => new(node, node);

    private void DeliverMarkers()
    {
        while (_announced.TryDequeue(out var said))
        {
            foreach (var engine in _engines)
                engine.Mark(IdentityOf(said.From), said.Marker, said.View);
        }
    }

    private int WeightOf(uint node) => _onlyDirectory == 0 || _onlyDirectory == node ? 1 : 0;

    private Queue<Envelope> Link(uint from, uint to) => _links[((from - 1) * (uint)_engines.Length) + to - 1];

    private void Send(uint from, uint to, ulong view, ReadOnlySpan<byte> bytes)
    {
        // The codec is tested by all that is ever said: what was written reads back, and writes the same bytes again.
        Assert.True(MessageCodec.TryRead(bytes, out var message), $"n{from} sends what cannot be read: {Convert.ToHexString(bytes)}");
        var length = MessageCodec.Write(message, _encoded);
        Assert.True(bytes.SequenceEqual(_encoded.AsSpan(0, length)), $"A {message.Kind} changes by being read and written.");
        Link(from, to).Enqueue(new Envelope(++_sent, view, bytes.ToArray()));
        MessageSent?.Invoke(from, to, bytes);
    }

    private readonly record struct Envelope(long Number, ulong View, byte[] Bytes);

    private sealed class Sender(EngineCluster cluster, uint from) : IPeerSender
    {
        public void Send(uint node, ulong view, ReadOnlySpan<byte> message) => cluster.Send(from, node, view, message);

        public void Announce(RecoveryMarker marker, ulong view) => cluster._announced.Enqueue((from, marker, view));
    }
}
