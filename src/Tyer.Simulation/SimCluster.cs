using Tyer.Cluster;
using Tyer.Cluster.Glue;
using Tyer.Engine;

namespace Tyer.Simulation;

/// <summary>The machines of a simulated cluster, what runs on them, and what joins them.</summary>
internal sealed class SimCluster
{
    private readonly Watch _watch;
    private readonly SimReduction _reduction;
    private readonly SortedDictionary<uint, SimNode> _nodes = [];
    private readonly Dictionary<MemberId, List<SimClient>> _clients = [];
    private readonly Dictionary<uint, ulong> _lockNumbers = [];
    private readonly List<SimClient> _allClients = [];
    private readonly List<SimNode> _lives = [];
    private ulong _incarnations;
    private bool _isPaused;
    private bool _isFinished;

    /// <param name="world">What it shares with others.</param>
    /// <param name="nodes">How many machines there are.</param>
    /// <param name="reduction">What is left out.</param>
    /// <param name="isManual">Whether its maker starts its nodes, at the beginning and after they were put out.</param>
    internal SimCluster(SimWorld world, int nodes, SimReduction reduction, bool isManual = false)
    {
        World = world;
        NodeCount = nodes;
        _reduction = reduction;
        _watch = new Watch(world);
        Orphans = new OrphanWatch(world, () => _lives);
        Network = new SimNetwork(world, number => _nodes.GetValueOrDefault(number));
        Stack = new SimStack(world, _nodes, nodes, _watch, departed => StopForGood(departed, withMachine: false))
        {
            Departing = () => Orphans.Check(RunningMembers),
        };
        IsManual = isManual;
        // A life of that number stands for any of a node that nobody remembers.
        if (isManual)
            _incarnations = FirstView.UnknownLife.Value;
        else
            Stack.Join([.. Enumerable.Range(1, nodes).Select(number => Start((uint)number).Id)]);
    }

    internal SimWorld World { get; }

    internal SimNetwork Network { get; }

    internal SimStack Stack { get; }

    internal int NodeCount { get; }

    /// <summary>Who sees to persistent locks.</summary>
    internal OrphanWatch Orphans { get; }

    internal bool IsManual { get; }

    /// <summary>All clients that there have been, by number, from 1.</summary>
    internal IReadOnlyList<SimClient> AllClients => _allClients;

    /// <summary>All that run, those who are evicted included, by number.</summary>
    internal IReadOnlyList<SimNode> Running => [.. _nodes.Values.Where(node => node.IsRunning)];

    internal IReadOnlyList<SimNode> RunningMembers => [.. Running.Where(node => Stack.IsMember(node.Id))];

    internal IEnumerable<SimClient> Clients => _clients.Values.SelectMany(each => each);

    /// <summary>The phase of recovery that whoever is furthest behind is in.</summary>
    internal string Phase
    {
        get
        {
            var phases = RunningMembers.Select(node => node.Phase).ToHashSet();
            return SimResult.Phases.FirstOrDefault(phases.Contains) ?? SimResult.Phases[^1];
        }
    }

    /// <summary>Those of a node's clients that are there and know of no loss.</summary>
    internal IReadOnlyList<SimClient> ClientsOf(SimNode node) => [.. _clients.GetValueOrDefault(node.Id, []).Where(client => !client.IsGone)];

    /// <summary>Another comes in the place of one of a node's clients, which is returned, to be ended one way or another.</summary>
    internal SimClient ReplaceClient(SimNode node, SimRandom chance)
    {
        var client = chance.Of(ClientsOf(node));
        _clients[node.Id].Add(NewClient(node));
        return client;
    }

    /// <summary>Clients that gave up come back to their node, which may act after all, in new sessions.</summary>
    internal void Reconnect(SimNode node, int clients)
    {
        World.Count("clients come back");
        for (var each = 0; each < clients; each++)
            _clients[node.Id].Add(NewClient(node));
    }

    /// <summary>
    /// A client that only takes over what is told to it. All others may have left and their clients with them, but for the last node, which
    /// cannot go: a view has a member.
    /// </summary>
    internal SimClient AddRepairer(SimNode node)
    {
        var repairer = NewClient(node);
        repairer.Finish();
        _clients[node.Id].Add(repairer);
        return repairer;
    }

    /// <summary>The process of a node is no more.</summary>
    internal void Stop(SimNode node, bool withMachine)
    {
        if (!node.IsRunning)
            return;
        _lockNumbers[node.Id.Node] = Math.Max(_lockNumbers.GetValueOrDefault(node.Id.Node), node.Wiring.Shards.HighestLockNumber);
        Orphans.Check(RunningMembers);
        node.Stop();
        Network.Died(node, withMachine);
    }

    /// <summary>Nothing of it acts any more: node and clients.</summary>
    internal void StopForGood(MemberId gone, bool withMachine)
    {
        if (_nodes.GetValueOrDefault(gone.Node) is { } node && node.Id == gone)
            Stop(node, withMachine);
        foreach (var client in _clients[gone])
            client.Vanish();
        _clients[gone].Clear();
    }

    /// <summary>A machine whose node is gone starts it anew.</summary>
    internal void StartAgain(SimNode gone)
    {
        if (_nodes[gone.Id.Node] == gone && !gone.IsRunning)
            Stack.Join(Start(gone.Id.Node).Id);
    }

    /// <summary>So do all machines whose nodes are gone.</summary>
    internal void StartAll()
    {
        foreach (var gone in _nodes.Values.Where(node => !node.IsRunning).ToArray())
            StartAgain(gone);
    }

    /// <summary>Clients ask for nothing any more, also those who are yet to come.</summary>
    internal void Pause()
    {
        _isPaused = true;
        foreach (var client in Clients)
            client.Pause();
    }

    /// <summary>Clients let go of all they have.</summary>
    internal void Finish()
    {
        _isFinished = true;
        foreach (var client in Clients)
            client.Finish();
    }

    /// <summary>Another life of a node, which is yet to be started.</summary>
    internal MemberId NextLife(uint number) => new(number, ++_incarnations);

    private SimNode Start(uint number) => Start(NextLife(number), ProtocolRange.Offered);

    /// <summary>Starts a life of a node; it has yet to join.</summary>
    internal SimNode Start(MemberId id, ProtocolRange protocol)
    {
        var number = id.Node;
        var node = new SimNode(World, Network, id, NodeCount, _lockNumbers.GetValueOrDefault(number) + 1, protocol);
        _nodes[number] = node;
        _lives.Add(node);
        if (World.Profile.Leases)
            node.Lease = new SimLease(this, node);
        _clients[id] = [];
        for (var each = 0; each < World.Profile.Clients; each++)
            _clients[id].Add(NewClient(node));
        World.Tell($"{SimWorld.Name(id)} starts, with {node.Wiring.Shards.Count} shards");
        return node;
    }

    private SimClient NewClient(SimNode node)
    {
        var client = new SimClient(World, node, _watch, Orphans, (uint)_allClients.Count + 1, _reduction);
        _allClients.Add(client);
        if (_isPaused)
            client.Pause();
        if (_isFinished)
            client.Finish();
        return client;
    }
}
