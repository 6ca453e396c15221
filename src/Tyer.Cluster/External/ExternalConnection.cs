using System.Globalization;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Time;

namespace Tyer.Cluster.External;

/// <summary>Takes in what the control daemon says, after <see cref="ExternalRules"/> has looked at it.</summary>
internal sealed class ExternalConnection : StackConnection, IPeerReceiver
{
    // Fine enough for words about what it waits for.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly PeerList _list;
    private readonly StateDirectory _directory;
    private readonly IPeerMessenger _messenger;
    private readonly IClock _clock;
    private readonly HashSet<NodeIncarnation> _proofs = [];
    private readonly HashSet<NodeId> _lost = [];
    private TimeSpan _readyAt;

    public ExternalConnection(
        PeerList list, Member self, StateDirectory directory, IPeerMessenger messenger, IClock clock, IGroupObserver observer)
        : base(self, observer, LookEvery)
    {
        _list = list;
        _directory = directory;
        _messenger = messenger;
        _clock = clock;
        _readyAt = clock.Now + directory.EarlierSessionsFor;
    }

    private Standing Standing => new(_list, Self, _directory.HighestView, View, _proofs);

    public Task SetViewAsync(ClusterView view)
    {
        string what = $"View {view.Id}";
        return AskAsync(what, () =>
        {
            if (ExternalRules.FaultOf(view, Standing) is { } fault) throw new LockRefusedException(RefusalReason.BadRequest, what, fault);
            RefuseWhileEarlierRunIsInDoubt(view, what);

            // On disk before it is used: no id is ever used twice.
            _directory.RaiseView(view.Id);
            _lost.RemoveWhere(node => View?.Find(node)?.Incarnation != view.Find(node)?.Incarnation);
            Install(view);
        });
    }

    public Task ProveAsync(NodeIncarnation who)
    {
        string what = $"The proof for {who}";
        return AskAsync(what, () =>
        {
            if (ExternalRules.FaultOf(who, Standing) is { } fault) throw new LockRefusedException(RefusalReason.BadRequest, what, fault);
            if (who.Node == Self.Id && who.Incarnation >= _directory.EarlierIncarnation)
            {
                _readyAt = _clock.Now;
                OnTick();
            }

            if (_proofs.Add(who)) Observer.OnFenced(who, FenceProof.OperatorWord);
        });
    }

    /// <summary>This node stops in order: the other members are told that it begins to, and that it has.</summary>
    public Task SayFarewellAsync(bool hasLeft) => AskAsync("The farewell", () =>
    {
        Span<byte> message = stackalloc byte[Farewell.Length];
        new Farewell(Self.Incarnation, hasLeft).Write(message);
        foreach (Member member in View?.Members ?? [])
        {
            if (member.Id != Self.Id) _messenger.Send(member.Id, message);
        }
    });

    /// <summary>All that nodes of this stack say to each other is farewell.</summary>
    public bool OnMessage(NodeId from, ReadOnlySpan<byte> message)
    {
        if (Farewell.Read(message) is not { } farewell) return false;

        Post(() => OnFarewell(new NodeIncarnation(from, farewell.Who), farewell.HasLeft));
        return true;
    }

    /// <summary>One who has left proves it himself: nothing is left of his clients. The control daemon need not, and gives a view without him.</summary>
    private void OnFarewell(NodeIncarnation who, bool hasLeft)
    {
        if (View is not { } view || !view.Contains(who) || _proofs.Contains(who)) return;

        Observer.OnPeerLeaving(view.Find(who.Node)!, hasLeft);
        if (!hasLeft) return;
        _proofs.Add(who);
        Observer.OnFenced(who, FenceProof.CleanLeave);
    }

    public void OnReachable(NodeIncarnation peer) => Post(() =>
    {
        if (View is { } view && view.Contains(peer) && _lost.Remove(peer.Node)) Observer.OnPeerBack(view.Find(peer.Node)!);
    });

    public void OnUnreachable(NodeId peer, string why) => Post(() =>
    {
        if (View?.Find(peer) is { } member && !_proofs.Contains(member.NodeIncarnation) && _lost.Add(peer)) Observer.OnPeerLost(member, why);
    });

    /// <summary>
    /// Sessions of the run before this one may believe in their locks. Where the cluster holds these for an unproven, that is well; where
    /// nobody does, as after all nodes have failed, they must have run out.
    /// </summary>
    private void RefuseWhileEarlierRunIsInDoubt(ClusterView view, string what)
    {
        var earlier = new NodeIncarnation(Self.Id, _directory.EarlierIncarnation);
        TimeSpan wait = _readyAt - _clock.Now;
        if (View is not null || wait <= TimeSpan.Zero || view.Unproven.Contains(earlier)) return;

        throw new LockUnavailableException(
            UnavailableReason.Starting, what, string.Create(
                CultureInfo.InvariantCulture,
                $"{Self.Name} did not stop cleanly before this start, and its sessions of then may believe in their locks for another "
                    + $"{wait.TotalSeconds:0.0} s; list {earlier} as unproven, or tell first that it acts no more ('tyer view fence {earlier}')"));
    }

    protected override void OnStart()
    {
        _messenger.Start(this);
        if (_readyAt > _clock.Now) Report(StackState.Joining, EarlierSessions.Describe(_directory));
        OnTick();
    }

    protected override void OnTick()
    {
        if (_clock.Now < _readyAt) return;

        StopTicking();
        if (View is null) Report(StackState.Joining, ExternalRules.DescribeWaiting(_directory.HighestView));
    }
}
