using System.Collections.Immutable;
using System.Globalization;
using Tyer.Time;

namespace Tyer.Cluster.Fencing;

/// <summary>The shell around <see cref="FenceDuty"/>: runs the agents that are due, each beside what else goes on, and brings back how they ended.</summary>
internal sealed class Fencer : IAsyncDisposable
{
    private readonly FenceDuty _duty;
    private readonly Func<NodeId, string> _nameOf;
    private readonly IClock _clock;
    private readonly Action<Action> _post;
    private readonly Action<FenceProgress> _tell;
    private readonly Action<NodeIncarnation> _prove;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _runs = [];
    private volatile IReadOnlyList<FenceCase> _cases = [];

    /// <param name="duty">Decides.</param>
    /// <param name="nameOf">What nodes are called.</param>
    /// <param name="clock">What tells the time.</param>
    /// <param name="post">Runs something where <see cref="Look"/> is called.</param>
    /// <param name="tell">Is told of each step, there.</param>
    /// <param name="prove">Is told who has lost its power, there; again and again until it is not open any more.</param>
    public Fencer(FenceDuty duty, Func<NodeId, string> nameOf, IClock clock, Action<Action> post, Action<FenceProgress> tell, Action<NodeIncarnation> prove)
    {
        _duty = duty;
        _nameOf = nameOf;
        _clock = clock;
        _post = post;
        _tell = tell;
        _prove = prove;
    }

    /// <summary>How the fencing of each departed node stands; from any thread.</summary>
    public IReadOnlyList<FenceCase> Cases => _cases;

    /// <summary>Does what is due.</summary>
    /// <param name="view">The accepted view.</param>
    /// <param name="open">Who of its unproven is not proven by now.</param>
    /// <param name="mayAct">Whether this node is in contact, with a lease; else it begins nothing.</param>
    public void Look(ClusterView view, IReadOnlyCollection<NodeIncarnation> open, bool mayAct)
    {
        TimeSpan now = _clock.Now;
        _duty.Hold(view, open, now);
        foreach (NodeIncarnation departed in _duty.Proven(now).ToArray()) _prove(departed);
        ImmutableArray<FenceRun> due = mayAct ? _duty.Due(now) : [];
        _cases = _duty.Describe(now);
        foreach (FenceRun run in due)
        {
            _tell(new FenceProgress(run.Departed, FenceStep.Begun, run.Agent.Name, run.Attempt, $"its action is '{run.Agent.Action}'"));
            _runs.RemoveAll(ended => ended.IsCompleted);
            _runs.Add(RunAsync(run));
        }
    }

    /// <summary>Nothing is begun any more, and what runs is killed: this node has no say.</summary>
    public void Stop() => _stop.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_runs).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync(FenceRun run)
    {
        try
        {
            AgentResult result = await AgentRun.RunAsync(run.Agent, _nameOf(run.Departed.Node), run.Agent.Action, _stop.Token).ConfigureAwait(false);
            _post(() => Take(run, result));
        }
        catch (OperationCanceledException)
        {
            // This node stops; who is the lowest then takes over.
        }
    }

    private void Take(FenceRun run, AgentResult result)
    {
        TimeSpan now = _clock.Now;
        TimeSpan? wait = _duty.Ended(run, result, now);
        _cases = _duty.Describe(now);
        string after = wait is not { } span ? ""
            : span == TimeSpan.Zero ? "; the next agent is tried"
            : string.Create(CultureInfo.InvariantCulture, $"; all of its agents have failed, tried again in {span.TotalSeconds:0.#} s");
        _tell(new FenceProgress(run.Departed, result.IsDone ? FenceStep.Done : FenceStep.Failed, result.Agent, run.Attempt, result.Why + after));
    }
}
