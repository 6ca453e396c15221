using Tyer.Cluster;
using Tyer.Cluster.Glue;
using Tyer.Cluster.Leases;
using Tyer.Engine;

namespace Tyer.Simulation;

/// <summary>
/// The cluster stack of a simulation: one sequence of views, which reaches members at different times and in order, and proofs that those
/// who departed act no more. It keeps what <c>docs/recovery.md</c> asks of a stack (N1, N2).
/// </summary>
internal sealed class SimStack(SimWorld world, IReadOnlyDictionary<uint, SimNode> nodes, int voters, Watch watch, Action<MemberId> stopForGood)
{
    private readonly SortedDictionary<uint, MemberId> _members = [];
    private readonly Dictionary<MemberId, Member> _selves = [];
    private readonly HashSet<MemberId> _unproven = [];
    private readonly HashSet<MemberId> _unknown = [];
    private readonly Dictionary<MemberId, long> _lastTold = [];
    private readonly LeaseProof _leases = new();
    private ulong _view;
    private ClusterView? _present;

    internal ulong View => _view;

    /// <summary>What is looked at just before members go.</summary>
    internal Action Departing { get; init; } = () => { };

    /// <summary>Whether the members may grant; told with the next view.</summary>
    internal bool HasQuorum { get; private set; } = true;

    /// <summary>The members lose their quorum, or have it again.</summary>
    internal void SetQuorum(bool hasQuorum)
    {
        if (HasQuorum == hasQuorum)
            return;
        HasQuorum = hasQuorum;
        Publish();
    }

    internal bool HasUnproven => _unproven.Count > 0;

    /// <summary>Whether others have to reckon with it: it is in, or departed without a proof so far.</summary>
    internal bool MayAct(MemberId node) => IsMember(node) || _unproven.Contains(node);

    internal bool IsMember(MemberId node) => _members.GetValueOrDefault(node.Node) == node;

    internal int MemberCount => _members.Count;

    /// <summary>
    /// A new life of a node, or one that is new, comes in; its former life, if still in, departs with that. One that does not speak the version of the lock protocol that
    /// runs is refused.
    /// </summary>
    internal void Join(params IReadOnlyList<MemberId> joiners)
    {
        var joined = new List<MemberId>();
        if (_present is null)
            ReckonWithAbsent(joiners);
        foreach (var joiner in joiners)
        {
            var node = nodes[joiner.Node];
            if (_present is { } view && VersionAgreement.ObjectionTo(node.Member.Self, view) is { } objection)
            {
                node.Run(() => node.Member.Refuse(objection));
                continue;
            }

            _selves[joiner] = node.Member.Self;
            if (_members.GetValueOrDefault(joiner.Node) is { Incarnation: > 0 } former)
                Depart(former);
            _members[joiner.Node] = joiner;
            world.Count("joins");
            joined.Add(joiner);
        }

        if (joined.Count == 0)
            return;
        Publish();
        // Who was not there knows by itself that it had no life before.
        foreach (var unknown in joined.Select(joiner => new MemberId(joiner.Node, FirstView.UnknownLife.Value)).Where(_unknown.Remove))
            Tell(unknown, FenceProof.RejoinedClean);
    }

    /// <summary>Members that are gone, or out of reach: the others go on without them.</summary>
    internal void Evict(params IReadOnlyList<MemberId> evicted)
    {
        var any = false;
        foreach (var node in evicted)
        {
            if (!IsMember(node))
                continue;
            if (_members.Count == 1)
            {
                // A view has a member: whoever comes next relieves it.
                world.In(world.Profile.DetectionMax, () => Evict(node));
                continue;
            }

            Departing();
            _members.Remove(node.Node);
            Depart(node);
            any = true;
        }

        if (any)
            Publish();
    }

    /// <summary>A member is about to go: the others are told.</summary>
    internal void SayFarewell(MemberId leaving)
    {
        foreach (var node in _members.Values.Where(each => each != leaving))
        {
            var told = nodes[node.Node];
            world.At(NextTold(node), () => told.Run(() => told.Member.HearFarewell(_selves[leaving])));
        }
    }

    /// <summary>A member that has ended its sessions goes by itself: its proof is there with the view.</summary>
    internal void Leave(MemberId node)
    {
        if (!IsMember(node) || _members.Count == 1)
            return;
        Departing();
        _members.Remove(node.Node);
        world.Count("departures");
        Prove(node, FenceProof.CleanLeave);
        Publish();
    }

