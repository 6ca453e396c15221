using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Tyer.Cluster.Static;

namespace Tyer.Cluster.Tests.Static;

/// <summary>
/// Static nodes and the network between them in one thread, driven by a seed: messages are lost, repeated and overtaken by any
/// number of others, and nodes crash between any two of their actions. The rules are checked at every installation.
/// </summary>
internal sealed class SimulatedCluster
{
    private readonly Random _random;
    private readonly SimulatedNode[] _nodes;
    private readonly List<Message> _network = [];
    private readonly HashSet<(NodeId From, NodeId To)> _stalledLinks = [];
    private readonly Dictionary<ulong, ClusterView> _everInstalled = [];
    private readonly SimulatedNode? _losesItsState;
    private readonly StringBuilder? _log;
    private ulong _wallClock = 1;
    private bool _calm;
    private bool _coordinatorIsDoomed;

    /// <param name="seed">Decides everything.</param>
    /// <param name="stateMayBeLost">One of the nodes may start with an empty disk. (Two could forget an id together.)</param>
    /// <param name="keepLog">Whether to fill <see cref="Log"/>.</param>
    public SimulatedCluster(int seed, bool stateMayBeLost, bool keepLog)
    {
        _random = new Random(seed);
        _log = keepLog ? new StringBuilder() : null;
        var list = new PeerList(
            "tyer", Enumerable.Range(1, _random.Next(1, 6)).Select(i => new StaticPeer(new NodeId((uint)i), $"n{i}")));
        _nodes = [.. list.Peers.Select(peer => new SimulatedNode(peer, list))];
        if (stateMayBeLost && _nodes.Length > 1) _losesItsState = _nodes[_random.Next(_nodes.Length)];
    }

    /// <summary>How often what must be possible has happened: runs that never do it show nothing.</summary>
    public Dictionary<string, int> Seen { get; } = [];

    /// <summary>All that happened, where it was kept.</summary>
    public string Log => _log?.ToString() ?? "";

    public ulong HighestInstalled => _everInstalled.Keys.DefaultIfEmpty().Max();

    /// <summary>Anything may happen, <paramref name="steps"/> times; how often what, differs from seed to seed.</summary>
    public void Misbehave(int steps)
    {
        // Some runs are calm and some are not, so that all lengths of undisturbed progress occur.
        Run(steps, crashes: _random.Next(0, 4), losses: _random.Next(0, 20), repeatsInPercent: _random.Next(0, 80));
    }

    /// <summary>
    /// The coordinator crashes each time it has installed the view, and has told none, some or all of it; what was said before is heard
    /// again and again.
    /// </summary>
    public void CrashTheCoordinatorInItsBestMoments(int steps)
    {
        _coordinatorIsDoomed = true;
        Run(steps, crashes: 0, losses: 0, repeatsInPercent: 60);
        _coordinatorIsDoomed = false;
    }

    /// <summary>From now on all are up and nothing is lost, until there is nothing left to do.</summary>
    public void Calm()
    {
        _calm = true;
        _stalledLinks.Clear();
        foreach (SimulatedNode node in _nodes)
        {
            StartIfDown(node);
            Feed(node, new BecameReady());
            foreach (SimulatedNode other in _nodes) if (other != node) Feed(node, new PeerReachable(other.Peer.Id));
        }

        for (int round = 0; round < 8; round++)
        {
            foreach (SimulatedNode node in _nodes) Feed(node, new Tick());
            for (int i = 0; _network.Count > 0; i++)
            {
                Check(i < 100_000, "the nodes talk for ever");
                DeliverAny(again: false);
            }
        }
    }

    public void CrashAll()
    {
        foreach (SimulatedNode node in _nodes) Crash(node);
    }

