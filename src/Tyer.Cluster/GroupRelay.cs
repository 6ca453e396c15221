using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using Tyer.Cluster.Fencing;

namespace Tyer.Cluster;

/// <summary>
/// Hands on what the one connection of a stack is told to the groups that share it: one call at a time, and to one that comes later first what the others know.
/// </summary>
/// <remarks>If a group's callbacks throw, the connection ends, and with it all groups: what a node believes of its cluster is one thing.</remarks>
internal sealed class GroupRelay : IGroupObserver
{
    private readonly Lock _gate = new();
    private readonly Dictionary<NodeIncarnation, FenceProof> _proofs = [];
    private readonly Dictionary<NodeId, (Member Peer, string Why)> _lost = [];
    private readonly Dictionary<NodeIncarnation, (Member Peer, bool HasLeft)> _leaving = [];
    private ImmutableArray<GroupConnection> _groups = [];
    private ClusterView? _view;
    private (StackState State, string Why)? _state;

    /// <summary>Tells it what is known, and from then on what happens.</summary>
    public void Add(GroupConnection group)
    {
        lock (_gate)
        {
            ImmutableInterlocked.Update(ref _groups, static (groups, group) => groups.Add(group), group);
            IGroupObserver callbacks = group.Protocol.Callbacks;
            if (_view is { } view) callbacks.OnView(view);
            foreach ((NodeIncarnation who, FenceProof proof) in _proofs) callbacks.OnFenced(who, proof);
            foreach ((Member peer, string why) in _lost.Values) callbacks.OnPeerLost(peer, why);
            foreach ((Member peer, bool hasLeft) in _leaving.Values) callbacks.OnPeerLeaving(peer, hasLeft);
            if (_state is { } state) callbacks.OnState(state.State, state.Why);
        }
    }

    /// <summary>Tells it that it is closed, and nothing more.</summary>
    public void Remove(GroupConnection group, string why)
    {
        lock (_gate)
        {
            if (!_groups.Contains(group)) return;
            ImmutableInterlocked.Update(ref _groups, static (groups, group) => groups.Remove(group), group);
            group.Close();
            if (_state?.State != StackState.Closed) group.Protocol.Callbacks.OnState(StackState.Closed, why);
        }
    }

    public void OnView(ClusterView view) => Tell(callbacks => callbacks.OnView(view), () =>
    {
        _view = view;
        Forget(_proofs, who => !view.Contains(who) && !view.Unproven.Contains(who));
        Forget(_lost, node => view.Find(node)?.Incarnation != _lost[node].Peer.Incarnation);
        Forget(_leaving, who => !view.Contains(who));
    });

    public void OnState(StackState state, string why) => Tell(callbacks => callbacks.OnState(state, why), () => _state = (state, why));

    /// <summary>Comes beside the others, and waits for none of them.</summary>
    public void OnSafeUntil(TimeSpan until)
    {
        foreach (GroupConnection group in _groups) group.Extend(until);
    }

    public void OnFenced(NodeIncarnation who, FenceProof proof) => Tell(callbacks => callbacks.OnFenced(who, proof), () =>
    {
        if (_view is { } view && (view.Contains(who) || view.Unproven.Contains(who))) _proofs[who] = proof;
    });

    public void OnPeerLost(Member peer, string why) => Tell(callbacks => callbacks.OnPeerLost(peer, why), () => _lost[peer.Id] = (peer, why));

    public void OnPeerLeaving(Member peer, bool hasLeft) =>
        Tell(callbacks => callbacks.OnPeerLeaving(peer, hasLeft), () => _leaving[peer.NodeIncarnation] = (peer, hasLeft));

    public void OnFencing(FenceProgress progress) => Tell(callbacks => callbacks.OnFencing(progress));

    public void OnPeerBack(Member peer) => Tell(callbacks => callbacks.OnPeerBack(peer), () => _lost.Remove(peer.Id));

    /// <summary>All are told, though one of them throws: the others have to hear at least how it ends.</summary>
    private void Tell(Action<IGroupObserver> call, Action? remember = null)
    {
        lock (_gate)
        {
            remember?.Invoke();
            ExceptionDispatchInfo? fault = null;
            foreach (GroupConnection group in _groups)
            {
                try
                {
                    call(group.Protocol.Callbacks);
                }
                catch (Exception exception)
                {
                    fault ??= ExceptionDispatchInfo.Capture(exception);
                }
            }

            fault?.Throw();
        }
    }

    private static void Forget<TKey, TValue>(Dictionary<TKey, TValue> known, Func<TKey, bool> isOver)
        where TKey : notnull
    {
        foreach (TKey key in known.Keys.Where(isOver).ToArray()) known.Remove(key);
    }
}
