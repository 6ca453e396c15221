using Tyer.Cluster.Local;
using Tyer.Cluster.State;
using Tyer.Tests.Shared.Stacks;
using Tyer.Time;

namespace Tyer.Cluster.Tests.Local;

public class LocalConformanceTests : StackConformance
{
    private protected override StackLab NewLab() => new LocalLab();

    private sealed class LocalLab : StackLab
    {
        private readonly NodeStates _states = new();

        internal override int Size => 1;

        protected override RecordedMember Create(uint node)
        {
            StateDirectory state = _states.Open(node);
            return new RecordedMember(History, new NodeIncarnation(new NodeId(node), state.Incarnation), new LocalStack(state, BootClock.Instance), () =>
            {
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
