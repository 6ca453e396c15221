using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Tyer.Cluster;
using Tyer.Cluster.Static;
using Tyer.Comms.Peers;
using Tyer.Engine;
using Tyer.Node;
using Tyer.Node.Lockspaces;
using Tyer.Node.Peers;
using Tyer.Node.Sessions;

namespace Tyer.Simulation;

/// <summary>
/// One life of a node: the production wiring over the production sessions of peers, and what stands for the process around it: it runs, is
/// slow, stands still, or is gone.
/// </summary>
internal sealed class SimNode : IPeerReceiver, ILockspaceServices
{
    internal const uint Space = 1;
    internal const int ShardsMax = 3;
    private const long TickEvery = 100 * TimeSpan.TicksPerMillisecond;
    private const long IdleKept = 2 * TimeSpan.TicksPerSecond;

    private static readonly OpenedLockspace Opened = new("sim", Space, new LockspaceOptions { ValueSize = 64, QueueLengthMax = 1000, LocksPerSessionMax = 1000 });

    private readonly SimWorld _world;
    private readonly Func<SimLink, bool> _accept;
    private readonly Queue<Action> _standing = new();
    private long _busyUntil;

    internal SimNode(SimWorld world, SimNetwork network, MemberId id, int nodes, ulong firstLockNumber, ProtocolRange protocol)
    {
        _world = world;
        Id = id;
        Clock = new SimClock(world, (int)world.Random.Between(-SimClock.RateErrorMax, SimClock.RateErrorMax));
        var links = new SimLinks(world, network, this);
        _accept = links.Accept;
        var peers = Enumerable.Range(1, nodes).Select(number => (uint)number).Where(number => number != id.Node).ToArray();
        var options = new CommsDomainOptions
        {
            Local = new NodeIdentity("sim", id.Node, NameOf(id.Node), id.Incarnation),
            Listen = links.Endpoints,
            Peers = [.. peers.Select(number => new PeerAddress(number, NameOf(number), links.Endpoints))],
        };
        var mesh = Mesh = new PeerMesh(new SimPeers(world, this, new CommsTransport(options, links)), peers);
        var engine = new EngineOptions { Node = id.Node, FirstLockNumber = firstLockNumber, IdleKept = IdleKept, TableSeed = world.Random.Next() };
        var settings = new WiringSettings(
            NameOf(id.Node),
            engine,
            1 + world.Random.Below(ShardsMax),
            [.. peers.Select(number => new StaticPeer(new NodeId(number), NameOf(number)))]);
        Wiring = new NodeWiring(settings, mesh, Clock, NullLogger.Instance) { TellLongWait = _ => world.Count("long waits"), Fail = Fail };
        Wiring.Shards.OpenLockspace(Space, new LockspaceSettings(Opened.Options.ValueSize, Opened.Options.QueueLengthMax, Opened.Options.LocksPerSessionMax));
        Member = new SimMember(world, this);
        Glue = new StackGlue(Member);
        var connecting = Wiring.Membership.ConnectAsync(Glue, "sim", protocol, expectedStack: "sim", CancellationToken.None).AsTask();
        Invariant.Check(connecting.IsCompletedSuccessfully, "the simulated stack connects at once");
        mesh.Start(this);
        world.In(world.Random.Between(1, TickEvery), Tick);
    }

    internal MemberId Id { get; }

    internal SimClock Clock { get; }

    internal NodeWiring Wiring { get; }

    internal SimMember Member { get; }

    /// <summary>Its stack, for whoever else is to be told what it says.</summary>
    internal StackGlue Glue { get; }

    internal PeerMesh Mesh { get; }

    /// <summary>Its lease, where there are leases.</summary>
    internal SimLease? Lease { get; set; }

    /// <summary>The process is there.</summary>
    internal bool IsRunning { get; private set; } = true;

    /// <summary>The process is there and stands still.</summary>
    internal bool IsFrozen { get; private set; }

