using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tyer.Cluster;
using Tyer.Cluster.Static;
using Tyer.Engine;
using Tyer.Node.Events;
using Tyer.Node.Peers;
using Tyer.Node.Sessions;
using Tyer.Node.Shards;
using Tyer.Node.Waits;
using Tyer.Time;

namespace Tyer.Node;

/// <summary>
/// What makes a process a member of a cluster of lock managers: shards, the way to the peers, membership, sessions, and how they are joined.
/// It has no thread, file, socket or task of its own, and does what it does within the calls that it gets. <see cref="NodeCore"/> puts those
/// around it; the simulator puts virtual time around it.
/// </summary>
internal sealed class NodeWiring
{
    private readonly PeerMesh? _mesh;
    private int _ended;

    /// <param name="settings">Who it is.</param>
    /// <param name="mesh">Its way to the others; null: it is alone.</param>
    /// <param name="clock">What tells it the time.</param>
    /// <param name="log">What it has to say to operators.</param>
    internal NodeWiring(WiringSettings settings, PeerMesh? mesh, IClock clock, ILogger log)
    {
        Settings = settings;
        Log = log;
        _mesh = mesh;
        Shards = new ShardSet(settings.Engine, settings.Shards, mesh is null ? new NoPeers() : mesh, clock);
        Sessions = new SessionRegistry(this);
        Membership = new Membership(this);
        Known = new KnownPeers(settings.Peers);
        Events = new NodeEvents(this);
        Events.State(StackState.Joining, Membership.StateReason);
        foreach (var peer in settings.Peers)
            Events.Peer(peer);
        Shards.Recoveries.Moved += (record, _) => Events.Recovery(record);
        mesh?.Attach(this);
    }

    internal WiringSettings Settings { get; }

    internal string Name => Settings.Name;

    internal uint Id => Settings.Engine.Node;

    internal ILogger Log { get; }

    internal ShardSet Shards { get; }

    internal SessionRegistry Sessions { get; }

    internal Membership Membership { get; }

    /// <summary>The other nodes that it knows.</summary>
    internal KnownPeers Known { get; }

    /// <summary>What it tells those who follow it.</summary>
    internal NodeEvents Events { get; }

    /// <summary>The other members, to be asked; null for a node that is alone.</summary>
    internal IPeerQuestions? Peers => _mesh;

    /// <summary>Another node is known from now on.</summary>
    internal void TakeIn(StaticPeer peer)
    {
        _mesh!.TakeIn(peer.Id.Value);
        Known.Add(peer);
        Events.Peer(peer);
    }

    /// <summary>It is not any more.</summary>
    internal void Forget(StaticPeer peer)
    {
        Events.Forget(peer);
        Known.Remove(peer);
    }

    /// <summary>Answers another member's question; set once, before anybody is connected.</summary>
    internal Func<QuestionTopic, byte[], byte[]> Answer { get; set; } = static (_, _) => [];

    /// <summary>Is told of a request that has waited for long, under a shard's lock; set once, before any session is opened.</summary>
    internal Action<LongWait> TellLongWait { get; set; } = static _ => { };

    /// <summary>Is told of a broken invariant: the node is to stop rather than grant. Set once, before anybody is connected.</summary>
    internal Action<Exception> Fail { get; set; } = static cause => throw cause;

    /// <summary>Is told that the node is out, once, with what those who hold locks are told; set once, before anybody is connected.</summary>
    internal Action<LossReason> Ended { get; set; } = static _ => { };

    /// <summary>Whether it is out of its cluster for good.</summary>
    internal bool HasEnded => Volatile.Read(ref _ended) != 0;

    /// <summary>For how long what is held here is safe, from now: until the stack's word runs out.</summary>
    internal TimeSpan SafeFor
    {
        get
        {
            var until = Membership.SafeUntil;
            return until == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : until - Shards.Clock.Now;
        }
    }

    /// <summary>
    /// The node is out, for good: nothing is granted any more, nobody of its cluster hears from it, and who holds a lock in this process is
    /// told that it is lost.
    /// </summary>
    internal void End(LossReason reason)
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        Shards.Limit.End();
        _mesh?.CutOffAll();
        Sessions.CloseOwn(reason);
        Ended(reason);
    }

    internal string NameOf(uint id) => Membership.NameOf(id);

    /// <summary>A view is about to be installed: connections to who is not in it end.</summary>
    internal void CutDeparted(ClusterView? before, ClusterView view) => _mesh?.CutDeparted(before, view);
}

/// <summary>Who a node is, as far as its wiring has to know.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Engine">What all its engines are told; each has its own number besides.</param>
/// <param name="Shards">How many shards it has.</param>
/// <param name="Peers">The other nodes that are configured.</param>
internal sealed record WiringSettings(string Name, EngineOptions Engine, int Shards, ImmutableArray<StaticPeer> Peers);
