using System.Collections.Immutable;

namespace Tyer.Cluster.Fencing;

/// <summary>
/// Whom this node has to fence, with which agent, and when. Views, proofs and the ends of agents go in, runs of agents come out; no clock, no process.
/// </summary>
/// <remarks>
/// <para>One member at a time fences a victim: the lowest id of the view. When it departs the next takes over at once, as its agent may have gone with it. When a lower one
/// comes in, the one before begins nothing more, and the newcomer waits for as long as an agent that was begun may run.</para>
/// <para>A node that is in the view again, in a later life, is not fenced for an earlier one.</para>
/// </remarks>
internal sealed class FenceDuty
{
    private readonly FencingOptions _options;
    private readonly NodeId _self;
    private readonly TimeSpan _handOver;
    private readonly SortedDictionary<NodeIncarnation, Case> _cases = new(Comparer<NodeIncarnation>.Create(
        static (one, other) => one.Node == other.Node ? one.Incarnation.CompareTo(other.Incarnation) : one.Node.CompareTo(other.Node)));
    private ClusterView? _view;

    /// <param name="options">What the cluster has agreed on.</param>
    /// <param name="self">This node.</param>
    /// <param name="length">Of a lease: so long a member may not know of a view.</param>
    public FenceDuty(FencingOptions options, NodeId self, TimeSpan length)
    {
        _options = options;
        _self = self;
        _handOver = options.LongestRun + length;
    }

    /// <summary>A view has been accepted, or somebody proven.</summary>
    /// <param name="view">The view.</param>
    /// <param name="open">Those of its unproven of whom nothing is proven by now.</param>
    /// <param name="now">By this node's clock.</param>
    public void Hold(ClusterView view, IReadOnlyCollection<NodeIncarnation> open, TimeSpan now)
    {
        foreach (NodeIncarnation gone in _cases.Keys.Where(known => !open.Contains(known)).ToArray()) _cases.Remove(gone);
        foreach (NodeIncarnation departed in open)
        {
            if (_options.AgentsOf(departed.Node).IsEmpty || _cases.ContainsKey(departed)) continue;
            TimeSpan wait = _options.Delay;
            if (_view is null && _handOver > wait) wait = _handOver;
            // It is not lost but missing: give it time to be started, too.
            if (departed.Incarnation == Glue.FirstView.UnknownLife && ClusterLimits.FenceStartDelay > wait) wait = ClusterLimits.FenceStartDelay;
            _cases.Add(departed, new Case { NextAt = now + wait });
        }

        _view = view;
    }

    /// <summary>The runs that are due now, which the caller starts.</summary>
    public ImmutableArray<FenceRun> Due(TimeSpan now)
    {
        if (!IsActor) return [];
        ImmutableArray<FenceRun>.Builder due = ImmutableArray.CreateBuilder<FenceRun>();
        foreach ((NodeIncarnation departed, Case each) in _cases)
        {
            // Two lives of one node are fenced one after the other.
            if (each.IsRunning || each.OffAt is not null || now < each.NextAt || _view!.Find(departed.Node) is not null || IsBusyWith(departed.Node)) continue;
            each.IsRunning = true;
            each.Attempts++;
            // Every life of it that has departed by now loses its power, too; not one that comes and goes while the agent runs.
            due.Add(new FenceRun(departed, AgentOf(departed, each), each.Attempts) { Covers = [.. _cases.Keys.Where(life => life.Node == departed.Node)] });
        }

        return due.ToImmutable();
    }

    /// <summary>A run has ended.</summary>
    /// <returns>In how long it goes on if it has failed; null if it has not, or nothing waits for it any more.</returns>
    public TimeSpan? Ended(FenceRun run, AgentResult result, TimeSpan now)
    {
        Case? each = _cases.GetValueOrDefault(run.Departed);
        if (result.IsDone)
        {
            each?.IsRunning = false;
            foreach (NodeIncarnation life in run.Covers) _cases.GetValueOrDefault(life)?.OffAt ??= now;
            return null;
        }

        if (each is null) return null;
        each.IsRunning = false;
        each.LastError = $"{result.Agent}: {result.Why}";
        each.Level = (each.Level + 1) % _options.AgentsOf(run.Departed.Node).Length;
        TimeSpan wait = TimeSpan.Zero;
        if (each.Level == 0)
        {
            wait = ClusterLimits.FenceRetryMin * Math.Pow(2, Math.Min(each.Rounds++, 16));
            if (wait > ClusterLimits.FenceRetryMax) wait = ClusterLimits.FenceRetryMax;
        }

        each.NextAt = now + wait;
        return wait;
    }

    /// <summary>Those whose power is off, and no program of theirs is left anywhere.</summary>
    public IEnumerable<NodeIncarnation> Proven(TimeSpan now) =>
        _cases.Where(each => each.Value.OffAt is { } off && now >= off + _options.OutlivedFor).Select(each => each.Key);

    /// <summary>How all of it stands.</summary>
    public ImmutableArray<FenceCase> Describe(TimeSpan now) => [.. _cases.Select(each => Describe(each.Key, each.Value, now))];

    private bool IsActor => _view is { HasQuorum: true } view && view.Members[0].Id == _self;

    private bool IsBusyWith(NodeId node) => _cases.Any(each => each.Key.Node == node && each.Value.IsRunning);

    private FenceAgent AgentOf(NodeIncarnation departed, Case each) => _options.AgentsOf(departed.Node)[each.Level];

    private FenceCase Describe(NodeIncarnation departed, Case each, TimeSpan now)
    {
        FenceStage stage = each.OffAt is not null ? FenceStage.Off : each.IsRunning ? FenceStage.Running : IsActor ? FenceStage.Waiting : FenceStage.Elsewhere;
        TimeSpan? nextIn = stage == FenceStage.Waiting ? (each.NextAt > now ? each.NextAt - now : TimeSpan.Zero) : null;
        return new FenceCase(departed, stage, _view!.Members[0].Id, AgentOf(departed, each).Name, each.Attempts, nextIn, each.LastError);
    }

    private sealed class Case
    {
        public TimeSpan NextAt { get; set; }

        public bool IsRunning { get; set; }

        /// <summary>Which of the agents is the next.</summary>
        public int Level { get; set; }

        /// <summary>How often all agents have failed.</summary>
        public int Rounds { get; set; }

        public int Attempts { get; set; }

        public string? LastError { get; set; }

        public TimeSpan? OffAt { get; set; }
    }
}

/// <summary>A run of an agent that is due.</summary>
/// <param name="Departed">Whom it stops.</param>
/// <param name="Agent">The agent.</param>
/// <param name="Attempt">Which run for this victim it is, from 1.</param>
internal sealed record FenceRun(NodeIncarnation Departed, FenceAgent Agent, int Attempt)
{
    /// <summary>All lives of the node that had departed when it began.</summary>
    public ImmutableArray<NodeIncarnation> Covers { get; init; } = [];
}
