using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tyer.Cluster;
using Tyer.Cluster.Fencing;
using Tyer.Engine;

namespace Tyer.Node;

/// <summary>What the cluster stack says, put into effect: views are installed in the shards, the rest is kept for those who ask.</summary>
internal sealed partial class Membership(NodeWiring node) : IGroupObserver, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly ILogger _log = node.Log;
    private readonly Dictionary<NodeId, LostPeer> _lost = [];
    private readonly Dictionary<NodeIncarnation, TimeSpan> _unproven = [];
    private readonly HashSet<NodeIncarnation> _proven = [];
    private readonly Dictionary<NodeIncarnation, LeavingPeer> _leaving = [];
    private IClusterStack? _stack;
    private IGroupConnection? _connection;
    private volatile ClusterView? _view;
    private StackState _lastState;
    private bool _isPaused;
    private volatile string _stateReason = "not connected to its cluster stack yet";

    /// <summary>The stack; null until it is connected.</summary>
    internal IClusterStack? Stack => _stack;

    internal ClusterView? View => _view;

    /// <summary>When the view was installed, by the node's clock.</summary>
    internal TimeSpan ViewSince { get; private set; }

    /// <summary>Departed incarnations of the view that are not proven to act no more, with when this node heard that they departed.</summary>
    internal ImmutableDictionary<NodeIncarnation, TimeSpan> Unproven
    {
        get
        {
            lock (_gate)
                return _unproven.ToImmutableDictionary();
        }
    }

    internal StackState State => _connection?.State ?? StackState.Joining;

    /// <summary>Why it is in that state, in words.</summary>
    internal string StateReason => _stateReason;

    internal TimeSpan SafeUntil => _connection?.SafeUntil ?? TimeSpan.MaxValue;

    /// <summary>Members that do not answer, with what was noticed.</summary>
    internal ImmutableDictionary<NodeId, LostPeer> Lost
    {
        get
        {
            lock (_gate)
                return _lost.ToImmutableDictionary();
        }
    }

    /// <summary>Members of the view that stop in order, or have.</summary>
    internal ImmutableDictionary<NodeIncarnation, LeavingPeer> Leaving
    {
        get
        {
            lock (_gate)
                return _leaving.ToImmutableDictionary();
        }
    }

    internal async ValueTask ConnectAsync(IClusterStack stack, CancellationToken cancellationToken)
    {
        _stack = stack;
        if (stack.Caution is { } caution)
            LogCaution(stack.Name, caution);
        _connection = await stack.ConnectAsync(this, cancellationToken).ConfigureAwait(false);
    }

    internal string NameOf(uint id)
    {
        if (id == node.Id)
            return node.Name;
        if (id == 0 || !NodeId.IsValid(id))
            return $"node {id}";
        return _view?.Find(new NodeId(id))?.Name ?? node.Known.NameOf(id) ?? $"node {id}";
    }

    /// <summary>A node in one of its lives, for people: <c>n3 (3.1765)</c>.</summary>
    internal string NameOf(NodeIncarnation who) => $"{NameOf(who.Node.Value)} ({who})";

    public void OnView(ClusterView view)
    {
        node.CutDeparted(_view, view);
        ViewSince = node.Shards.Clock.Now;
        _view = view;
        NoteDeparted(view);
        var members = new EngineMember[view.Members.Length];
        for (var index = 0; index < members.Length; index++)
        {
            var member = view.Members[index];
            members[index] = new EngineMember(member.Id.Value, member.Incarnation.Value, member.Weight);
        }

        node.Events.View(view, Unproven.Keys);
        node.Shards.Install(new EngineView(view.Id, members, [.. view.Unproven.Select(MemberOf)], view.HasQuorum));
        LogView(view);
    }

    public void OnState(StackState state, string why)
    {
        var before = _lastState;
        _lastState = state;
        _stateReason = why;
        node.Events.State(state, why);
        if (state != StackState.Expelled)
        {
            // A view without quorum says by itself that nothing is granted.
            var pauses = state == StackState.Suspended && _view is { HasQuorum: true };
            if (pauses != _isPaused)
                node.Shards.Pause(_isPaused = pauses);
            LogState(state, why);
            return;
        }

        LogExpelled(why);
        node.End(before == StackState.Suspended ? LossReason.QuorumLost : LossReason.NodeExpelled);
    }

    public void OnSafeUntil(TimeSpan until) => node.Shards.Limit.Extend(until);

    public void OnFenced(NodeIncarnation who, FenceProof proof)
    {
        LogFenced(NameOf(who), proof);
        lock (_gate)
        {
            _proven.Add(who);
            _unproven.Remove(who);
        }

        node.Events.Fenced(who);
        if (_view is { } view)
            node.Events.View(view, Unproven.Keys);
        node.Shards.Prove(MemberOf(who));
    }

    public void OnFencing(FenceProgress progress)
    {
        var who = NameOf(progress.Departed);
        switch (progress.Step)
        {
            case FenceStep.Begun: LogFencing(who, progress.Agent, progress.Attempt, progress.Why); break;
            case FenceStep.Done: LogFenced(who, progress.Agent, progress.Why); break;
            case FenceStep.Failed: LogNotFenced(who, progress.Agent, progress.Attempt, progress.Why); break;
        }

        node.Events.Fencing(progress);
        Fencing?.Invoke(progress);
    }

    /// <summary>Is raised at each step of a fencing that this node does.</summary>
    internal event Action<FenceProgress>? Fencing;

    public void OnPeerLost(Member peer, string why)
    {
        lock (_gate)
            _lost[peer.Id] = new LostPeer(peer, why, node.Shards.Clock.Now);
        LogPeerLost(peer, why);
    }

    public void OnPeerLeaving(Member peer, bool hasLeft)
    {
        lock (_gate)
            _leaving[peer.NodeIncarnation] = new LeavingPeer(hasLeft, node.Shards.Clock.Now);
        if (hasLeft)
            LogPeerLeft(peer);
        else
            LogPeerLeaving(peer);
    }

    public void OnPeerBack(Member peer)
    {
        lock (_gate)
            _lost.Remove(peer.Id);
        LogPeerBack(peer);
    }

    private void NoteDeparted(ClusterView view)
    {
        lock (_gate)
        {
            foreach (var gone in _lost.Where(lost => !view.Contains(lost.Value.Peer.NodeIncarnation)).Select(lost => lost.Key).ToArray())
                _lost.Remove(gone);
            foreach (var gone in _leaving.Keys.Where(leaving => !view.Contains(leaving)).ToArray())
                _leaving.Remove(gone);
            foreach (var gone in _unproven.Keys.Except(view.Unproven).ToArray())
                _unproven.Remove(gone);
            foreach (var unproven in view.Unproven.Except(_proven))
                _unproven.TryAdd(unproven, ViewSince);
        }
    }

    private static MemberId MemberOf(NodeIncarnation who) => new(who.Node.Value, who.Incarnation.Value);

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync().ConfigureAwait(false);
    }

    [LoggerMessage(EventId = 1101, Level = LogLevel.Warning, Message = "Cluster stack {Stack}: {Caution}")]
    private partial void LogCaution(string stack, string caution);

    [LoggerMessage(EventId = 1102, Level = LogLevel.Information, Message = "Installed {View}")]
    private partial void LogView(ClusterView view);

    [LoggerMessage(EventId = 1103, Level = LogLevel.Information, Message = "{State}: {Why}")]
    private partial void LogState(StackState state, string why);

    [LoggerMessage(EventId = 1110, Level = LogLevel.Critical, Message = "Out of the cluster: {Why}. Every lock of this node is lost")]
    private partial void LogExpelled(string why);

    [LoggerMessage(EventId = 1104, Level = LogLevel.Information, Message = "{Who} acts no more ({Proof})")]
    private partial void LogFenced(string who, FenceProof proof);

    [LoggerMessage(EventId = 1111, Level = LogLevel.Warning, Message = "Fencing {Who} with {Agent}, attempt {Attempt}: {Why}")]
    private partial void LogFencing(string who, string agent, int attempt, string why);

    [LoggerMessage(EventId = 1112, Level = LogLevel.Warning, Message = "{Who} has lost its power: {Agent} says so ({Why})")]
    private partial void LogFenced(string who, string agent, string why);

    [LoggerMessage(EventId = 1113, Level = LogLevel.Error, Message = "{Who} could not be fenced with {Agent}, attempt {Attempt}: {Why}")]
    private partial void LogNotFenced(string who, string agent, int attempt, string why);

    [LoggerMessage(EventId = 1105, Level = LogLevel.Warning, Message = "{Peer} is lost: {Why}. What it holds and masters stands still")]
    private partial void LogPeerLost(Member peer, string why);

    [LoggerMessage(EventId = 1106, Level = LogLevel.Information, Message = "{Peer} answers again")]
    private partial void LogPeerBack(Member peer);

    [LoggerMessage(EventId = 1107, Level = LogLevel.Information, Message = "{Peer} is leaving: it hands over what it masters")]
    private partial void LogPeerLeaving(Member peer);

    [LoggerMessage(EventId = 1108, Level = LogLevel.Information, Message = "{Peer} has left in order, and proves it by that; a view without it is to come")]
    private partial void LogPeerLeft(Member peer);
}

/// <summary>A member that stops in order.</summary>
/// <param name="HasLeft">Whether it has; else it has begun to.</param>
/// <param name="Since">When that was heard, by the node's clock.</param>
internal readonly record struct LeavingPeer(bool HasLeft, TimeSpan Since);

/// <summary>A member that does not answer.</summary>
/// <param name="Peer">The member, as the view lists it.</param>
/// <param name="Why">What was noticed.</param>
/// <param name="Since">When, by the node's clock.</param>
internal sealed record LostPeer(Member Peer, string Why, TimeSpan Since);
