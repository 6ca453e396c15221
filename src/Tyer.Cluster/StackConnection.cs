using System.Threading.Channels;

namespace Tyer.Cluster;

/// <summary>
/// The shell around a stack's decisions: runs what is posted one at a time and in order, off the caller's thread, and reports to the
/// observer from there. A fault ends the connection with the fault as the reason; it never goes on half done.
/// </summary>
internal abstract class StackConnection : IGroupConnection
{
    private readonly IGroupObserver _observer;
    private readonly Channel<Action> _work = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Timer _timer;
    private readonly TimeSpan _tickEvery;
    private Task _loop = Task.CompletedTask;
    private volatile StateAndReason _state = new(StackState.Joining, "starting");
    private volatile ClusterView? _view;
    private long _safeUntil = TimeSpan.MaxValue.Ticks;
    private int _disposed;
    private bool _isOver;

    /// <param name="self">This node.</param>
    /// <param name="observer">Who is told.</param>
    /// <param name="tickEvery">How often <see cref="OnTick"/> comes, until <see cref="StopTicking"/>.</param>
    protected StackConnection(Member self, IGroupObserver observer, TimeSpan tickEvery)
    {
        Self = self;
        _observer = observer;
        _tickEvery = tickEvery;
        _timer = new Timer(static connection => ((StackConnection)connection!).Tick(), this, Timeout.Infinite, Timeout.Infinite);
    }

    public Member Self { get; }

    public StackState State => _state.State;

    public string StateReason => _state.Why;

    public ClusterView? View => _view;

    public TimeSpan SafeUntil => new(Volatile.Read(ref _safeUntil));

    protected IGroupObserver Observer => _observer;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        Post(() =>
        {
            StopTicking();
            OnEnding(isFault: false);
            Report(StackState.Closed, "this node closed the connection");
            _isOver = true;
            _work.Writer.TryComplete();
        });
        await _loop.ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        await OnEndedAsync().ConfigureAwait(false);
    }

    /// <summary>Begins with <see cref="OnStart"/>.</summary>
    internal void Start()
    {
        Post(OnStart);
        _loop = Task.Run(RunAsync);
        _timer.Change(_tickEvery, _tickEvery);
    }

    /// <summary>A tick out of turn, for tests: over when it has been dealt with.</summary>
    internal Task TickAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            OnTick();
            done.SetResult();
        });
        return done.Task;
    }

    /// <summary>The first thing that runs.</summary>
    protected abstract void OnStart();

    /// <summary>Time has passed.</summary>
    protected abstract void OnTick();

    /// <summary>The last thing that runs, before <see cref="StackState.Closed"/> is told: by its owner's wish, or after a fault.</summary>
    /// <param name="isFault">Whether it is after a fault.</param>
    protected virtual void OnEnding(bool isFault)
    {
    }

    /// <summary>Nothing runs any more, and the owner waits.</summary>
    protected virtual ValueTask OnEndedAsync() => ValueTask.CompletedTask;

    /// <summary>Runs <paramref name="work"/> after what was posted before; not at all once the connection is closed.</summary>
    protected void Post(Action work) => _work.Writer.TryWrite(work);

    /// <summary>
    /// Runs what somebody asked for, as <see cref="Post"/>, and answers when it is done. A refusal is the asker's; any other fault
    /// is the connection's.
    /// </summary>
    /// <param name="what">What was asked, for the beginning of a sentence.</param>
    /// <param name="work">Does it.</param>
    /// <exception cref="LockUnavailableException">The connection is closed, or closes over this.</exception>
    protected async Task AskAsync(string what, Action work)
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                work();
                answer.SetResult();
            }
            catch (Exception refusal) when (refusal is LockRefusedException or LockUnavailableException)
            {
                answer.SetException(refusal);
            }
        });
        if (await Task.WhenAny(answer.Task, _loop).ConfigureAwait(false) != answer.Task && !answer.Task.IsCompleted)
            throw new LockUnavailableException(UnavailableReason.Stopping, what, $"the connection to the cluster is closed: {StateReason}");
        await answer.Task.ConfigureAwait(false);
    }

    protected void StartTicking() => _timer.Change(_tickEvery, _tickEvery);

    protected void StopTicking() => _timer.Change(Timeout.Infinite, Timeout.Infinite);

    protected void Report(StackState state, string why)
    {
        _state = new StateAndReason(state, why);
        _observer.OnState(state, why);
    }

    /// <summary>The node may act until then. May be called beside what runs here.</summary>
    protected void Extend(TimeSpan safeUntil)
    {
        Volatile.Write(ref _safeUntil, safeUntil.Ticks);
        _observer.OnSafeUntil(safeUntil);
    }

    protected void Install(ClusterView view)
    {
        Show(view);
        Report(view.HasQuorum ? StackState.Operating : StackState.Suspended, view.ToString());
    }

    /// <summary>The node is in this view; what it may do there is still to be said.</summary>
    protected void Show(ClusterView view)
    {
        _view = view;
        _observer.OnView(view);
    }

    private void Tick() => Post(OnTick);

    private async Task RunAsync()
    {
        try
        {
            await foreach (Action work in _work.Reader.ReadAllAsync().ConfigureAwait(false))
            {
                work();
                // What had been posted by then comes to nothing.
                if (_isOver) return;
            }
        }
        catch (Exception fault)
        {
            _work.Writer.TryComplete();
            StopTicking();
            OnEnding(isFault: true);
            ReportFault(fault);
        }
    }

    private void ReportFault(Exception fault)
    {
        string why = $"stopped by a fault: {fault.Message}";
        try
        {
            // Who acts by a lease that nobody keeps any more is out, and its holders are to know.
            if (SafeUntil != TimeSpan.MaxValue && State != StackState.Expelled) Report(StackState.Expelled, why);
            Report(StackState.Closed, why);
        }
        catch (Exception)
        {
            // The observer itself is at fault; State and StateReason still tell.
        }
    }

    private sealed record StateAndReason(StackState State, string Why);
}
