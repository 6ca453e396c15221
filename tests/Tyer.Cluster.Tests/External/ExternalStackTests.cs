using Tyer.Cluster.External;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Cluster.Tests.State;
using Tyer.Cluster.Tests.Static;

namespace Tyer.Cluster.Tests.External;

/// <summary>A node whose control daemon is the test.</summary>
public sealed class ExternalStackTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _temporary = new();
    private readonly MemoryNetwork _network = new();
    private readonly ManualClock _clock = new();
    private readonly RecordingObserver _observer = new();
    private StateDirectory _state = null!;
    private ExternalStack _stack = null!;
    private IGroupConnection _connection = null!;

    private static NodeIncarnation Earlier(uint node) => new(new NodeId(node), new Incarnation(5));

    public async ValueTask InitializeAsync() => await StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        _state.Dispose();
        _temporary.Dispose();
    }

    [Fact]
    public async Task It_waits_for_its_first_view_and_says_so()
    {
        Assert.Contains("waiting for the first view", await _observer.UntilStateAsync(StackState.Joining, "control daemon"), StringComparison.Ordinal);
        Assert.Equal(StackState.Joining, _connection.State);

        await _stack.SetViewAsync(View(1, Self, Peer(2), Peer(3)));

        Assert.Equal(StackState.Operating, _connection.State);
        Assert.Equal(["view 1", "Operating"], _observer.Calls.Where(call => call != "Joining"));
        Assert.Equal(1ul, _state.HighestView);
    }

    [Fact]
    public async Task Views_and_proofs_are_told_in_the_order_given()
    {
        await _stack.SetViewAsync(View(1, Self, Peer(2), Peer(3)));
        await _stack.SetViewAsync(new ClusterView(4, [Self, Peer(2)], [Earlier(3)]));
        await _stack.ProveAsync(Earlier(3));
        await _stack.ProveAsync(Earlier(3));
        await _stack.SetViewAsync(View(5, Self, Peer(2), Peer(3, 6)));

        Assert.Equal(["view 1", "Operating", "view 4", "Operating", "fenced 3.5", "view 5", "Operating"], _observer.Calls.Where(call => call != "Joining"));
    }

    [Fact]
    public async Task A_proof_may_come_before_the_view_that_it_is_for()
    {
        await _stack.SetViewAsync(View(1, Self, Peer(2), Peer(3)));
        await _stack.ProveAsync(Earlier(3));

        await _stack.SetViewAsync(View(2, Self, Peer(2)));

        Assert.Equal(2ul, _connection.View!.Id);
    }

    [Fact]
    public async Task A_view_of_a_version_that_this_build_does_not_speak_is_refused_and_names_both()
    {
        var newer = new ProtocolRange(2, 2);
        await RefusedAsync(new ClusterView(1, [Self with { Protocol = newer }, Peer(2) with { Protocol = newer }]), "it runs version 2 of the lock protocol, and n1 offers 1");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(2)]
    public async Task An_equal_or_older_view_is_refused(ulong id)
    {
        await _stack.SetViewAsync(View(3, Self, Peer(2)));

        await RefusedAsync(View(id, Self, Peer(2)), "this node is in view 3; the next one has a greater id");
    }

    [Fact]
    public async Task An_id_that_an_earlier_run_has_used_is_refused()
    {
        await _stack.SetViewAsync(View(7, Self, Peer(2)));
        await RestartAsync(clean: true);

        Assert.Contains("its id must be above 7", await _observer.UntilStateAsync(StackState.Joining, "above 7"), StringComparison.Ordinal);
        await RefusedAsync(View(7, Self, Peer(2)), "known view 7 in an earlier run");
        await _stack.SetViewAsync(View(8, Self, Peer(2)));
    }

    [Fact]
    public async Task A_view_that_cannot_be_right_is_refused_with_what_is_wrong()
    {
        await _stack.SetViewAsync(View(1, Self, Peer(2), Peer(3)));
        var me = Self.NodeIncarnation;

        await RefusedAsync(View(2, Peer(1), Peer(2), Peer(3)), $"it lists this node as 1.5, and this is {me}");
        await RefusedAsync(View(2, Self, Peer(2), Peer(3), Peer(7)), "n7 (7.5) is not among this node's Peers");
        await RefusedAsync(View(2, Self, new Member(new NodeId(2), new Incarnation(5), "x2"), Peer(3)), "id 2 is n2 in this node's configuration, and x2 in the view");
        await RefusedAsync(View(2, Self, Peer(2, 4), Peer(3)), "n2 (2.4) is older than 2.5");
        await RefusedAsync(View(2, Self, Peer(2)), "it says nothing of n3 (3.5), who was in view 1: list it as unproven");
        await RefusedAsync(new ClusterView(2, [Self, Peer(2), Peer(3)], [Earlier(3)]), "both a member of it and unproven");
        Assert.Equal(1ul, _connection.View!.Id);
        Assert.Equal(1ul, _state.HighestView);
    }

    [Fact]
    public async Task Without_quorum_it_is_suspended_until_a_view_that_has_it()
    {
        await _stack.SetViewAsync(View(1, Self, Peer(2), Peer(3)));
        await _stack.SetViewAsync(new ClusterView(2, [Self, Peer(2), Peer(3)], hasQuorum: false));
        Assert.Equal(StackState.Suspended, _connection.State);

        await _stack.SetViewAsync(View(3, Self, Peer(2), Peer(3)));
        Assert.Equal(StackState.Operating, _connection.State);
    }

    [Fact]
    public async Task A_view_that_leaves_it_out_expels_it_for_good()
    {
        await RefusedAsync(View(1, Peer(2), Peer(3)), $"this node, n1 ({Self.NodeIncarnation}), is not in it");
        await _stack.SetViewAsync(View(1, Self, Peer(2), Peer(3)));

        await _stack.SetViewAsync(new ClusterView(2, [Peer(2), Peer(3)], [Self.NodeIncarnation]));

        Assert.Equal(StackState.Expelled, _connection.State);
        Assert.Contains("leaves this node out", _connection.StateReason, StringComparison.Ordinal);
        await RefusedAsync(View(3, Self, Peer(2), Peer(3)), "comes back as a new incarnation only");
        Assert.Equal(2ul, _state.HighestView);
    }

    [Fact]
    public async Task A_view_that_is_good_for_a_while_is_over_when_that_is_by_the_slowest_clock()
    {
        TimeSpan start = _clock.Now;
        await _stack.SetViewAsync(View(1, Self, Peer(2)), TimeSpan.FromSeconds(10));
        Assert.Equal(start + TimeSpan.FromSeconds(9.4), _connection.SafeUntil);

        _clock.Advance(TimeSpan.FromSeconds(9));
        await _stack.RenewAsync(1, TimeSpan.FromSeconds(10));
        Assert.Equal(start + TimeSpan.FromSeconds(18.4), _connection.SafeUntil);

        _clock.Advance(TimeSpan.FromSeconds(9.4));
        // The renewal comes late: it was over before.
        await Assert.ThrowsAsync<LockRefusedException>(() => _stack.RenewAsync(1, TimeSpan.FromSeconds(10)));
        Assert.Equal(StackState.Expelled, _connection.State);
        Assert.Contains("not renewed", _connection.StateReason, StringComparison.Ordinal);
        Assert.Equal(["safe until 3609.4", "view 1", "Operating", "safe until 3618.4", "Expelled"], _observer.Calls.Where(call => call != "Joining"));
    }

    [Fact]
    public async Task A_time_that_cannot_be_right_is_refused()
    {
        await _stack.SetViewAsync(View(1, Self, Peer(2)));
        await RenewalRefusedAsync(1, 10, "told without a time");
        await _stack.SetViewAsync(View(2, Self, Peer(2)), TimeSpan.FromSeconds(10));

        await RenewalRefusedAsync(1, 10, "this node is in view 2");
        await RenewalRefusedAsync(2, 0.5, "that can be 1 to 600 s");
        await RefusedAsync(View(3, Self, Peer(2)), "say for how long it is safe");

        async Task RenewalRefusedAsync(ulong view, double seconds, string why)
        {
            var refusal = await Assert.ThrowsAsync<LockRefusedException>(() => _stack.RenewAsync(view, TimeSpan.FromSeconds(seconds)));
            Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_departed_stays_unproven_until_the_proof_and_never_comes_back_in_the_same_life()
    {
        await _stack.SetViewAsync(View(1, Self, Peer(2), Peer(3)));
        await _stack.SetViewAsync(new ClusterView(2, [Self, Peer(2)], [Earlier(3)]));

        await RefusedAsync(View(3, Self, Peer(2)), "it says nothing of n3 (3.5)");
        await RefusedAsync(View(3, Self, Peer(2), Peer(3)), "n3 (3.5) departed before view 2; it comes back as a new incarnation only");
        await _stack.ProveAsync(Earlier(3));
        await RefusedAsync(View(3, Self, Peer(2), Peer(3)), "n3 (3.5) was proven to act no more");
        await _stack.SetViewAsync(View(3, Self, Peer(2), Peer(3, 6)));
    }

    [Fact]
    public async Task A_proof_that_cannot_be_right_is_refused()
    {
        await _stack.SetViewAsync(View(1, Self, Peer(2), Peer(3)));

        await RefusedAsync(Self.NodeIncarnation, "this is n1");
        await RefusedAsync(Earlier(9), "no node of the id 9");
        await RefusedAsync(new NodeIncarnation(new NodeId(3), new Incarnation(17)), "neither a member of view 1 nor unproven in it. n3 is 3.5 there");
        await _stack.ProveAsync(new NodeIncarnation(new NodeId(3), new Incarnation(4)));
    }

    [Fact]
    public async Task After_a_run_that_broke_off_the_first_view_waits_for_its_sessions_or_for_a_word_about_them()
    {
        _state.TellSession(TimeSpan.FromSeconds(10));
        var earlier = new NodeIncarnation(new NodeId(1), _state.Incarnation);
        await RestartAsync(clean: false);

        var told = await Assert.ThrowsAsync<LockUnavailableException>(() => _stack.SetViewAsync(View(1, Self, Peer(2))));
        Assert.Equal(UnavailableReason.Starting, told.Reason);
        Assert.Contains("for another 10.1 s", told.Message, StringComparison.Ordinal);
        Assert.Contains($"tyer view fence {earlier}", told.Message, StringComparison.Ordinal);

        await _stack.ProveAsync(earlier);
        await _stack.SetViewAsync(View(1, Self, Peer(2)));
        Assert.Equal(StackState.Operating, _connection.State);
    }

    [Fact]
    public async Task After_a_run_that_broke_off_a_view_that_holds_its_locks_for_it_is_installed_at_once()
    {
        _state.TellSession(TimeSpan.FromSeconds(10));
        var earlier = new NodeIncarnation(new NodeId(1), _state.Incarnation);
        await RestartAsync(clean: false);

        await _stack.SetViewAsync(new ClusterView(2, [Self, Peer(2)], [earlier]));

        Assert.Equal(StackState.Operating, _connection.State);
    }

    [Fact]
    public async Task After_a_run_that_broke_off_its_sessions_run_out()
    {
        _state.TellSession(TimeSpan.FromSeconds(10));
        await RestartAsync(clean: false);
        _clock.Advance(TimeSpan.FromSeconds(10.1));

        await _stack.SetViewAsync(View(1, Self, Peer(2)));
    }

    [Fact]
    public async Task A_member_that_is_cut_off_is_reported_and_a_newer_life_of_it_does_not_count_as_its_return()
    {
        await _stack.SetViewAsync(View(1, Self, Peer(2), Peer(3)));
        _network[1].OnUnreachable(new NodeId(3), "connection refused");
        await _observer.UntilCallAsync("lost n3");
        _network[1].OnReachable(new NodeIncarnation(new NodeId(3), new Incarnation(6)));
        _network[1].OnUnreachable(new NodeId(2), "connection refused");
        _network[1].OnReachable(Earlier(2));

        await _observer.UntilCallAsync("back n2");
        Assert.DoesNotContain("back n3", _observer.Calls);
    }

    [Fact]
    public async Task A_member_that_stops_in_order_is_its_own_proof_and_a_view_without_it_needs_no_other()
    {
        await _stack.SetViewAsync(View(1, Self, Peer(2), Peer(3)));

        Hear(3, new Farewell(new Incarnation(5), HasLeft: false));
        Hear(3, new Farewell(new Incarnation(5), HasLeft: true));
        Hear(3, new Farewell(new Incarnation(5), HasLeft: true));
        _network[1].OnUnreachable(new NodeId(3), "it closed the connection");
        await _stack.SetViewAsync(View(2, Self, Peer(2)));

        Assert.Equal(["view 1", "Operating", "leaving n3", "left n3", "fenced 3.5", "view 2", "Operating"], _observer.Calls.Where(call => call != "Joining"));
    }

    [Fact]
    public async Task The_farewell_of_another_life_or_of_none_in_the_view_proves_nothing()
    {
        await _observer.UntilStateAsync(StackState.Joining);
        Hear(3, new Farewell(new Incarnation(5), HasLeft: true));
        await _stack.SetViewAsync(View(1, Self, Peer(2), Peer(3)));
        Hear(3, new Farewell(new Incarnation(4), HasLeft: true));
        Hear(3, new Farewell(new Incarnation(6), HasLeft: true));
        await RefusedAsync(View(2, Self, Peer(2)), "it says nothing of n3 (3.5)");
        await _stack.SetViewAsync(new ClusterView(2, [Self, Peer(2)], [Earlier(3)]));
        Hear(3, new Farewell(new Incarnation(5), HasLeft: true));
        await _stack.SetViewAsync(new ClusterView(3, [Self, Peer(2)], [Earlier(3)]));

        Assert.DoesNotContain(_observer.Calls, call => call.StartsWith("left", StringComparison.Ordinal) || call.StartsWith("fenced", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Its_own_farewell_is_told_to_the_other_members_of_its_view_alone()
    {
        var others = new Dictionary<uint, Heard> { [2] = new(), [3] = new() };
        foreach ((uint node, Heard heard) in others) _network.Join(node).Start(heard);
        await _stack.SetViewAsync(View(1, Self, Peer(2)));

        await _stack.SayFarewellAsync(hasLeft: false);
        await _stack.SayFarewellAsync(hasLeft: true);

        Assert.Equal([new Farewell(Self.Incarnation, HasLeft: false), new Farewell(Self.Incarnation, HasLeft: true)], others[2].Farewells);
        Assert.Empty(others[3].Farewells);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0000000000000005")]
    [InlineData("000500000000000000")]
    [InlineData("030500000000000000")]
    [InlineData("010000000000000000")]
    [InlineData("01050000000000000000")]
    public async Task What_is_no_farewell_is_refused(string message)
    {
        await _stack.SetViewAsync(View(1, Self, Peer(2)));

        Assert.False(_network[1].OnMessage(new NodeId(2), Convert.FromHexString(message)));
    }

    [Fact]
    public async Task A_disk_that_fails_closes_the_connection_and_installs_nothing()
    {
        Directory.CreateDirectory(Path.Combine(_temporary["n1"], "state.new"));

        await Assert.ThrowsAsync<LockUnavailableException>(() => _stack.SetViewAsync(View(1, Self, Peer(2))));

        Assert.Equal(StackState.Closed, _connection.State);
        Assert.Null(_connection.View);
        await Assert.ThrowsAsync<LockUnavailableException>(() => _stack.ProveAsync(Earlier(2)));
    }

    private Member Self => _connection.Self;

    private static Member Peer(uint node, ulong incarnation = 5) => new(new NodeId(node), new Incarnation(incarnation), $"n{node}");

    private void Hear(uint from, Farewell farewell)
    {
        Span<byte> message = stackalloc byte[Farewell.Length];
        farewell.Write(message);
        Assert.True(_network[1].OnMessage(new NodeId(from), message));
    }

    private static ClusterView View(ulong id, params Member[] members) => new(id, members);

    private async Task RefusedAsync(ClusterView view, string why)
    {
        var refused = await Assert.ThrowsAsync<LockRefusedException>(() => _stack.SetViewAsync(view));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    private async Task RefusedAsync(NodeIncarnation who, string why)
    {
        var refused = await Assert.ThrowsAsync<LockRefusedException>(() => _stack.ProveAsync(who));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    private async Task RestartAsync(bool clean)
    {
        await _connection.DisposeAsync();
        if (clean) _state.MarkClean();
        _state.Dispose();
        await StartAsync();
    }

    private async Task StartAsync()
    {
        _state = StateDirectory.Open(_temporary["n1"], new StateOwner("tyer", "n1", new NodeId(1)));
        _stack = new ExternalStack([new StaticPeer(new NodeId(2), "n2"), new StaticPeer(new NodeId(3), "n3")], [], _state, _network.Join(1), _clock);
        _connection = await _stack.ConnectAsync(new LockingProtocol(_observer), TestContext.Current.CancellationToken);
    }

    /// <summary>Another node, which keeps what it hears.</summary>
    private sealed class Heard : IPeerReceiver
    {
        internal List<Farewell> Farewells { get; } = [];

        public bool OnMessage(NodeId from, ReadOnlySpan<byte> message)
        {
            Farewells.Add(Farewell.Read(message)!.Value);
            return true;
        }

        public void OnReachable(NodeIncarnation peer)
        {
        }

        public void OnUnreachable(NodeId peer, string why)
        {
        }
    }
}
