using Tyer.Cluster.Leases;
using Tyer.Cluster.Static;

namespace Tyer.Cluster.Glue;

/// <summary>
/// What a node makes of its engine's views and proofs, of its own lease, and of what the others say of the leases of the departed. Events go in,
/// actions come out; no clock, no thread, no I/O.
/// </summary>
/// <remarks>
/// <para><b>G1</b> <em>A view is accepted at once, and told when a majority of the voters has answered this node for the first time.</em> Members answer
/// whom their accepted view lists, so newcomers get to know each other; and nobody acts who has no lease.</para>
/// <para><b>G2</b> <em>A departed life is proven to have stopped when every member of a view with a majority of the voters says that its lease
/// has run out by its count</em>, each having accepted a view without it before. Whoever has heard it of all asks the engine to make it
/// known, and all act on what the engine makes known, not on what they heard.</para>
/// <para><b>G3</b> <em>Out is out.</em> When the lease has run out, or the others have gone on without this life, nothing undoes it.</para>
/// </remarks>
internal sealed class LeasedMembership
{
    private readonly PeerList _list;
    private readonly Member _self;
    private readonly List<LeasedAction> _actions = [];
    private readonly List<LeasedAction> _untold = [];
    private readonly LeaseProof _words = new();
    private readonly HashSet<NodeIncarnation> _countedOut = [];
    private readonly HashSet<NodeIncarnation> _proven = [];
    private bool _hasLease;
    private bool _earlierLivesEnded;
    private readonly FenceProof? _proofByTime;
    private string? _noContact;
    private string? _frozen;
    private string _change = "";
    private string _engineWaits = "joining";
    private string _leaseWaits = "no majority has answered yet";
    private (StackState State, string Why)? _told;

    /// <param name="list">All nodes that are configured: the voters.</param>
    /// <param name="self">This node.</param>
    /// <param name="proofByTime">What is proven when all members have counted out a departed one's lease; null: nothing, as it may freeze.</param>
    public LeasedMembership(PeerList list, Member self, FenceProof? proofByTime = FenceProof.LeaseRanOut)
    {
        _proofByTime = proofByTime;
        _list = list;
        _self = self;
    }

    /// <summary>The latest view agreed on; told or not.</summary>
    public ClusterView? View { get; private set; }

    /// <summary>Whether this life is out.</summary>
    public bool IsOut { get; private set; }

    /// <summary>Those of the view's unproven of whom nothing is proven by now.</summary>
    public IReadOnlyCollection<NodeIncarnation> Open => [.. (View?.Unproven ?? []).Where(IsUnproven)];

    /// <summary>Whether this node acts for the others: it has a lease, contact with its engine, and a majority in its view.</summary>
    public bool MayAct => !IsOut && _hasLease && _noContact is null && _frozen is null && View is { HasQuorum: true };

    /// <summary>What follows from an event. The list is valid until the next call.</summary>
    public IReadOnlyList<LeasedAction> Step(LeasedEvent @event)
    {
        _actions.Clear();
        if (IsOut) return _actions;

        switch (@event)
        {
            case ViewAgreed agreed: _change = agreed.Why; OnView(agreed.View); break;
            case ProofAgreed agreed: OnProof(agreed.Departed, agreed.Proof); break;
            case ContactLost lost: _noContact = lost.Why; break;
            case ContactBack: _noContact = null; break;
            case RemovedByOthers removed: GoOut(removed.Why); break;
            case RefusedByOthers refused: GoOut(refused.Why, StackState.Refused); break;
            case EngineWaits waits: _engineWaits = waits.Why; break;
            case LeaseBegan: OnLease(); break;
            case LeaseWaits waits: _leaseWaits = waits.Why; break;
            case LeaseFroze froze: _frozen = froze.Why; break;
            case LeaseResumed: _frozen = null; break;
            case LeaseEnded ended: GoOut(ended.Why); break;
            case CountedOut counted: OnCountedOut(counted.Departed); break;
            case PeerCountedOut counted: OnWord(counted.Departed, counted.By); break;
            case MemberSilent silent when View?.Contains(silent.Member) == true: Do(new AskToEvict(silent.Member, silent.Why)); break;
            case PeerLeaves leaves when View?.Contains(leaves.Peer) == true: Tell(new TellLeaving(View.Find(leaves.Peer.Node)!, HasLeft: false)); break;
            case EarlierLivesEnded: _earlierLivesEnded = true; ProveEarlierLives(); break;
            case RepeatDue: Repeat(); break;
        }

        ReportChange();
        return _actions;
    }

