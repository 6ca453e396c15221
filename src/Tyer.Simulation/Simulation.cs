using System.Globalization;
using Tyer.Engine.Locks;

namespace Tyer.Simulation;

/// <summary>
/// A cluster in one thread: production nodes over production sessions of peers, virtual time, a network and a cluster stack made from a
/// seed, faults, clients that do what chance will. The same seed gives the same life, to the byte.
/// </summary>
public sealed class Simulation
{
    /// <summary>Most nodes of a simulated cluster.</summary>
    public const int NodesMax = 64;

    private const int AuditEvery = 200;

    /// <summary>How long after the last operation the last of what it caused has happened: time limits, answers waited for, proofs.</summary>
    private const long QuietAfter = 20 * TimeSpan.TicksPerSecond;

    private const long RestMax = 60 * TimeSpan.TicksPerSecond;

    private readonly SimWorld _world;
    private readonly SimCluster _cluster;
    private readonly SimMoves _moves;
    private readonly SimRepairs _repairs;
    private readonly SimFaults _faults;
    private int _untilAudit = AuditEvery;

    private Simulation(ulong seed, SimProfile profile, int nodes, bool traces, SimMistake mistake, SimReduction reduction)
    {
        _world = new SimWorld(seed, profile, traces, mistake);
        _cluster = new SimCluster(_world, nodes, reduction);
        _moves = new SimMoves(_cluster);
        _repairs = new SimRepairs(_cluster);
        _faults = new SimFaults(_cluster, _moves, reduction);
    }

    /// <summary>Lives one life.</summary>
    /// <param name="seed">What it is made from.</param>
    /// <param name="profile">How rough it is.</param>
    /// <param name="nodes">2 to 64; 0: as chance will, 2 to 6.</param>
    /// <param name="traces">Whether to write down what happens.</param>
    /// <param name="reduction">What to leave out; null: nothing.</param>
    public static SimResult Run(ulong seed, SimProfile profile, int nodes = 0, bool traces = false, SimReduction? reduction = null) =>
        Run(seed, profile, nodes, traces, SimMistake.None, reduction);

    /// <summary>
    /// How many nodes a life has, as chance will. Chance is asked for it apart from the life itself, which is the same with that number given.
    /// </summary>
    /// <param name="seed">The seed of the life.</param>
    /// <param name="least">2 or more.</param>
    /// <param name="most">That or more, up to 64.</param>
    public static int NodesOf(ulong seed, int least, int most) => least + new SimRandom(~seed).Below(most - least + 1);

    /// <summary>Lives one life in which all nodes make a mistake.</summary>
    internal static SimResult Run(
        ulong seed, SimProfile profile, int nodes, bool traces, SimMistake mistake, SimReduction? reduction = null)
    {
        ArgumentNullException.ThrowIfNull(profile);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(nodes, NodesMax);
        var count = nodes == 0 ? NodesOf(seed, 2, 6) : nodes;
        return new Simulation(seed, profile, count, traces, mistake, reduction ?? SimReduction.None).Run();
    }

    private SimResult Run()
    {
        string? violation = null;
        try
        {
            Live();
        }
        catch (Exception fault)
        {
            // Whatever a node throws is a fault of the node: no input may make it.
            violation = string.Create(CultureInfo.InvariantCulture, $"at {_world.Now / (double)TimeSpan.TicksPerMillisecond:0.000} ms: {fault.Message}");
            if (fault is not ViolationException)
                violation += $" ({fault.GetType().Name})\n{fault.StackTrace}";
        }

        _world.Tell(violation is null ? "nothing was found wrong" : $"FOUND WRONG: {violation}");
        return new SimResult(_world.Seed, violation, _world.Hash, _faults.Count, [.. _cluster.AllClients.Select(client => client.Operations)], _world.Counts, _world.Trace);
    }