    /// <summary>An operator knows that it has stopped.</summary>
    /// <exception cref="LockRefusedException">It has not departed, or is proven.</exception>
    internal void Acknowledge(NodeIncarnation departed)
    {
        var id = SimMember.IdOf(departed);
        if (!_unproven.Contains(id))
            throw new LockRefusedException(RefusalReason.BadRequest, $"The proof for {departed}", "it is not unproven");
        Tell(id, FenceProof.OperatorWord);
    }

    private void Depart(MemberId node)
    {
        _unproven.Add(node);
        world.Count("departures");
        if (world.Profile.Leases)
            return;
        // Now and then the proof is there before the view.
        var proofIn = world.Random.Permille(100) ? 0 : world.Delay(world.Profile.ProofMax);
        world.In(proofIn, () => Prove(node, FenceProof.PowerOff));
    }

    /// <summary>A member has counted a departed one's lease as over. Nobody is fenced: by then it has stopped by itself.</summary>
    internal void LeaseHasRunOut(NodeIncarnation departed, NodeIncarnation by)
    {
        _leases.Said(departed, by);
        LookAtLeases();
    }

    private void LookAtLeases()
    {
        if (_present is not { } view)
            return;
        foreach (var departed in _unproven.Where(each => IsOver(SimMember.IncarnationOf(each), view)).OrderBy(each => each.Incarnation).ToArray())
            Tell(departed, FenceProof.LeaseRanOut);
    }

    private bool IsOver(NodeIncarnation departed, ClusterView view) => world.Mistake == SimMistake.BelievesOneSurvivor
        ? _leases.Missing(departed, view).Count() < view.Members.Length
        : _leases.HasRunOut(departed, view);

    /// <summary>
    /// Nobody was in a view before: of voters that are absent it is not known whether they were in one that is forgotten. In a life of chance all nodes begin together.
    /// </summary>
    private void ReckonWithAbsent(IReadOnlyList<MemberId> present)
    {
        var all = Enumerable.Range(1, voters).Select(number => new NodeId((uint)number));
        var unknown = FirstView.UnprovenOf(all, present.Select(each => (new NodeId(each.Node), (NodeIncarnation?)null)));
        _unknown.UnionWith(unknown.Select(SimMember.IdOf));
        _unproven.UnionWith(_unknown);
    }

    private void Prove(MemberId departed, FenceProof proof)
    {
        // Whoever fences makes sure first: what is left of it ends before anybody is told.
        stopForGood(departed);
        Tell(departed, proof);
    }

    private void Tell(MemberId departed, FenceProof proof)
    {
        if (!_unproven.Remove(departed) && proof is FenceProof.RejoinedClean)
            return;
        world.Count("proofs");
        var proven = SimMember.IncarnationOf(departed);
        foreach (var node in _members.Values)
        {
            var told = nodes[node.Node];
            world.In(world.Delay(world.Profile.ViewSkewMax), () => told.Run(() => Prove(told, proven, proof)));
        }
    }

    private void Publish()
    {
        var unproven = _unproven.OrderBy(each => each.Node).ThenBy(each => each.Incarnation).Select(SimMember.IncarnationOf);
        // Where leases are the proof, only a majority can have them.
        var hasQuorum = HasQuorum && (!world.Profile.Leases || _members.Count * 2 > voters);
        var view = _present = new ClusterView(++_view, _members.Values.Select(each => _selves[each]), unproven, hasQuorum);
        world.Count(hasQuorum ? "views" : "views without quorum");
        if (!hasQuorum)
            watch.WithoutQuorum(view.Id);
        var why = hasQuorum ? $"{view}" : $"{view}; {string.Join(", ", Enumerable.Range(1, voters).Where(number => !_members.ContainsKey((uint)number)).Select(number => $"n{number}"))} not in it";
        foreach (var member in _members.Values)
        {
            var told = nodes[member.Node];
            world.At(NextTold(member), () => told.Run(() => Install(told, view, why)));
        }

        LookAtLeases();
    }

    /// <summary>When a member is told what is agreed on now: in order, each.</summary>
    private long NextTold(MemberId member) =>
        _lastTold[member] = Math.Max(_lastTold.GetValueOrDefault(member) + 1, world.Now + world.Delay(world.Profile.ViewSkewMax));

    private void Prove(SimNode told, NodeIncarnation departed, FenceProof proof)
    {
        world.CountCut("a proof", told.Phase);
        told.Member.Prove(departed, proof);
    }

    private void Install(SimNode told, ClusterView view, string why)
    {
        if (told.View is not null)
            world.CountCut("a view", told.Phase);
        told.Member.Install(view, why);
    }
}