    private void OnView(ClusterView agreed)
    {
        ClusterView? before = View;
        Invariant.Check(agreed.Id > (before?.Id ?? 0), "the ids of agreed views grow");
        Invariant.Check(agreed.Contains(_self.NodeIncarnation), "a member is told of no view that it is not in");
        foreach (NodeIncarnation earlier in (before?.Members.Select(member => member.NodeIncarnation) ?? []).Concat(before?.Unproven ?? []))
        {
            Invariant.Check(
                agreed.Contains(earlier) || agreed.Unproven.Contains(earlier) || _proven.Contains(earlier), "who departs is unproven in the next view, or proven");
        }

        foreach (NodeIncarnation departed in (before?.Unproven ?? []).Concat(_proven))
            Invariant.Check(!agreed.Contains(departed), "a life that has departed is in no view again");

        bool isMajority = agreed.Members.Count(member => _list.Find(member.Id) is not null) * 2 > _list.Peers.Length;
        View = new ClusterView(agreed.Id, agreed.Members, agreed.Unproven, isMajority);
        _words.Keep(View);
        _countedOut.IntersectWith(View.Unproven);
        _proven.IntersectWith(View.Unproven);

        Do(new PersistView(View.Id));
        Do(new HoldLease(View));
        Tell(new InstallView(View));
        foreach (NodeIncarnation departed in View.Unproven) ProveIfRunOut(departed);
        ProveEarlierLives();
    }

    private void OnProof(NodeIncarnation departed, FenceProof proof)
    {
        if (View is null || departed == _self.NodeIncarnation) return;
        if (!(View.Contains(departed) || View.Unproven.Contains(departed)) || !_proven.Add(departed)) return;

        if (View.Contains(departed)) Tell(new TellLeaving(View.Find(departed.Node)!, HasLeft: true));
        Tell(new TellFenced(departed, proof));
    }

    private void OnLease()
    {
        _hasLease = true;
        foreach (LeasedAction told in _untold) Do(told);
        _untold.Clear();
    }

    private void OnCountedOut(NodeIncarnation departed)
    {
        if (!IsUnproven(departed) || !_countedOut.Add(departed)) return;

        Do(new SayRanOut(departed));
        OnWord(departed, _self.NodeIncarnation);
    }

    private void OnWord(NodeIncarnation departed, NodeIncarnation by)
    {
        // What comes before its view is said again.
        if (!IsUnproven(departed) || !View!.Contains(by)) return;

        _words.Said(departed, by);
        ProveIfRunOut(departed);
    }

    private void ProveIfRunOut(NodeIncarnation departed)
    {
        if (_proofByTime is { } proof && IsUnproven(departed) && _words.HasRunOut(departed, View!)) Do(new AskForProof(departed, proof));
    }

    /// <summary>Who knows that nothing is left of its own earlier lives says so.</summary>
    private void ProveEarlierLives()
    {
        if (!_earlierLivesEnded || View is null) return;
        foreach (NodeIncarnation earlier in View.Unproven.Where(departed => departed.Node == _self.Id && IsUnproven(departed)))
            Do(new AskForProof(earlier, FenceProof.RejoinedClean));
    }

    private void Repeat()
    {
        foreach (NodeIncarnation departed in _countedOut.Where(IsUnproven))
        {
            Do(new SayRanOut(departed));
            ProveIfRunOut(departed);
        }

        ProveEarlierLives();
    }

    private bool IsUnproven(NodeIncarnation departed) => View?.Unproven.Contains(departed) == true && !_proven.Contains(departed);

    private void GoOut(string why, StackState state = StackState.Expelled)
    {
        IsOut = true;
        _untold.Clear();
        Do(new DropLease());
        Do(new ReportState(state, why));
    }

    private void ReportChange()
    {
        if (IsOut) return;

        (StackState State, string Why) now = Standing();
        if (now == _told) return;
        _told = now;
        Do(new ReportState(now.State, now.Why));
    }

    private (StackState State, string Why) Standing()
    {
        if (View is null) return (StackState.Joining, _noContact ?? _engineWaits);
        if (!_hasLease) return (StackState.Joining, $"in view {View.Id}, without a lease: {_leaseWaits}");
        if (_frozen is { } frozen) return (StackState.Suspended, $"frozen: {frozen}. What is held is kept, and nothing is granted, until a majority answers or this node is stopped");
        if (!View.HasQuorum)
        {
            string change = _change.Length == 0 ? "" : $"; {_change}";
            return (StackState.Suspended, $"view {View.Id} has {View.Members.Length} of {_list.Peers.Length} nodes, which is no majority; missing are {Missing()}{change}");
        }

        if (_noContact is { } why) return (StackState.Suspended, why);
        var view = new ClusterView(View.Id, View.Members, Open, View.HasQuorum);
        return (StackState.Operating, _change.Length == 0 ? $"{view}" : $"{view}; {_change}");
    }

    private string Missing() => string.Join(", ", _list.Peers.Where(peer => View!.Find(peer.Id) is null).Select(peer => peer.Name));

    private void Do(LeasedAction action) => _actions.Add(action);

    /// <summary>For the observer, who hears of nothing before the lease (G1), and then of all in order.</summary>
    private void Tell(LeasedAction action) => (_hasLease ? _actions : _untold).Add(action);
}
