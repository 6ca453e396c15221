using Tyer.Cluster.State;
using Tyer.Time;

namespace Tyer.Cluster.Local;

/// <summary>Waits for the sessions of a run that broke off, then installs the only view there will be.</summary>
internal sealed class LocalConnection(StateDirectory state, IClock clock, LockingProtocol protocol)
    : StackConnection(new Member(state.Owner.Id, state.Incarnation, state.Owner.Node) { Protocol = protocol.Versions }, protocol.Callbacks, LookEvery)
{
    // Fine enough that nobody waits noticeably longer than needed.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly TimeSpan _installAt = clock.Now + state.EarlierSessionsFor;

    protected override void OnStart()
    {
        if (state.EarlierSessionsFor > TimeSpan.Zero) Report(StackState.Joining, EarlierSessions.Describe(state));
        OnTick();
    }

    protected override void OnTick()
    {
        if (View is not null || clock.Now < _installAt) return;

        StopTicking();
        ulong id = state.HighestView + 1;
        state.RaiseView(id);
        Install(new ClusterView(id, [Self]));
    }
}
