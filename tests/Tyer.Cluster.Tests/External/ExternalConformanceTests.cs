using Tyer.Cluster.External;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Tests.Shared.Stacks;
using Tyer.Time;

namespace Tyer.Cluster.Tests.External;

/// <summary>The external stack, told by a control daemon that does it well: the lab.</summary>
public class ExternalConformanceTests : StackConformance
{
    private protected override StackLab NewLab() => new ExternalLab();

    private sealed class ExternalLab : StackLab
    {
        private readonly PeerSwitchboard _board = new();
        private readonly NodeStates _states = new();
        private ulong _view;

        internal override int Size => 3;

        protected override RecordedMember Create(uint node)
        {
            StateDirectory state = _states.Open(node);
            StaticPeer[] peers = [.. All.Where(other => other != node).Select(other => new StaticPeer(new NodeId(other), $"n{other}"))];
            var stack = new ExternalStack(peers, [], state, _board.Join(node), BootClock.Instance);
            return new RecordedMember(History, new NodeIncarnation(new NodeId(node), state.Incarnation), stack, () =>
            {
                _board.Leave(node);
                state.Dispose();
                return ValueTask.CompletedTask;
            });
        }

        /// <summary>Who came and who went, as all that run now see it; who has gone is proven, for its process has.</summary>
        protected override async Task AfterStartAsync()
        {
            if (Running.Count == 0) return;
            var view = new ClusterView(++_view, Running.Select(member => member.Connection!.Self).OrderBy(member => member.Id), hasQuorum: Running.Count * 2 > Size);
            foreach (RecordedMember member in Running)
            {
                var stack = (ExternalStack)member.Stack;
                foreach (Member gone in member.Views.LastOrDefault()?.Members.Where(each => !view.Contains(each.NodeIncarnation)) ?? [])
                    await stack.ProveAsync(gone.NodeIncarnation);
                await stack.SetViewAsync(view);
            }
        }

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            _states.Dispose();
        }
    }
}