    /// <summary>Liveness: whoever can be in a view is, and whoever cannot knows why, as do the others.</summary>
    public void CheckSettled()
    {
        ClusterView? view = _nodes.Select(node => node.State?.Installed).FirstOrDefault(installed => installed is not null);
        Check(view is not null, "all are up and nobody is in a view");
        foreach (SimulatedNode node in _nodes)
        {
            if (view.Contains(node.State!.Self.NodeIncarnation))
            {
                Check(node.State.Installed == view, $"{node.Peer.Name} is listed in the view and not in it");
                continue;
            }

            Count("a restarted node was refused");
            Check(node.State.Waiting.Contains("refused by", StringComparison.Ordinal), $"{node.Peer.Name} is refused and does not know");
            foreach (FormingState other in _nodes.Select(n => n.State!).Where(state => state.Installed is not null))
                Check(other.Lost[node.Peer.Id] == PeerLoss.Restarted, $"{other.Self.Name} does not know that {node.Peer.Name} is lost");
        }
    }

    /// <summary>After a start of all together, nothing stands in the way.</summary>
    public void CheckAllInstalled() =>
        Check(_nodes.All(node => node.State?.Installed is not null), "all were started anew and somebody is not in a view");

    private void Run(int steps, int crashes, int losses, int repeatsInPercent)
    {
        _calm = false;
        for (int i = 0; i < steps; i++)
        {
            int what = _random.Next(100 + crashes + losses);
            SimulatedNode node = _nodes[_random.Next(_nodes.Length)];
            if (what < 70) DeliverAny(again: _random.Next(100) < repeatsInPercent);
            else if (what < 78) Feed(node, new Tick());
            else if (what < 86) StartIfDown(node);
            else if (what < 90) Feed(node, new BecameReady());
            else if (what < 94) StallOrReleaseLink(node.Peer.Id, AnyOther(node));
            else if (what < 97) Feed(node, new PeerReachable(AnyOther(node)));
            else if (what < 100) Feed(node, new PeerUnreachable(AnyOther(node), "cut"));
            else if (what < 100 + crashes) Crash(node);
            else if (_network.Count > 0) Take(_random.Next(_network.Count));
        }
    }

    private void StartIfDown(SimulatedNode node)
    {
        if (node.State is not null) return;

        if (node == _losesItsState && node.HighestOnDisk > 0 && _random.Next(4) == 0)
        {
            Count("a state was lost");
            node.HighestOnDisk = 0;
        }

        bool ready = _random.Next(3) != 0;
        node.Start(new Incarnation(_wallClock++));
        Write($"{node.Peer.Name} starts as {node.State!.Self.NodeIncarnation}, on disk {node.HighestOnDisk}");
        Feed(node, ready ? new BecameReady() : new Tick());
    }

    private void Crash(SimulatedNode node)
    {
        if (node.State is null) return;
        Write($"{node.Peer.Name} crashes");
        node.State = null;
    }

    private NodeId AnyOther(SimulatedNode node)
    {
        NodeId[] others = [.. _nodes.Where(other => other != node).Select(other => other.Peer.Id)];
        return others.Length == 0 ? node.Peer.Id : others[_random.Next(others.Length)];
    }

    private void StallOrReleaseLink(NodeId from, NodeId to)
    {
        if (_random.Next(3) == 0) _stalledLinks.Add((from, to));
        else _stalledLinks.Remove((from, to));
    }

    private Message Take(int i)
    {
        // The network has no order, so the hole is filled from the end.
        Message message = _network[i];
        _network[i] = _network[^1];
        _network.RemoveAt(_network.Count - 1);
        return message;
    }

    private void DeliverAny(bool again)
    {
        if (_network.Count == 0) return;

        int i = _random.Next(_network.Count);
        if (_stalledLinks.Contains((_network[i].From, _network[i].To))) return;

        Message message = again ? _network[i] : Take(i);
        bool decoded = PeerMessages.TryDecode(message.From, message.Bytes, out Incarnation sender, out PeerMessage? content);
        Check(decoded, "an own message is malformed");
        Feed(_nodes.Single(node => node.Peer.Id == message.To), new Received(message.From, sender, content!));
    }

    private void Feed(SimulatedNode node, FormingEvent @event)
    {
        if (node.State is not { } before) return;

        Write($"{node.Peer.Name} <- {@event}");
        (node.State, ImmutableArray<FormingAction> actions) = Forming.Step(before, @event);
        int crashBefore = CrashBefore(node, actions);
        for (int i = 0; i < Math.Min(actions.Length, crashBefore); i++) Do(node, before, actions[i]);
        if (crashBefore > actions.Length) return;

        Count("a crash between two actions");
        Crash(node);
    }

