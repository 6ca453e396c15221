using Tyer.Cluster.Glue;
using Tyer.Cluster.Leases;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Tests.Shared.Stacks;
using Tyer.Time;

namespace Tyer.Cluster.Tests.Glue;

/// <summary>The shell of the shared layer, with an engine that a test plays.</summary>
public sealed class LeasedConnectionTests : IDisposable
{
    private readonly NodeStates _states = new();
    private readonly StackHistory _history = new();
    private readonly PeerSwitchboard _board = new();
    private readonly List<StateDirectory> _opened = [];

    [Fact]
    public async Task An_id_is_on_disk_before_the_view_is_used()
    {
        var agreement = new MemoryAgreement();
        await using RecordedMember member = Member(new MemoryEngine(agreement), out StateDirectory state);
        await member.ConnectAsync();
        await member.UntilOperatingAsync(1);
        Assert.Equal(member.Views[^1].Id, state.HighestView);
    }

    [Fact]
    public async Task A_promised_id_is_used_and_a_lower_one_is_not()
    {
        var engine = new PlayedEngine();
        await using RecordedMember member = Member(engine, out StateDirectory state);
        await member.ConnectAsync();
        Assert.True(engine.Events.TryPromise(7, out ulong highest));
        Assert.Equal((7UL, 7UL), (highest, state.HighestView));
        Assert.False(engine.Events.TryPromise(7, out highest));
        Assert.Equal(7UL, highest);
        engine.Events.OnView(new ClusterView(7, [engine.Joiner.Self]), "");
        await member.UntilOperatingAsync(1);
    }

    [Fact]
    public async Task A_view_is_used_though_the_id_of_the_next_was_promised_before_it_came()
    {
        var engine = new PlayedEngine();
        await using RecordedMember member = Member(engine, out StateDirectory state);
        await member.ConnectAsync();
        Assert.True(engine.Events.TryPromise(7, out _));
        Assert.True(engine.Events.TryPromise(8, out _));
        engine.Events.OnView(new ClusterView(7, [engine.Joiner.Self]), "");
        engine.Events.OnView(new ClusterView(8, [engine.Joiner.Self]), "");
        await member.UntilOperatingAsync(1);
        await _history.UntilAsync(() => member.Views.Count == 2, "both views are told");
        Assert.Equal([7UL, 8UL], member.Views.Select(view => view.Id));
        Assert.Equal(8UL, state.HighestView);
    }

    [Fact]
    public async Task A_view_with_an_id_of_an_earlier_run_ends_the_connection()
    {
        using (StateDirectory earlier = _states.Open(1)) earlier.RaiseView(9);
        var engine = new PlayedEngine();
        await using RecordedMember member = Member(engine, out _);
        await member.ConnectAsync();
        engine.Events.OnView(new ClusterView(9, [engine.Joiner.Self]), "");
        await member.UntilAsync(StackState.Closed);
    }

    [Fact]
    public async Task Who_lists_other_nodes_or_has_another_lease_is_not_answered_and_named()
    {
        var agreement = new MemoryAgreement();
        await using RecordedMember one = Member(new MemoryEngine(agreement), out _, node: 1, size: 2);
        await using RecordedMember two = Member(new MemoryEngine(agreement), out _, node: 2, size: 2, lease: 3);
        await one.ConnectAsync();
        await two.ConnectAsync();
        await _history.UntilAsync(() => one.Why.Contains("n2 (which has other nodes, another lease or other fencing", StringComparison.Ordinal), "it is named");
        Assert.Equal(StackState.Joining, one.State);
    }

    [Fact]
    public async Task When_the_connection_between_two_is_broken_one_of_them_goes()
    {
        var agreement = new MemoryAgreement();
        bool isBroken = false;
        var members = new List<RecordedMember>();
        for (uint node = 1; node <= 3; node++)
        {
            members.Add(Member(new MemoryEngine(agreement), out _, node, size: 3, lease: 1, link: (from, to) => from + to != 1 + 3 || !Volatile.Read(ref isBroken)));
            await members[^1].ConnectAsync();
        }

        foreach (RecordedMember member in members) await member.UntilOperatingAsync(1, 2, 3);
        Volatile.Write(ref isBroken, true);
        RecordedMember[] ends = [members[0], members[2]];
        await _history.UntilAsync(() => ends.Any(end => end.State == StackState.Expelled), "one of the two goes");
        RecordedMember stays = ends.Single(end => end.State != StackState.Expelled), goes = ends.Single(end => end != stays);
        await stays.UntilOperatingAsync(stays.Self.Node.Value, 2);
        await stays.UntilFencedAsync(goes.Self);
        Assert.Equal(StackState.Operating, members[1].State);
        foreach (RecordedMember member in members) await member.DisposeAsync();
        _history.Check();
    }

    [Fact]
    public async Task A_peer_that_sends_rubbish_is_told_so()
    {
        var engine = new PlayedEngine();
        var messenger = new CapturedMessenger();
        await using RecordedMember member = Member(engine, out _, messenger: messenger);
        await member.ConnectAsync();
        Assert.False(messenger.Receiver!.OnMessage(new NodeId(2), [1, 2, 3]));
        Assert.False(messenger.Receiver.OnMessage(new NodeId(2), new byte[25]));
    }

    public void Dispose()
    {
        foreach (StateDirectory state in _opened) state.Dispose();
        _states.Dispose();
    }

    private RecordedMember Member(
        IMembershipEngine engine, out StateDirectory state, uint node = 1, int size = 1, double lease = 2, IPeerMessenger? messenger = null,
        Func<uint, uint, bool>? link = null)
    {
        state = _states.Open(node);
        _opened.Add(state);
        var options = new LeasedStackOptions
        {
            Peers = [.. Enumerable.Range(1, size).Where(other => other != node).Select(other => new StaticPeer(new NodeId((uint)other), $"n{other}"))],
            Terms = new LeaseTerms(TimeSpan.FromSeconds(lease), TimeSpan.FromMilliseconds(100)),
        };
        messenger ??= link is null ? _board.Join(node) : new FilteredMessenger(_board.Join(node), to => link(node, to.Value));
        var stack = new LeasedStack(engine, options, state, messenger, BootClock.Instance);
        return new RecordedMember(_history, new NodeIncarnation(new NodeId(node), state.Incarnation), stack, () => ValueTask.CompletedTask);
    }

    private sealed class FilteredMessenger(IPeerMessenger inner, Func<NodeId, bool> passes) : IPeerMessenger
    {
        public void Start(IPeerReceiver receiver) => inner.Start(receiver);

        public void Send(NodeId to, ReadOnlySpan<byte> message)
        {
            if (passes(to)) inner.Send(to, message);
        }
    }

    private sealed class CapturedMessenger : IPeerMessenger
    {
        internal IPeerReceiver? Receiver { get; private set; }

        public void Start(IPeerReceiver receiver) => Receiver = receiver;

        public void Send(NodeId to, ReadOnlySpan<byte> message)
        {
        }
    }

    private sealed class PlayedEngine : IMembershipEngine
    {
        internal Joiner Joiner { get; private set; } = null!;

        internal IMembershipEvents Events { get; private set; } = null!;

        public string Name => "played";

        public ValueTask JoinAsync(Joiner joiner, IMembershipEvents events, CancellationToken cancellationToken)
        {
            Joiner = joiner;
            Events = events;
            return ValueTask.CompletedTask;
        }

        public void Prove(NodeIncarnation departed, FenceProof proof)
        {
        }

        public void Evict(NodeIncarnation member, string why)
        {
        }

        public Task LeaveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
