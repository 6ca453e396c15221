using Tyer.Cluster;
using Tyer.Cluster.Fencing;
using Tyer.Time;

namespace Tyer.Tests.Shared.Stacks;

/// <summary>One life of a node, with all that its stack has told it.</summary>
internal sealed class RecordedMember : IGroupObserver, IAsyncDisposable
{
    private readonly StackHistory _history;
    private readonly Func<ValueTask> _end;
    private int _inside;

    /// <param name="history">Of the cluster.</param>
    /// <param name="self">This life.</param>
    /// <param name="stack">Its stack, not connected yet.</param>
    /// <param name="end">Lets go of what the life had besides.</param>
    internal RecordedMember(StackHistory history, NodeIncarnation self, IClusterStack stack, Func<ValueTask> end)
    {
        _history = history;
        _end = end;
        Self = self;
        Stack = stack;
        HighestBefore = history.HighestView;
        history.Add(this);
    }

    internal NodeIncarnation Self { get; }

    internal IClusterStack Stack { get; }

    internal IGroupConnection? Connection { get; private set; }

    /// <summary>Which versions of the lock protocol its build speaks.</summary>
    internal ProtocolRange Versions { get; set; } = ProtocolRange.Offered;

    /// <summary>The highest view that anybody knew when this life began.</summary>
    internal ulong HighestBefore { get; }

    internal List<ClusterView> Views { get; } = [];

    internal StackState State { get; private set; } = StackState.Joining;

    internal string Why { get; private set; } = "";

    internal TimeSpan SafeUntil { get; private set; } = TimeSpan.MinValue;

    internal Dictionary<NodeIncarnation, FenceProof> Fenced { get; } = [];

    internal HashSet<NodeId> Leaving { get; } = [];

    /// <summary>What its own clock shows: that of the history, unless each machine of the lab has one.</summary>
    internal TimeSpan Now => Clock?.Now ?? _history.Now;

    /// <summary>See <see cref="Now"/>.</summary>
    internal IClock? Clock { get; set; }

    /// <summary>When it said that nothing is left of its clients.</summary>
    internal TimeSpan? LeftAt { get; private set; }

    internal async Task ConnectAsync() => Connection = await Stack.ConnectAsync(new LockingProtocol(this, Versions));

    /// <summary>Stops in order, as far as its stack lets it.</summary>
    internal async Task LeaveAsync()
    {
        var leaving = (ILeavingStack)Stack;
        await leaving.SayFarewellAsync(hasLeft: false);
        _history.Record($"{Self}", "leaves", () => LeftAt = _history.Now);
        await leaving.SayFarewellAsync(hasLeft: true);
    }

    /// <summary>Waits until this life operates in a view of these nodes and no others.</summary>
    internal Task UntilOperatingAsync(params uint[] nodes) => _history.UntilAsync(
        () => State == StackState.Operating && Views[^1].Members.Select(member => member.Id.Value).SequenceEqual(nodes),
        $"{Self} operates with {string.Join(", ", nodes)}");

    internal Task UntilAsync(StackState state) => _history.UntilAsync(() => State == state, $"{Self} is {state}");

    internal Task UntilFencedAsync(NodeIncarnation departed) => _history.UntilAsync(() => Fenced.ContainsKey(departed), $"{Self} is told that {departed} has stopped");

    public void OnView(ClusterView view) => Told($"{view}", () =>
    {
        _history.OnView(this, view);
        Views.Add(view);
    });

    public void OnState(StackState state, string why) => Told($"{state}: {why}", () =>
    {
        _history.Expect(State != StackState.Expelled || state == StackState.Closed, $"after Expelled {Self} is told nothing but Closed");
        _history.Expect(state != StackState.Operating || Views.Count > 0, $"{Self} operates in a view");
        _history.Expect(state != StackState.Operating || Views[^1].HasQuorum, $"{Self} operates with quorum only");
        State = state;
        Why = why;
    });

    public void OnSafeUntil(TimeSpan until) => _history.Record($"{Self}", $"safe until {until.TotalSeconds:0.000}", () =>
    {
        _history.Expect(until >= SafeUntil, $"the time of {Self} only grows");
        SafeUntil = until;
    });

    public void OnFenced(NodeIncarnation who, FenceProof proof) => Told($"fenced {who} ({proof})", () => _history.OnFenced(this, who, proof));

    public void OnFencing(FenceProgress progress) => Told($"{progress}", () => { });

    public void OnPeerLost(Member peer, string why) => Told($"lost {peer}: {why}", () => { });

    public void OnPeerBack(Member peer) => Told($"back {peer}", () => { });

    public void OnPeerLeaving(Member peer, bool hasLeft) => Told($"{(hasLeft ? "left" : "leaving")} {peer}", () => Leaving.Add(peer.Id));

    public async ValueTask DisposeAsync()
    {
        if (Connection is not null) await Connection.DisposeAsync();
        await _end();
    }

    private void Told(string what, Action apply)
    {
        int inside = Interlocked.Increment(ref _inside);
        _history.Record($"{Self}", what, () =>
        {
            _history.Expect(inside == 1, $"{Self} is told one thing at a time");
            _history.Expect(State != StackState.Closed, $"{Self} is told nothing after Closed");
            apply();
        });
        Interlocked.Decrement(ref _inside);
    }
}
