using System.Globalization;
using Tyer.Cluster.Leases;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Time;

namespace Tyer.Cluster.External;

/// <summary>Takes in what the control daemon says, after <see cref="ExternalRules"/> has looked at it.</summary>
internal sealed class ExternalConnection : StackConnection, IPeerReceiver
{
    // Fine enough for words about what it waits for.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly StateDirectory _directory;
    private readonly IPeerMessenger _messenger;
    private readonly IClock _clock;
    private readonly HashSet<NodeIncarnation> _proofs = [];
    private readonly HashSet<NodeId> _lost = [];
    private PeerList _list;
    private TimeSpan _readyAt;
    private bool _isReady;

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

    /// <summary>Whether the control daemon has limited the time that the node may act.</summary>
    private bool IsLeased => SafeUntil != TimeSpan.MaxValue;

    private Standing Standing => new(_list, Self, _directory.HighestView, View, _proofs);

    public Task SetViewAsync(ClusterView view, TimeSpan? safeFor)
    {
        string what = $"View {view.Id}";
        return AskAsync(what, () =>
        {
            RefuseIfExpelled(what);
            if ((ExternalRules.FaultOf(view, Standing) ?? FaultOfLease(safeFor)) is { } fault) throw Refused(what, fault);
            RefuseWhileEarlierRunIsInDoubt(view, what);

            // On disk before it is used: no id is ever used twice.
            _directory.RaiseView(view.Id);
            if (view.Find(Self.Id) is null)
            {
                Report(StackState.Expelled, $"view {view.Id} leaves this node out");
                return;
            }

            _lost.RemoveWhere(node => View?.Find(node)?.Incarnation != view.Find(node)?.Incarnation);
            if (safeFor is { } span) Begin(span);
            Install(view);
        });
    }

    public Task AdmitAsync(StaticPeer peer)
    {
        string what = $"The admission of {peer.Name}";
        return AskAsync(what, () =>
        {
            try
            {
                _list = new PeerList(_list.Cluster, _list.Peers.Append(peer));
            }
            catch (ArgumentException fault)
            {
                throw Refused(what, fault.Message.Replace($" (Parameter '{fault.ParamName}')", "", StringComparison.Ordinal).TrimEnd('.'));
            }
        });
    }

    public Task ForgetAsync(NodeId node)
    {
        string what = $"The removal of {_list.NameOf(node)}";
        return AskAsync(what, () =>
        {
            if (View?.Find(node) is not null) throw Refused(what, $"it is in view {View.Id}");
            _list = new PeerList(_list.Cluster, _list.Peers.Where(peer => peer.Id != node));
        });
    }

    /// <summary>The control daemon has looked: the node may act for another while.</summary>
    public Task RenewAsync(ulong view, TimeSpan safeFor)
    {
        string what = $"The renewal of view {view}";
        return AskAsync(what, () =>
        {
            RefuseIfExpelled(what);
            if (View?.Id != view) throw Refused(what, View is { } present ? $"this node is in view {present.Id}" : "this node is in no view yet");
            if (ExternalRules.FaultOfLease(safeFor) is { } fault) throw Refused(what, fault);
            if (!IsLeased) throw Refused(what, $"view {view} was told without a time: what is not limited need not be renewed");
            Begin(safeFor);
        });
    }

    public Task ProveAsync(NodeIncarnation who)
    {
        string what = $"The proof for {who}";
        return AskAsync(what, () =>
        {
            if (ExternalRules.FaultOf(who, Standing) is { } fault) throw Refused(what, fault);
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
        ExpireIfDue();
        if (_clock.Now < _readyAt || _isReady) return;

        _isReady = true;
        if (!IsLeased) StopTicking();
        if (View is null) Report(StackState.Joining, ExternalRules.DescribeWaiting(_directory.HighestView));
    }

    /// <summary>What the daemon says is by its clock, and took its time to come.</summary>
    private void Begin(TimeSpan safeFor)
    {
        Extend(_clock.Now + new LeaseTerms(safeFor, Least(ClusterLimits.LeaseMarginDefault, safeFor / 2)).SafeFor);
        StartTicking();

        static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
    }

    private string? FaultOfLease(TimeSpan? safeFor) => safeFor is { } span ? ExternalRules.FaultOfLease(span)
        : IsLeased ? "this node's time is limited since an earlier view; say for how long it is safe ('safeFor')"
        : null;

    private void ExpireIfDue()
    {
        if (State is not (StackState.Operating or StackState.Suspended) || _clock.Now < SafeUntil) return;

        StopTicking();
        Report(StackState.Expelled, "its time was not renewed by the control daemon ('tyer view renew')");
    }

    private void RefuseIfExpelled(string what)
    {
        ExpireIfDue();
        if (State == StackState.Expelled)
            throw Refused(what, $"this node is out of its cluster ({StateReason}) and comes back as a new incarnation only");
    }

    private static LockRefusedException Refused(string what, string why) => new(RefusalReason.BadRequest, what, why);
}
