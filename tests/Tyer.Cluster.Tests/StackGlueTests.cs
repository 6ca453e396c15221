using Tyer.Cluster.Fencing;
using Tyer.Cluster.Local;
using Tyer.Cluster.State;
using Tyer.Time;

namespace Tyer.Cluster.Tests;

public sealed class StackGlueTests : IDisposable
{
    private readonly StateDirectory _state = StateDirectory.Volatile(new StateOwner("shop", "n1", new NodeId(1)));
    private readonly ScriptedStack _stack = new();
    private readonly StackGlue _glue;

    public StackGlueTests() => _glue = new StackGlue(_stack);

    [Fact]
    public async Task Each_connection_has_its_own_callbacks_and_all_share_the_one_of_the_stack()
    {
        Words one = new(), two = new();
        GroupConnection first = await ConnectAsync("locks", one);
        GroupConnection second = await ConnectAsync("files", two);
        _stack.Install(5);
        _stack.Observer.OnSafeUntil(TimeSpan.FromSeconds(9));
        _stack.Observer.OnFencing(new FenceProgress(new NodeIncarnation(new NodeId(2), new Incarnation(3)), FenceStep.Begun, "agent", 1, ""));
        Assert.Equal(["view 5", "safe until 9", "fencing 2.3 Begun"], one.Said);
        Assert.Equal(one.Said, two.Said);
        Assert.Equal(5ul, first.View!.Id);
        Assert.Equal(1, second.Running);
        Assert.Equal(1, _stack.Connections);
    }

    [Fact]
    public async Task Who_connects_later_is_told_first_what_the_others_know()
    {
        await ConnectAsync("locks", new Words());
        _stack.Install(5, unproven: new NodeIncarnation(new NodeId(2), new Incarnation(3)));
        _stack.Observer.OnFenced(new NodeIncarnation(new NodeId(2), new Incarnation(3)), FenceProof.LeaseRanOut);
        _stack.Observer.OnState(StackState.Operating, "view 5");
        _stack.SafeUntil = TimeSpan.FromSeconds(9);
        var late = new Words();
        await ConnectAsync("files", late);
        Assert.Equal(["view 5", "fenced 2.3", "Operating", "safe until 9"], late.Said);
    }

    [Fact]
    public async Task The_times_that_a_connection_is_told_only_grow()
    {
        var words = new Words();
        await ConnectAsync("locks", words);
        _stack.Observer.OnSafeUntil(TimeSpan.FromSeconds(9));
        _stack.Observer.OnSafeUntil(TimeSpan.FromSeconds(8));
        Assert.Equal(["safe until 9"], words.Said);
    }

    [Fact]
    public async Task A_disconnected_group_hears_nothing_more_and_the_others_go_on()
    {
        Words one = new(), two = new();
        GroupConnection first = await ConnectAsync("locks", one);
        await ConnectAsync("files", two);
        await first.DisconnectAsync();
        _stack.Install(5);
        _stack.Observer.OnSafeUntil(TimeSpan.FromSeconds(9));
        Assert.Equal(["Closed"], one.Said);
        Assert.Equal(["view 5", "safe until 9"], two.Said);
        Assert.Equal(StackState.Closed, first.State);
        Assert.Equal(["files", "locks"], _glue.Groups);
    }

    [Fact]
    public async Task The_stack_stays_connected_until_the_last_group_has_hung_up()
    {
        GroupConnection first = await ConnectAsync("locks", new Words());
        GroupConnection second = await ConnectAsync("files", new Words());
        await first.DisconnectAsync();
        await second.DisconnectAsync();
        await _glue.HangUpAsync("locks");
        Assert.False(_stack.IsDisposed);
        await _glue.HangUpAsync("files");
        Assert.True(_stack.IsDisposed);
        Assert.Null(_glue.Stack);
        await _glue.HangUpAsync("files");
    }

    [Fact]
    public async Task A_group_can_be_hung_up_that_never_came_into_a_view()
    {
        GroupConnection group = await ConnectAsync("locks", new Words());
        Assert.Null(group.View);
        await group.DisconnectAsync();
        await _glue.HangUpAsync("locks");
        Assert.True(_stack.IsDisposed);
    }

