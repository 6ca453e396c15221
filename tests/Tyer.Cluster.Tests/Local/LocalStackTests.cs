using Tyer.Cluster.Local;
using Tyer.Cluster.State;
using Tyer.Cluster.Tests.State;

namespace Tyer.Cluster.Tests.Local;

public sealed class LocalStackTests : IDisposable
{
    private static readonly StateOwner Owner = new("tyer", "n1", new NodeId(1));

    private readonly TemporaryDirectory _temporary = new();
    private readonly ManualClock _clock = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task Every_start_is_a_view_of_one_with_the_next_id()
    {
        for (ulong start = 1; start <= 3; start++)
        {
            using StateDirectory state = Open();
            var observer = new RecordingObserver();
            await using (IGroupConnection connection = await new LocalStack(state, _clock).ConnectAsync(new LockingProtocol(observer), Token))
            {
                await observer.UntilStateAsync(StackState.Operating);

                ClusterView view = connection.View!;
                Assert.Equal(start, view.Id);
                Assert.Equal(connection.Self, Assert.Single(view.Members));
                Assert.Equal(new NodeIncarnation(Owner.Id, state.Incarnation), connection.Self.NodeIncarnation);
                Assert.True(view.HasQuorum);
                Assert.Equal(StackState.Operating, connection.State);
                Assert.Equal(TimeSpan.MaxValue, connection.SafeUntil);
            }

            Assert.Equal([$"view {start}", "Operating", "Closed"], observer.Calls);
            state.MarkClean();
        }
    }

    [Fact]
    public async Task The_id_is_on_disk_before_the_view_is_told()
    {
        using StateDirectory state = Open();
        string? onDisk = null;
        var observer = new RecordingObserver { WhenViewed = _ => onDisk = File.ReadAllText(Path.Combine(_temporary["n1"], "state")) };
        await using IGroupConnection connection = await new LocalStack(state, _clock).ConnectAsync(new LockingProtocol(observer), Token);
        await observer.UntilStateAsync(StackState.Operating);

        Assert.Contains("\nview: 1\n", onDisk, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_run_that_broke_off_there_is_no_view_until_its_sessions_have_run_out()
    {
        using (StateDirectory broken = Open()) broken.TellSession(TimeSpan.FromSeconds(10));

        using StateDirectory state = Open();
        var observer = new RecordingObserver();
        await using IGroupConnection connection = await new LocalStack(state, _clock).ConnectAsync(new LockingProtocol(observer), Token);
        string why = await observer.UntilStateAsync(StackState.Joining);
        Assert.Contains("the previous run of n1 did not stop cleanly", why, StringComparison.Ordinal);
        Assert.Contains("10.1 s after the start", why, StringComparison.Ordinal);

        _clock.Advance(TimeSpan.FromSeconds(10));
        await ((LocalConnection)connection).TickAsync();
        Assert.Null(connection.View);

        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await observer.UntilStateAsync(StackState.Operating);
        Assert.Equal(["Joining", "view 1", "Operating"], observer.Calls);
    }

    [Fact]
    public async Task A_disk_that_fails_closes_the_connection_with_the_reason_and_no_view()
    {
        using StateDirectory state = Open();
        Directory.CreateDirectory(Path.Combine(_temporary["n1"], "state.new"));
        var observer = new RecordingObserver();
        await using IGroupConnection connection = await new LocalStack(state, _clock).ConnectAsync(new LockingProtocol(observer), Token);

        string why = await observer.UntilStateAsync(StackState.Closed);

        Assert.Contains(Path.Combine(_temporary["n1"], "state"), why, StringComparison.Ordinal);
        Assert.Null(connection.View);
        Assert.Equal(["Closed"], observer.Calls);
    }

    [Fact]
    public async Task An_observer_that_throws_closes_the_connection()
    {
        using StateDirectory state = Open();
        var observer = new RecordingObserver { WhenViewed = _ => throw new InvalidOperationException("out of order") };
        await using IGroupConnection connection = await new LocalStack(state, _clock).ConnectAsync(new LockingProtocol(observer), Token);

        Assert.Contains("out of order", await observer.UntilStateAsync(StackState.Closed), StringComparison.Ordinal);
        Assert.Equal(StackState.Closed, connection.State);
        Assert.Contains("out of order", connection.StateReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stack_is_connected_once_and_closed_as_often_as_one_likes()
    {
        using StateDirectory state = Open();
        var stack = new LocalStack(state, _clock);
        IGroupConnection connection = await stack.ConnectAsync(new LockingProtocol(new RecordingObserver()), Token);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await stack.ConnectAsync(new LockingProtocol(new RecordingObserver()), Token));
        await connection.DisposeAsync();
        await connection.DisposeAsync();
        Assert.Equal(StackState.Closed, connection.State);
    }

    [Fact]
    public void It_declares_that_it_can_do_nothing_more_and_needs_no_warning()
    {
        using StateDirectory state = StateDirectory.Volatile(Owner);
        var stack = new LocalStack(state, _clock);

        Assert.Equal("local", stack.Name);
        Assert.Equal(StackCapabilities.None, stack.Capabilities);
        Assert.Null(stack.Caution);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private StateDirectory Open() => StateDirectory.Open(_temporary["n1"], Owner);
}
