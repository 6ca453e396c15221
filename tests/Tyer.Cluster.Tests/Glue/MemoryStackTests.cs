using Tyer.Cluster.Glue;
using Tyer.Cluster.Leases;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Tests.Shared.Stacks;
using Tyer.Time;

namespace Tyer.Cluster.Tests.Glue;

/// <summary>The shared layer over an engine that never errs.</summary>
public class MemoryStackTests : LeasedStackConformance
{
    private protected override LeasedLab NewLeasedLab() => new MemoryLab();

    private sealed class MemoryLab : LeasedLab
    {
        private readonly MemoryAgreement _agreement = new();
        private readonly PeerSwitchboard _board = new();
        private readonly NodeStates _states = new();

        internal override int Size => 3;

        internal override TimeSpan Lease => TimeSpan.FromSeconds(2);

        internal override void Cut(uint node)
        {
            _board.Cut(node);
            _agreement.Cut(node);
        }

        internal override void CutPeers(uint node) => _board.Cut(node);

        internal override void Heal(uint node)
        {
            _board.Heal(node);
            _agreement.Heal(node);
        }

        protected override RecordedMember Create(uint node)
        {
            StateDirectory state = _states.Open(node);
            var options = new LeasedStackOptions
            {
                Peers = [.. All.Where(other => other != node).Select(other => new StaticPeer(new NodeId(other), $"n{other}"))],
                Terms = new LeaseTerms(Lease, TimeSpan.FromMilliseconds(200)),
            };
            var stack = new LeasedStack(new MemoryEngine(_agreement), options, state, _board.Join(node), BootClock.Instance);
            return new RecordedMember(History, new NodeIncarnation(new NodeId(node), state.Incarnation), stack, () =>
            {
                _board.Leave(node);
                state.Dispose();
                return ValueTask.CompletedTask;
            });
        }

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            _states.Dispose();
        }
    }
}