    [Fact]
    public async Task A_group_that_is_connected_cannot_be_hung_up()
    {
        await ConnectAsync("locks", new Words());
        var refused = await Assert.ThrowsAsync<LockRefusedException>(() => _glue.HangUpAsync("locks"));
        Assert.Contains("disconnect it first", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_group_that_was_disconnected_connects_again_to_the_stack_in_place()
    {
        GroupConnection first = await ConnectAsync("locks", new Words());
        _stack.Install(5);
        await first.DisconnectAsync();
        var words = new Words();
        await ConnectAsync("locks", words);
        Assert.Equal(["view 5"], words.Said);
        Assert.Equal(1, _stack.Connections);
        // The former connection has nothing to give up any more.
        await first.DisposeAsync();
        Assert.Equal(["locks"], _glue.Groups);
    }

    [Fact]
    public async Task Another_stack_than_the_expected_one_is_named_together_with_it()
    {
        var refused = await Assert.ThrowsAsync<LockRefusedException>(
            async () => await _glue.ConnectAsync("locks", new LockingProtocol(new Words()), expectedStack: "corosync", Token));
        Assert.Contains("'corosync'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'scripted'", refused.Message, StringComparison.Ordinal);
        await _glue.ConnectAsync("locks", new LockingProtocol(new Words()), expectedStack: "scripted", Token);
        await _glue.ConnectAsync("files", new LockingProtocol(new Words()), expectedStack: null, Token);
    }

    [Fact]
    public async Task The_stack_cannot_be_exchanged_while_it_is_in_use()
    {
        GroupConnection group = await ConnectAsync("locks", new Words());
        var other = new LocalStack(_state, BootClock.Instance);
        await _glue.SelectAsync(_stack);
        var refused = await Assert.ThrowsAsync<LockRefusedException>(() => _glue.SelectAsync(other));
        Assert.Contains("'local'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'scripted' is in use by locks", refused.Message, StringComparison.Ordinal);
        await group.DisconnectAsync();
        await Assert.ThrowsAsync<LockRefusedException>(() => _glue.SelectAsync(other));
        await _glue.HangUpAsync("locks");
        await _glue.SelectAsync(other);
        await using GroupConnection next = await _glue.ConnectAsync("locks", new LockingProtocol(new Words()), "local", Token);
        Assert.Equal("n1", next.Self.Name);
    }

    [Fact]
    public async Task Groups_that_share_a_connection_offer_the_same_versions()
    {
        await ConnectAsync("locks", new Words());
        var refused = await Assert.ThrowsAsync<LockRefusedException>(
            async () => await _glue.ConnectAsync("files", new LockingProtocol(new Words(), new ProtocolRange(1, 2)), cancellationToken: Token));
        Assert.Contains("offers version 1 to 2", refused.Message, StringComparison.Ordinal);
        Assert.Contains("with locks, was made with 1;", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_group_is_connected_once()
    {
        await ConnectAsync("locks", new Words());
        await Assert.ThrowsAsync<LockRefusedException>(() => ConnectAsync("locks", new Words()));
    }

    [Fact]
    public async Task When_one_throws_all_are_told_and_the_stack_learns_of_it()
    {
        Words one = new() { Throws = true }, two = new();
        await ConnectAsync("locks", one);
        await ConnectAsync("files", two);
        Assert.Throws<InvalidOperationException>(() => _stack.Install(5));
        Assert.Equal(["view 5"], two.Said);
    }

    [Fact]
    public async Task An_attempt_that_fails_leaves_the_stack_to_be_exchanged()
    {
        _stack.Refusal = new IOException("no library");
        await Assert.ThrowsAsync<IOException>(() => ConnectAsync("locks", new Words()));
        Assert.Empty(_glue.Groups);
        await _glue.HangUpAsync("locks");
        await _glue.SelectAsync(new LocalStack(_state, BootClock.Instance));
    }

    [Fact]
    public void Capabilities_are_whole_words()
    {
        CapabilityWords words = _glue.Capabilities;
        Assert.Equal("agnostic-connect failure-detection fence-acknowledgement group-callbacks hang-up shared-connection", words.ToString());
        Assert.True(words.Has(CapabilityWords.SharedConnection));
        Assert.False(words.Has("hang"));
        Assert.False(words.Has("hang-up shared-connection"));
        Assert.False(words.Has(""));
        Assert.Equal(["a", "b"], new CapabilityWords(" b  a b ").All);
    }

    public void Dispose() => _state.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<GroupConnection> ConnectAsync(string group, IGroupObserver callbacks) =>
        await _glue.ConnectAsync(group, new LockingProtocol(callbacks), cancellationToken: Token);

    /// <summary>What a user was told, in words.</summary>
    private sealed class Words : IGroupObserver
    {
        internal List<string> Said { get; } = [];

        internal bool Throws { get; init; }

        public void OnView(ClusterView view) => Say($"view {view.Id}");

        public void OnState(StackState state, string why) => Say($"{state}");

        public void OnSafeUntil(TimeSpan until) => Say($"safe until {until.TotalSeconds}");

        public void OnFenced(NodeIncarnation who, FenceProof proof) => Say($"fenced {who}");

        public void OnPeerLost(Member peer, string why) => Say($"lost {peer.Name}");

        public void OnPeerLeaving(Member peer, bool hasLeft) => Say($"leaving {peer.Name}");

        public void OnPeerBack(Member peer) => Say($"back {peer.Name}");

        public void OnFencing(FenceProgress progress) => Say($"fencing {progress.Departed} {progress.Step}");

        private void Say(string what)
        {
            if (Throws) throw new InvalidOperationException(what);
            Said.Add(what);
        }
    }

    /// <summary>A stack that says what a test says.</summary>
    private sealed class ScriptedStack : IClusterStack, IGroupConnection
    {
        internal IGroupObserver Observer { get; private set; } = null!;

        internal int Connections { get; private set; }

        internal bool IsDisposed { get; private set; }

        internal Exception? Refusal { get; set; }

        public string Name => "scripted";

        public StackCapabilities Capabilities => StackCapabilities.FailureDetection | StackCapabilities.FenceAcknowledgement;

        public string? Caution => null;

        public Member Self { get; private set; } = new(new NodeId(1), new Incarnation(1), "n1");

        public StackState State => StackState.Operating;

        public string StateReason => "";

        public ClusterView? View { get; private set; }

        public TimeSpan SafeUntil { get; set; } = TimeSpan.MaxValue;

        public ValueTask<IGroupConnection> ConnectAsync(LockingProtocol protocol, CancellationToken cancellationToken = default)
        {
            if (Refusal is not null) throw Refusal;
            Connections++;
            Observer = protocol.Callbacks;
            Self = Self with { Protocol = protocol.Versions };
            return ValueTask.FromResult<IGroupConnection>(this);
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }

        internal void Install(ulong id, NodeIncarnation? unproven = null)
        {
            View = new ClusterView(id, [Self], unproven is { } who ? [who] : null);
            Observer.OnView(View);
        }
    }
}
