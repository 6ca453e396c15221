using System.Collections.Immutable;
using Tyer.Cluster;
using Tyer.Cluster.Glue;

namespace Tyer.Tests.Shared.Stacks;

/// <summary>
/// What the members of a cluster agree on, in one object: an engine that never errs. Whoever is cut off hears nothing, as with engines that
/// fail in silence, and is removed when the test says so.
/// </summary>
internal sealed class MemoryAgreement
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<NodeId, MemoryEngine> _members = [];
    private readonly HashSet<NodeIncarnation> _unproven = [];
    private readonly HashSet<NodeIncarnation> _proven = [];
    private readonly HashSet<NodeId> _cut = [];
    private ulong _view;
    private ClusterView? _last;
    private bool _isForgetful;

    /// <summary>All nodes are down, and what the engine knew is gone.</summary>
    internal void Forget()
    {
        lock (_gate)
        {
            _isForgetful = true;
            _unproven.Clear();
            _proven.Clear();
            _view = 0;
        }
    }

    internal void Join(MemoryEngine joiner)
    {
        lock (_gate)
        {
            NodeId node = joiner.Joiner.Self.Id;
            if (_last is { } last && _members.Count > 0 && VersionAgreement.ObjectionTo(joiner.Joiner.Self, last) is { } objection)
            {
                joiner.Events.OnRefused(objection);
                return;
            }

            bool isFirst = _members.Count == 0 && (_view == 0 || _isForgetful);
            _isForgetful = false;
            Depart(node, tell: "another life of it has come");
            _members[node] = joiner;
            if (isFirst)
                _unproven.UnionWith(FirstView.UnprovenOf(joiner.Joiner.Voters, [(node, joiner.Joiner.EarlierLife)]));
            Publish($"{joiner.Joiner.Self} has come");
        }
    }

    internal void Remove(NodeIncarnation member, string why)
    {
        lock (_gate)
        {
            if (_members.GetValueOrDefault(member.Node)?.Joiner.Self.NodeIncarnation != member) return;
            Depart(member.Node, tell: why);
            Publish($"{member} has gone: {why}");
        }
    }

    internal void Evict(NodeIncarnation asker, NodeIncarnation member, string why)
    {
        lock (_gate)
        {
            if (_members.GetValueOrDefault(asker.Node)?.Joiner.Self.NodeIncarnation == asker) Remove(member, why);
        }
    }

    internal void Leave(NodeIncarnation member)
    {
        lock (_gate)
        {
            Prove(member, FenceProof.CleanLeave);
            _members.Remove(member.Node);
            Publish($"{member} has left");
        }
    }

    internal void Prove(NodeIncarnation departed, FenceProof proof)
    {
        lock (_gate)
        {
            if (!_proven.Add(departed)) return;
            _unproven.Remove(departed);
            foreach (MemoryEngine member in Heard) member.Events.OnProven(departed, proof);
        }
    }

    internal void Cut(uint node)
    {
        lock (_gate)
        {
            _cut.Add(new NodeId(node));
            if (_members.TryGetValue(new NodeId(node), out MemoryEngine? member)) Remove(member.Joiner.Self.NodeIncarnation, "it does not answer");
        }
    }

    internal void Heal(uint node)
    {
        lock (_gate) _cut.Remove(new NodeId(node));
    }

    private IEnumerable<MemoryEngine> Heard => _members.Values.Where(member => !_cut.Contains(member.Joiner.Self.Id));

    private void Depart(NodeId node, string tell)
    {
        if (!_members.Remove(node, out MemoryEngine? departed)) return;
        _unproven.Add(departed.Joiner.Self.NodeIncarnation);
        if (!_cut.Contains(node)) departed.Events.OnRemoved(tell);
    }

    private void Publish(string why)
    {
        if (_members.Count == 0) return;
        _view = Math.Max(_view, _members.Values.Max(member => member.Joiner.HighestView)) + 1;
        ImmutableArray<NodeIncarnation> unproven = [.. _unproven.OrderBy(who => who.Node).ThenBy(who => who.Incarnation)];
        ClusterView view = _last = new ClusterView(_view, _members.Values.Select(member => member.Joiner.Self), unproven);
        foreach (MemoryEngine member in Heard) member.Events.OnView(view, why);
    }
}

/// <summary>One node's place in a <see cref="MemoryAgreement"/>.</summary>
internal sealed class MemoryEngine(MemoryAgreement agreement) : IMembershipEngine
{
    internal Joiner Joiner { get; private set; } = null!;

    internal IMembershipEvents Events { get; private set; } = null!;

    public string Name => "memory";

    public ValueTask JoinAsync(Joiner joiner, IMembershipEvents events, CancellationToken cancellationToken)
    {
        Joiner = joiner;
        Events = events;
        agreement.Join(this);
        return ValueTask.CompletedTask;
    }

    public void Prove(NodeIncarnation departed, FenceProof proof) => agreement.Prove(departed, proof);

    public void Evict(NodeIncarnation member, string why) => agreement.Evict(Joiner.Self.NodeIncarnation, member, why);

    public Task LeaveAsync(CancellationToken cancellationToken)
    {
        agreement.Leave(Joiner.Self.NodeIncarnation);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        agreement.Remove(Joiner.Self.NodeIncarnation, "it has stopped");
        return ValueTask.CompletedTask;
    }
}
