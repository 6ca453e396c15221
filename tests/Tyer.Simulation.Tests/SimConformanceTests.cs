using Tyer.Cluster;
using Tyer.Engine;
using Tyer.Tests.Shared.Stacks;

namespace Tyer.Simulation.Tests;

/// <summary>
/// The simulator's stack, in virtual time: what all cluster stacks have to keep, it keeps, so that what nodes live through with it they may meet with the others.
/// </summary>
public sealed class SimConformanceTests : LeasedStackConformance
{
    private protected override LeasedLab NewLeasedLab() => new SimLab();

    private sealed class SimLab : LeasedLab
    {
        private static readonly SimProfile Profile = new() { Name = "conformance", Leases = true, Clients = 0, MoveEvery = 0 };
        private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

        private readonly SimWorld _world = new(seed: 1, Profile, traces: false, SimMistake.None);
        private readonly SimCluster _cluster;

        internal SimLab()
        {
            _cluster = new SimCluster(_world, Size, SimReduction.None, isManual: true);
            History = new StackHistory(() => TimeSpan.FromTicks(_world.Now), () => _world.RunUntil(_world.Now + Step.Ticks, static () => { }));
        }

        internal override StackHistory History { get; }

        internal override int Size => 3;

        internal override TimeSpan Lease => SimLease.Terms.Length;

        internal override void Cut(uint node) => CutPeers(node);

        /// <summary>The simulated stack needs no wires of its own: who is not heard by its peers is put out by somebody's word.</summary>
        internal override void CutPeers(uint node)
        {
            foreach (var other in All.Where(other => other != node))
            {
                _cluster.Network.Cut(node, other);
                _cluster.Network.Cut(other, node);
            }

            var cut = _cluster.Running.Single(each => each.Id.Node == node).Id;
            _world.In(Profile.DetectionMax, () => _cluster.Stack.Evict(cut));
        }

        internal override void Heal(uint node)
        {
            foreach (var other in All.Where(other => other != node))
            {
                _cluster.Network.Mend(node, other);
                _cluster.Network.Mend(other, node);
            }
        }

        protected override RecordedMember Create(uint node)
        {
            var id = _cluster.NextLife(node);
            var seat = new Seat(_cluster, id);
            return seat.Member = new RecordedMember(History, SimMember.IncarnationOf(id), seat, () =>
            {
                if (seat.Node is { IsRunning: true } running)
                    _cluster.Stop(running, withMachine: false);
                _world.In(Profile.DetectionMax, () => _cluster.Stack.Evict(id));
                return ValueTask.CompletedTask;
            });
        }
    }

    /// <summary>A life of a node whose stack the test is told of as well; it is started when that is connected.</summary>
    private sealed class Seat(SimCluster cluster, MemberId id) : IClusterStack, ILeavingStack, IFencingStack
    {
        internal SimNode? Node { get; private set; }

        internal RecordedMember Member { get; set; } = null!;

        public string Name => "sim";

        public StackCapabilities Capabilities => Node!.Member.Capabilities;

        public string? Caution => null;

        public async ValueTask<IGroupConnection> ConnectAsync(LockingProtocol protocol, CancellationToken cancellationToken = default)
        {
            Node = cluster.Start(id, protocol.Versions);
            Member.Clock = Node.Clock;
            var connection = await Node.Glue.ConnectAsync("conformance", protocol, expectedStack: "sim", cancellationToken);
            cluster.Stack.Join(id);
            return connection;
        }

        public Task SayFarewellAsync(bool hasLeft)
        {
            if (hasLeft)
                cluster.Stack.Leave(id);
            else
                cluster.Stack.SayFarewell(id);
            return Task.CompletedTask;
        }

        public async Task AcknowledgeFenceAsync(NodeIncarnation departed)
        {
            await Task.CompletedTask;
            cluster.Stack.Acknowledge(departed);
        }

        public TimeSpan? RunsOutAt(NodeIncarnation departed) => null;
    }
}
