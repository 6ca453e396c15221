using Tyer.Cluster.Fencing;

namespace Tyer.Cluster.Tests;

/// <summary>Keeps what it is told, and lets a test wait for it.</summary>
internal sealed class RecordingObserver : IGroupObserver
{
    // Against a test that hangs; nothing waits this long when all is well.
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    private readonly object _gate = new();
    private readonly List<string> _calls = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inside;

    /// <summary>Runs inside <see cref="OnView"/>.</summary>
    public Action<ClusterView>? WhenViewed { get; init; }

    public List<ClusterView> Views { get; } = [];

    public List<(StackState State, string Why)> States { get; } = [];

    /// <summary>The calls, in order: "view 1", "Operating", "lost n3", "back n3".</summary>
    public string[] Calls
    {
        get
        {
            lock (_gate) return [.. _calls];
        }
    }

    public void OnView(ClusterView view) => Record($"view {view.Id}", () =>
    {
        Views.Add(view);
        WhenViewed?.Invoke(view);
    });

    public void OnState(StackState state, string why) => Record(state.ToString(), () => States.Add((state, why)));

    public void OnSafeUntil(TimeSpan until) => Record($"safe until {until.TotalSeconds:0.##}", () => { });

    public void OnFenced(NodeIncarnation who, FenceProof proof) => Record($"fenced {who}", () => { });

    public void OnPeerLost(Member peer, string why) => Record($"lost {peer.Name}", () => { });

    public void OnPeerLeaving(Member peer, bool hasLeft) => Record($"{(hasLeft ? "left" : "leaving")} {peer.Name}", () => { });

    public void OnPeerBack(Member peer) => Record($"back {peer.Name}", () => { });

    public void OnFencing(FenceProgress progress) => Record($"fencing {progress.Departed}", () => { });

    public Task<string> UntilStateAsync(StackState state) => UntilAsync(
        () => States.FindLastIndex(s => s.State == state) is >= 0 and int i ? States[i].Why : null, state.ToString());

    public Task<string> UntilStateAsync(StackState state, string why) => UntilAsync(
        () => States.FindLastIndex(s => s.State == state && s.Why.Contains(why, StringComparison.Ordinal)) is >= 0 and int i
            ? States[i].Why
            : null,
        $"{state}: {why}");

    public Task<string> UntilCallAsync(string call, int times = 1) => UntilAsync(() => _calls.Count(made => made == call) >= times ? call : null, call);

    private async Task<string> UntilAsync(Func<string?> found, string what)
    {
        using var guard = new CancellationTokenSource(Guard);
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (found() is { } result) return result;
                changed = _changed.Task;
            }

            try
            {
                await changed.WaitAsync(guard.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"Never told of '{what}', but of: {string.Join(", ", Calls)}");
            }
        }
    }

    private void Record(string call, Action keep)
    {
        Assert.Equal(1, Interlocked.Increment(ref _inside));
        try
        {
            lock (_gate)
            {
                _calls.Add(call);
                keep();
                _changed.SetResult();
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }
}
