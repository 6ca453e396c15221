using Tyer.Cluster;
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
    private readonly HashSet<MemberId> _unproven = [];
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

    /// <summary>A new life of a node, or one that is new, comes in; its former life, if still in, departs with that.</summary>
    internal void Join(params IReadOnlyList<MemberId> joiners)
    {
        foreach (var joiner in joiners)
        {
            if (_members.GetValueOrDefault(joiner.Node) is { Incarnation: > 0 } former)
                Depart(former);
            _members[joiner.Node] = joiner;
            world.Count("joins");
        }

        Publish();
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

    /// <summary>A member that has ended its sessions goes by itself: its proof is there with the view.</summary>
    internal void Leave(MemberId node)
    {
        if (!IsMember(node) || _members.Count == 1)
            return;
        Departing();
        _members.Remove(node.Node);
        world.Count("departures");
        Prove(node);
        Publish();
    }

    private void Depart(MemberId node)
    {
        _unproven.Add(node);
        world.Count("departures");
        if (world.Profile.Leases)
            return;
        // Now and then the proof is there before the view.
        var proofIn = world.Random.Permille(100) ? 0 : world.Delay(world.Profile.ProofMax);
        world.In(proofIn, () => Prove(node));
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
            Tell(departed);
    }

    private bool IsOver(NodeIncarnation departed, ClusterView view) => world.Mistake == SimMistake.BelievesOneSurvivor
        ? _leases.Missing(departed, view).Count() < view.Members.Length
        : _leases.HasRunOut(departed, view);

    private void Prove(MemberId departed)
    {
        // Whoever fences makes sure first: what is left of it ends before anybody is told.
        stopForGood(departed);
        Tell(departed);
    }

    private void Tell(MemberId departed)
    {
        _unproven.Remove(departed);
        world.Count("proofs");
        var proven = SimMember.IncarnationOf(departed);
        foreach (var node in _members.Values)
        {
            var told = nodes[node.Node];
            world.In(world.Delay(world.Profile.ViewSkewMax), () => told.Run(() => Prove(told, proven)));
        }
    }

    private void Publish()
    {
        var unproven = _unproven.OrderBy(each => each.Node).ThenBy(each => each.Incarnation).Select(SimMember.IncarnationOf);
        // Where leases are the proof, only a majority can have them.
        var hasQuorum = HasQuorum && (!world.Profile.Leases || _members.Count * 2 > voters);
        var view = _present = new ClusterView(++_view, _members.Values.Select(SimMember.MemberOf), unproven, hasQuorum);
        world.Count(hasQuorum ? "views" : "views without quorum");
        if (!hasQuorum)
            watch.WithoutQuorum(view.Id);
        foreach (var member in _members.Values)
        {
            var told = nodes[member.Node];
            // In order, each.
            var time = Math.Max(_lastTold.GetValueOrDefault(member) + 1, world.Now + world.Delay(world.Profile.ViewSkewMax));
            _lastTold[member] = time;
            world.At(time, () => told.Run(() => Install(told, view)));
        }

        LookAtLeases();
    }

    private void Prove(SimNode told, NodeIncarnation departed)
    {
        world.CountCut("a proof", told.Phase);
        told.Member.Prove(departed);
    }

    private void Install(SimNode told, ClusterView view)
    {
        if (told.View is not null)
            world.CountCut("a view", told.Phase);
        told.Member.Install(view);
    }
}