    /// <summary>The longest that a piece of work waits for a processor; 0: none does.</summary>
    internal long SlowBy { get; set; }

    internal EngineView? View => Wiring.Shards.View;

    internal IEnumerable<LockEngine> Engines
    {
        get
        {
            for (var index = 0; index < Wiring.Shards.Count; index++)
                yield return Wiring.Shards[index].Engine;
        }
    }

    /// <summary>It has ended its sessions, and hands over what it masters.</summary>
    internal bool IsLeaving { get; set; }

    /// <summary>Whether its engines know no lock and no resource.</summary>
    internal bool IsEmpty => Engines.All(engine => engine is { LockCount: 0, ResourceCount: 0 });

    /// <summary>How far its recovery is: in which of its phases whatever happens now meets it.</summary>
    internal string Phase
    {
        get
        {
            if (View is null)
                return SimResult.Phases[0];
            if (Wiring.Shards.IsSettled)
                return SimResult.Phases[^1];
            var standings = Engines.Select(engine => engine.Standing).ToArray();
            return standings.Any(standing => standing.Unrecorded.Count > 0) ? SimResult.Phases[1]
                : standings.Any(standing => standing.Unhoused.Count > 0) ? SimResult.Phases[2]
                : SimResult.Phases[3];
        }
    }

    internal void Stop() => IsRunning = false;

    internal void Freeze() => IsFrozen = true;

    /// <summary>Goes on, with all that has come meanwhile, in its order.</summary>
    internal void Thaw()
    {
        IsFrozen = false;
        while (!IsFrozen && _standing.TryDequeue(out var work))
            work();
    }

    /// <summary>Lets the process do something: at once, or when it comes to it; never, if it is gone by then.</summary>
    internal void Run(Action work)
    {
        if (!IsRunning)
            return;
        if (SlowBy > 0)
            _busyUntil = Math.Max(_busyUntil, _world.Now) + _world.Delay(SlowBy);
        if (_busyUntil > _world.Now)
            _world.At(_busyUntil, () => RunNow(work));
        else
            RunNow(work);
    }

    internal bool Accept(SimLink link) => _accept(link);

    /// <summary>A session of its own, and the way to lock by it.</summary>
    internal (NodeSession Session, NodeLockspace Locks) OpenSession(LockOwner owner)
    {
        var session = Wiring.Sessions.Open(owner, Opened.Name);
        return (session, new NodeLockspace(Wiring, this, Opened, session, inlineCompletions: false));
    }

    // The simulated stack has no words of its own with its peers.
    public bool OnMessage(NodeId from, ReadOnlySpan<byte> message) => false;

    public void OnReachable(NodeIncarnation peer)
    {
    }

    public void OnUnreachable(NodeId peer, string why)
    {
    }

    public ValueTask<int> PurgeAsync(OpenedLockspace space, uint member, int processId, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Wiring.Shards.Purge(space.Id, processId));

    public IAsyncEnumerable<ResourceSnapshot> QueryAsync(uint space, ResourceQuery query, CancellationToken cancellationToken) =>
        throw new NotSupportedException("nobody asks simulated members");

    public ValueTask CloseAsync(OpenedLockspace space) => ValueTask.CompletedTask;

    /// <summary>One that is refused ends, as its daemon does. Anything else is a fault.</summary>
    private void Fail(Exception cause)
    {
        if (Member.State != StackState.Refused)
            throw cause;
        Stop();
    }

    private void RunNow(Action work)
    {
        if (!IsRunning)
            return;
        if (IsFrozen)
            _standing.Enqueue(work);
        else
            work();
    }

    private void Tick()
    {
        if (!IsRunning)
            return;
        Run(() => Wiring.Shards.Tick());
        _world.In(TickEvery, Tick);
    }

    private static string NameOf(uint number) => string.Create(CultureInfo.InvariantCulture, $"n{number}");
}