    private void Live()
    {
        _faults.Begin();
        _moves.Begin();
        _repairs.Begin();
        _world.RunUntil(_world.Profile.Length, AfterEach);

        _faults.End();
        _world.Tell("the faults are over, and the clients wait for what they have asked for");
        _cluster.Pause();
        _world.RunUntil(_world.Now + QuietAfter, AfterEach);
        foreach (var node in _cluster.RunningMembers.Where(node => !node.Wiring.Shards.IsSettled))
            throw new ViolationException($"{SimWorld.Name(node.Id)} does not settle: it is at {node.Phase}; what is tied: {Audit.DescribeTied(_cluster.RunningMembers)}");
        Audit.CheckQuiet(_cluster.RunningMembers);
        _cluster.Orphans.Check(_cluster.RunningMembers);
        _cluster.Orphans.CheckQuiet(_cluster.RunningMembers);
        _cluster.Orphans.End();
        _world.Count("audits at rest");

        _world.Tell("the clients let go of everything");
        _cluster.Finish();
        // Everything that waits has its end, and nothing is left behind (I7).
        for (var end = _world.Now + RestMax; _world.Now < end && !IsAtRest();)
        {
            LookAfterOrphans();
            _world.RunUntil(_world.Now + TimeSpan.TicksPerSecond, AfterEach);
        }

        CheckAtRest();
    }

    private void AfterEach()
    {
        if (--_untilAudit > 0)
            return;
        _untilAudit = AuditEvery;
        // One that stands still since before its lease ran out has had no occasion to learn of that: it is held to nothing any more.
        var counted = _cluster.Running.Where(node => _cluster.Stack.MayAct(node.Id)).ToArray();
        Audit.CheckAlways(counted, node => _cluster.Stack.IsMember(node.Id));
        _cluster.Orphans.Check(_cluster.RunningMembers);
        _world.Count("audits");
    }

    private bool IsAtRest() =>
        !_cluster.Stack.HasUnproven
        && _cluster.Running.All(node => node.IsEmpty && (!_cluster.Stack.IsMember(node.Id) || node.Wiring.Shards.IsSettled))
        && _cluster.Clients.All(client => client.IsIdle);

    private void CheckAtRest()
    {
        // Who is evicted, and not proven yet, need not come to rest.
        foreach (var node in _cluster.RunningMembers)
        {
            if (!node.Wiring.Shards.IsSettled)
                throw new ViolationException($"{SimWorld.Name(node.Id)} does not settle");
            var waiting = _cluster.ClientsOf(node).Where(client => !client.IsIdle).Select(client => client.Describe()).ToArray();
            if (waiting.Length > 0)
                throw new ViolationException($"{string.Join("; ", waiting)} waits without end; {Audit.DescribeWaits(_cluster.Running)}");
        }

        foreach (var node in _cluster.RunningMembers.Where(node => !node.IsEmpty))
            throw new ViolationException($"I7: {SimWorld.Name(node.Id)} is left with {Audit.Describe(node)}");
    }

    private SimClient Adopter(SimNode master) =>
        _cluster.ClientsOf(master) is [var own, ..] ? own : _cluster.Clients.FirstOrDefault(client => !client.IsGone) ?? _cluster.AddRepairer(master);

    /// <summary>Nobody comes for them: their own nodes end them; those of nodes that are no more are taken over, and let go of.</summary>
    private void LookAfterOrphans()
    {
        foreach (var node in _cluster.RunningMembers)
        {
            node.Wiring.Shards.Purge(SimNode.Space, processId: 0);
            foreach (var resource in Audit.ResourcesOf(node).Where(resource => resource.Role == ResourceRole.Active).ToArray())
            {
                if (Audit.LocksOn(resource.Queues.Granted).FirstOrDefault(each => each.OrphanOf != 0 && each.Session.HasDeparted) is { } orphan)
                    Adopter(node).Adopt(System.Text.Encoding.UTF8.GetString(resource.Name), orphan.Granted!.Value, isPersistent: false);
            }
        }
    }
}