    /// <summary>Before which of the actions the node crashes, if at all. Where something is decided, it is most instructive.</summary>
    private int CrashBefore(SimulatedNode node, ImmutableArray<FormingAction> actions)
    {
        bool installs = actions.Any(action => action is Install);
        if (_coordinatorIsDoomed) return installs && node == _nodes[0] ? _random.Next(1, actions.Length + 1) : int.MaxValue;

        int oneIn = installs ? 3 : actions.Any(action => action is Persist) ? 10 : 500;
        return !_calm && _random.Next(oneIn) == 0 ? _random.Next(actions.Length + 1) : int.MaxValue;
    }

    private void Do(SimulatedNode node, FormingState before, FormingAction action)
    {
        Write($"  {node.Peer.Name} -> {action}");
        switch (action)
        {
            case Persist persist:
                Check(persist.ViewId > node.HighestOnDisk, "an id on disk does not grow");
                node.HighestOnDisk = persist.ViewId;
                if (before is { IsCoordinator: true, Promised: not null }) Count("a proposal was replaced");
                break;
            case Send send:
                if (send.Message is Declined) Count("a proposal was declined");
                Check(CoveredByDisk(node, send.Message), "an id is told before it is on disk");
                _network.Add(new Message(node.Peer.Id, send.To, PeerMessages.Encode(node.State!.Self.Incarnation, send.Message)));
                break;
            case Install install:
                Count("a view was installed");
                if (!before.IsCoordinator && before.Promised != install.View) Count("a dead promise was given up");
                CheckInstall(node, before, install.View);
                break;
            case TellPeerLost: Count("a peer was lost"); break;
            case TellPeerBack: Count("a peer came back"); break;
        }
    }

    private static bool CoveredByDisk(SimulatedNode node, PeerMessage message) => message switch
    {
        Hello hello => hello.Highest <= node.HighestOnDisk,
        Prepare prepare => prepare.View.Id <= node.HighestOnDisk,
        Prepared prepared => prepared.ViewId <= node.HighestOnDisk,
        InstalledView installed => installed.View.Id <= node.HighestOnDisk,
        _ => true,
    };

    private void CheckInstall(SimulatedNode node, FormingState before, ClusterView view)
    {
        Check(before.Installed is null, "a node is in two views in one life");
        Check(view.Members.Length == _nodes.Length, "the view lacks somebody");
        Check(view.Contains(before.Self.NodeIncarnation), "the view lists another life of who installs it");
        foreach (Member member in view.Members)
            Check(_nodes.Single(n => n.Peer.Id == member.Id).WasReady(member.Incarnation), $"{member} was not ready");

        if (_everInstalled.TryGetValue(view.Id, out ClusterView? same)) Check(same == view, "one id is two views");
        _everInstalled[view.Id] = view;
        foreach (SimulatedNode other in _nodes)
            Check(other == node || other.State?.Installed is not { } installed || installed == view, "two views have living members");

        Check(view.Id <= node.HighestOnDisk, "a view is used before it is on disk");
        Check(view.Id > before.HighestAtStart, "an id is not above what was on disk at the start");

        // Who lost its state may have been in a higher one.
        Check(node == _losesItsState || view.Id > node.HighestInstalled, "a node's ids do not grow");
        node.HighestInstalled = view.Id;
    }

    private void Count(string what) => Seen[what] = Seen.GetValueOrDefault(what) + 1;

    private static void Check([DoesNotReturnIf(false)] bool holds, string rule)
    {
        if (!holds) throw new RuleBrokenException(rule);
    }

    private void Write(string line) => _log?.AppendLine(line);

    private sealed record Message(NodeId From, NodeId To, byte[] Bytes);
}

/// <summary>A rule of the protocol does not hold.</summary>
internal sealed class RuleBrokenException(string rule) : Exception(rule);
