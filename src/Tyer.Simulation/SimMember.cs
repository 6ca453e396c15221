using System.Globalization;
using Tyer.Cluster;
using Tyer.Engine;
using Tyer.Engine.Recovery;

namespace Tyer.Simulation;

/// <summary>A node's place in the simulated cluster: brings it what the stack <c>sim</c> says, and makes the mistake that was asked for.</summary>
internal sealed class SimMember(SimWorld world, SimNode node) : IClusterStack, IGroupConnection
{
    private readonly Queue<ClusterView> _waiting = new();
    private IGroupObserver? _observer;
    private bool _mayAct;

    public string Name => "sim";

    public StackCapabilities Capabilities => StackCapabilities.FailureDetection | StackCapabilities.Evict;

    public string? Caution => null;

    public Member Self { get; } = MemberOf(node.Id);

    public StackState State { get; private set; } = StackState.Joining;

    public string StateReason { get; private set; } = "joining";

    public ClusterView? View { get; private set; }

    public TimeSpan SafeUntil { get; private set; } = TimeSpan.MaxValue;

    public ValueTask<IGroupConnection> ConnectAsync(IGroupObserver observer, CancellationToken cancellationToken = default)
    {
        _observer = observer;
        return ValueTask.FromResult<IGroupConnection>(this);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The newest view that it was told, installed or not.</summary>
    internal ClusterView? Told => _waiting.LastOrDefault() ?? View;

    /// <summary>The node may act until then. Before it first may, it is in no view.</summary>
    internal void Extend(TimeSpan until)
    {
        if (State == StackState.Expelled)
            return;
        if (world.Mistake != SimMistake.ActsBeyondItsLease)
        {
            SafeUntil = until;
            _observer!.OnSafeUntil(until);
        }

        _mayAct = true;
        while (_waiting.TryDequeue(out var view))
            Install(view);
    }

    /// <summary>It is out, for good.</summary>
    internal void Expel(string why)
    {
        if (State == StackState.Expelled)
            return;
        State = StackState.Expelled;
        StateReason = why;
        _observer!.OnState(State, why);
    }

    /// <summary>The node is in this view from now on.</summary>
    internal void Install(ClusterView view)
    {
        if (State == StackState.Expelled)
            return;
        if (world.Profile.Leases && !_mayAct)
        {
            _waiting.Enqueue(view);
            return;
        }

        if (world.Traces)
        {
            var unproven = view.Unproven.IsEmpty ? "" : $"; unproven {string.Join(' ', view.Unproven.Select(each => $"n{each}"))}";
            world.Tell($"{SimWorld.Name(node.Id)} installs view {view.Id}: {string.Join(' ', view.Members.Select(each => $"n{each.NodeIncarnation}"))}{unproven}{(view.HasQuorum ? "" : "; no quorum")}");
        }

        var departed = View?.Members.Where(member => !view.Contains(member.NodeIncarnation)).ToArray() ?? [];
        View = view;
        var told = world.Mistake switch
        {
            SimMistake.ForgetsUnproven => new ClusterView(view.Id, view.Members, unproven: null, view.HasQuorum),
            SimMistake.IgnoresQuorum => new ClusterView(view.Id, view.Members, view.Unproven),
            _ => view,
        };
        _observer!.OnView(told);
        State = told.HasQuorum ? StackState.Operating : StackState.Suspended;
        StateReason = view.ToString();
        _observer.OnState(State, StateReason);
        MakeMistake(view, departed);
        world.Note("install", view.Id);
    }

    /// <summary>A departed incarnation, and its clients, act no more.</summary>
    internal void Prove(NodeIncarnation departed)
    {
        world.Tell($"{SimWorld.Name(node.Id)} is told that n{departed} acts no more");
        _observer!.OnFenced(departed, FenceProof.PowerOff);
    }

    internal static Member MemberOf(MemberId id) =>
        new(new NodeId(id.Node), new Incarnation(id.Incarnation), string.Create(CultureInfo.InvariantCulture, $"n{id.Node}"));

    internal static NodeIncarnation IncarnationOf(MemberId id) => new(new NodeId(id.Node), new Incarnation(id.Incarnation));

    internal static MemberId IdOf(NodeIncarnation who) => new(who.Node.Value, who.Incarnation.Value);

    private void MakeMistake(ClusterView view, Member[] departed)
    {
        switch (world.Mistake)
        {
            case SimMistake.SettlesEarly:
                MarkAll(RecoveryMarker.LocksDone);
                break;
            case SimMistake.OpensDirectoryEarly:
                MarkAll(RecoveryMarker.DirectoryDone);
                break;
            case SimMistake.SaysDirectoryDoneEarly when node.Engines.Any(engine => engine.Core.HandingOver.Unanswered > 0):
                node.Mesh.Announce(RecoveryMarker.DirectoryDone, view.Id);
                node.Wiring.Shards.Mark(node.Id, RecoveryMarker.DirectoryDone, view.Id);
                break;
            case SimMistake.PurgesBeforeProof:
                foreach (var member in departed)
                    node.Wiring.Shards.Prove(IdOf(member.NodeIncarnation));
                break;
        }

        void MarkAll(RecoveryMarker marker)
        {
            foreach (var member in view.Members)
                node.Wiring.Shards.Mark(IdOf(member.NodeIncarnation), marker, view.Id);
        }
    }
}
