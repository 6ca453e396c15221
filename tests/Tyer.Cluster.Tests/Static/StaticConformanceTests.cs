using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Tests.Shared.Stacks;
using Tyer.Time;

namespace Tyer.Cluster.Tests.Static;

public class StaticConformanceTests : StackConformance
{
    private protected override StackLab NewLab() => new StaticLab();

    private sealed class StaticLab : StackLab
    {
        private readonly PeerSwitchboard _board = new();
        private readonly NodeStates _states = new();

        internal override int Size => 3;

        protected override RecordedMember Create(uint node)
        {
            StateDirectory state = _states.Open(node);
            var options = new StaticOptions
            {
                Peers = [.. All.Where(other => other != node).Select(other => new StaticPeer(new NodeId(other), $"n{other}"))],
                HelloInterval = TimeSpan.FromMilliseconds(20),
            };
            var stack = new StaticStack(options, state, _board.Join(node), BootClock.Instance);
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
