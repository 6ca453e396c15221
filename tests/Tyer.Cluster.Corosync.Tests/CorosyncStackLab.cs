using Tyer.Cluster.Glue;
using Tyer.Cluster.Leases;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Time;

namespace Tyer.Cluster.Corosync.Tests;

/// <summary>
/// Three daemons in network namespaces, and for each node the stack on top of its daemon; all in this process. What members say to each other goes
/// through a switchboard, which is cut together with the network.
/// </summary>
internal sealed class CorosyncStackLab : LeasedLab
{
    private readonly CorosyncLab _daemons = Task.Run(() => CorosyncLab.UpAsync(nodes: 3, cluster: "tyer")).GetAwaiter().GetResult();
    private readonly NodeStates _states = new();
    private readonly PeerSwitchboard _switchboard = new();

    internal override int Size => 3;

    // Shorter ones run out on a machine that is busy with other builds.
    internal override TimeSpan Lease => TimeSpan.FromSeconds(5);

    internal CorosyncLab Daemons => _daemons;

    internal override void Cut(uint node)
    {
        CutPeers(node);
        Task.Run(() => _daemons.Network.CutAsync((int)node)).GetAwaiter().GetResult();
    }

    internal override void CutPeers(uint node) => _switchboard.Cut(node);

    internal override void Heal(uint node)
    {
        _switchboard.Heal(node);
        Task.Run(() => _daemons.Network.HealAsync((int)node)).GetAwaiter().GetResult();
    }

    protected override RecordedMember Create(uint node)
    {
        StateDirectory state = _states.Open(node);
        var options = new LeasedStackOptions
        {
            Peers = [.. All.Where(other => other != node).Select(other => new StaticPeer(new NodeId(other), $"n{other}"))],
            Terms = new LeaseTerms(Lease, TimeSpan.FromMilliseconds(500)),
        };
        var engine = new InNode(new CorosyncEngine(BootClock.Instance), _daemons.Network, (int)node);
        var stack = new LeasedStack(engine, options, state, _switchboard.Join(node), BootClock.Instance);
        return new RecordedMember(History, new NodeIncarnation(new NodeId(node), state.Incarnation), stack, () =>
        {
            _switchboard.Leave(node);
            state.Dispose();
            return ValueTask.CompletedTask;
        });
    }

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await base.DisposeAsync();
        }
        finally
        {
            await _daemons.DisposeAsync();
            _states.Dispose();
        }
    }

    /// <summary>Joins in a node: the thread that talks to the daemon is in there, and can reach no other daemon.</summary>
    private sealed class InNode(CorosyncEngine engine, NetworkLab network, int node) : IMembershipEngine
    {
        public string Name => engine.Name;

        public ValueTask JoinAsync(Joiner joiner, IMembershipEvents events, CancellationToken cancellationToken)
        {
            network.Inside(node, () => engine.JoinAsync(joiner, events, cancellationToken).AsTask().GetAwaiter().GetResult());
            return ValueTask.CompletedTask;
        }

        public void Prove(NodeIncarnation departed, FenceProof proof) => engine.Prove(departed, proof);

        public void Evict(NodeIncarnation member, string why) => engine.Evict(member, why);

        public Task LeaveAsync(CancellationToken cancellationToken) => engine.LeaveAsync(cancellationToken);

        public ValueTask DisposeAsync() => engine.DisposeAsync();
    }
}
