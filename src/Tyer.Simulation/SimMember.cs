using System.Globalization;
using Tyer.Cluster;
using Tyer.Engine;
using Tyer.Engine.Recovery;

namespace Tyer.Simulation;

/// <summary>A node's place in the simulated cluster: brings it what the stack <c>sim</c> says, and makes the mistake that was asked for.</summary>
internal sealed class SimMember(SimWorld world, SimNode node) : IClusterStack, IGroupConnection
{
    private readonly Queue<(ClusterView View, string Why)> _waiting = new();
    private IGroupObserver? _observer;
    private bool _mayAct;
    private bool _isOutOfTouch;
    private string _whyView = "";

    public string Name => "sim";

    public StackCapabilities Capabilities => StackCapabilities.FailureDetection | StackCapabilities.Evict;

    public string? Caution => null;

    public Member Self { get; private set; } = MemberOf(node.Id);

    public StackState State { get; private set; } = StackState.Joining;

    public string StateReason { get; private set; } = "joining";

    public ClusterView? View { get; private set; }

    public TimeSpan SafeUntil { get; private set; } = TimeSpan.MaxValue;

    public ValueTask<IGroupConnection> ConnectAsync(LockingProtocol protocol, CancellationToken cancellationToken = default)
    {
        _observer = protocol.Callbacks;
        Self = Self with { Protocol = protocol.Versions };
        return ValueTask.FromResult<IGroupConnection>(this);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The newest view that it was told, installed or not.</summary>
    internal ClusterView? Told => _waiting.LastOrDefault().View ?? View;

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
        while (_waiting.TryDequeue(out var waiting))
            Install(waiting.View, waiting.Why);
    }

    /// <summary>It does not know whether its view still holds, or knows again.</summary>
    internal void Suspend(bool isOutOfTouch)
    {
        if (_isOutOfTouch == isOutOfTouch || State == StackState.Expelled)
            return;
        _isOutOfTouch = isOutOfTouch;
        if (View is null)
            return;
        world.Tell($"{SimWorld.Name(node.Id)} {(isOutOfTouch ? "hears of no majority" : "hears of a majority again")}");
        if (isOutOfTouch)
            world.CountCut("suspension", node.Phase);
        ReportState();
    }

    /// <summary>It is out, for good.</summary>
    internal void Expel(string why)
    {
        if (State is not (StackState.Expelled or StackState.Refused))
            Report(StackState.Expelled, why);
    }

    /// <summary>It is not taken in, and never will be.</summary>
    internal void Refuse(string why) => Report(StackState.Refused, why);

    /// <summary>A member is about to go.</summary>
    internal void HearFarewell(Member peer)
    {
        if (View?.Contains(peer.NodeIncarnation) == true)
            _observer!.OnPeerLeaving(peer, hasLeft: false);
    }

    /// <summary>The node is in this view from now on.</summary>
    internal void Install(ClusterView view, string why)
    {
        if (State == StackState.Expelled)
            return;
        if (world.Profile.Leases && !_mayAct)
        {
            _waiting.Enqueue((view, why));
            Report(StackState.Joining, $"without a lease, in {why}");
            return;
        }

        if (world.Traces)
        {
            var unproven = view.Unproven.IsEmpty ? "" : $"; unproven {string.Join(' ', view.Unproven.Select(each => $"n{each}"))}";
            world.Tell($"{SimWorld.Name(node.Id)} installs view {view.Id}: {string.Join(' ', view.Members.Select(each => $"n{each.NodeIncarnation}"))}{unproven}{(view.HasQuorum ? "" : "; no quorum")}");
        }

        var departed = View?.Members.Where(member => !view.Contains(member.NodeIncarnation)).ToArray() ?? [];
        View = view;
        _observer!.OnView(world.Mistake switch
        {
            SimMistake.ForgetsUnproven => new ClusterView(view.Id, view.Members, unproven: null, view.HasQuorum),
            SimMistake.IgnoresQuorum => new ClusterView(view.Id, view.Members, view.Unproven),
            _ => view,
        });
        _whyView = why;
        ReportState();
        MakeMistake(view, departed);
        world.Note("install", view.Id);
    }

    /// <summary>A departed incarnation, and its clients, act no more.</summary>
    internal void Prove(NodeIncarnation departed, FenceProof proof)
    {
        world.Tell($"{SimWorld.Name(node.Id)} is told that n{departed} acts no more");
        _observer!.OnFenced(departed, proof);
    }

    private void Report(StackState state, string why)
    {
        State = state;
        StateReason = why;
        _observer!.OnState(state, why);
    }

    private void ReportState()
    {
        var state = View!.HasQuorum && !_isOutOfTouch ? StackState.Operating : StackState.Suspended;
        Report(world.Mistake == SimMistake.IgnoresQuorum ? StackState.Operating : state, _isOutOfTouch ? "it hears of no majority" : _whyView);
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
