using System.Collections.Immutable;
using Tyer.Cluster.Fencing;
using Tyer.Cluster.Glue;
using Tyer.Cluster.Leases;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Cluster.Tests.Watchdogs;
using Tyer.Cluster.Watchdogs;
using Tyer.Tests.Shared.Stacks;
using Tyer.Time;

namespace Tyer.Cluster.Tests.Fencing;

/// <summary>Members over an engine that never errs, whose lease is so long that only an agent can prove anything within a test's patience.</summary>
public sealed class LeasedFencingTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tyer-fencing-").FullName;
    private readonly MemoryAgreement _agreement = new();
    private readonly PeerSwitchboard _board = new();
    private readonly NodeStates _states = new();
    private readonly StackHistory _history = new();
    private readonly List<RecordedMember> _running = [];
    private TimeSpan _lease = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task An_agent_that_succeeds_is_the_proof_for_all_and_the_lowest_member_has_run_it()
    {
        string log = Path.Combine(_folder, "log");
        RecordedMember[] members = await StartAsync(self => [Agent($"agent-{self}", $"echo n{self} $opt_action $opt_nodename >> {log}")]);
        await DieAsync(members[2]);
        foreach (RecordedMember survivor in members[..2])
        {
            await survivor.UntilFencedAsync(members[2].Self);
            Assert.Equal(FenceProof.PowerOff, survivor.Fenced[members[2].Self]);
        }

        Assert.Equal(["n1 off n3"], await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken));
        Assert.True(members[0].Stack.Capabilities.HasFlag(StackCapabilities.Fencing));
    }

    [Fact]
    public async Task When_the_first_agent_fails_the_second_does_it_and_status_tells_of_both()
    {
        string go = Path.Combine(_folder, "go");
        TestFifo.Make(go);
        RecordedMember[] members = await StartAsync(self => [Agent($"first-{self}", "echo no route to $opt_password >&2; exit 1", "hunter2"), Agent($"second-{self}", $"cat {go}")]);
        await DieAsync(members[2]);
        var stack = (LeasedStack)members[0].Stack;
        await _history.UntilAsync(() => stack.FenceCases is [{ Stage: FenceStage.Running, Agent: "second-1" }], "the second agent runs");
        FenceCase running = Assert.Single(stack.FenceCases);
        Assert.Equal((2, "first-1: it ended with 1, and said: no route to ***"), (running.Attempts, running.LastError));
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        await members[1].UntilFencedAsync(members[2].Self);
    }

    [Fact]
    public async Task When_the_member_that_fences_dies_the_next_does_it()
    {
        RecordedMember[] members = await StartAsync(self => [Agent($"agent-{self}", self is 1 ? "sleep 600" : "true")], size: 5);
        await DieAsync(members[4]);
        await _history.UntilAsync(() => ((LeasedStack)members[0].Stack).FenceCases is [{ Stage: FenceStage.Running }], "the lowest begins");
        await DieAsync(members[0]);
        await members[2].UntilFencedAsync(members[4].Self);
        await members[2].UntilFencedAsync(members[0].Self);
        Assert.Equal(FenceProof.PowerOff, members[2].Fenced[members[4].Self]);
    }

    [Fact]
    public async Task A_test_runs_all_agents_of_a_node_and_stops_nobody()
    {
        RecordedMember[] members = await StartAsync(self => [Agent($"first-{self}", "test $opt_action = status"), Agent($"second-{self}", "exit 2")]);
        var stack = (LeasedStack)members[1].Stack;
        IReadOnlyList<AgentResult> results = await stack.TestFencingAsync(new NodeId(3), "status", TestContext.Current.CancellationToken);
        Assert.Equal([("first-2", 0), ("second-2", 2)], results.Select(result => (result.Agent, result.Code ?? -1)));
        Assert.Empty(await stack.TestFencingAsync(new NodeId(9), "monitor", TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ArgumentException>(() => stack.TestFencingAsync(new NodeId(3), "off", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Who_has_agents_for_other_nodes_is_not_answered_and_named()
    {
        RecordedMember one = Create(1, 2, _ => [Agent("one", "true")]), two = Create(2, 2, _ => []);
        await one.ConnectAsync();
        await two.ConnectAsync();
        await _history.UntilAsync(() => one.Why.Contains("n2 (which has other nodes, another lease or other fencing", StringComparison.Ordinal), "it is named");
        Assert.Equal(StackState.Joining, one.State);
    }

    [Fact]
    public async Task A_node_that_freezes_keeps_what_it_has_until_its_power_is_cut_and_its_lease_proves_nothing()
    {
        string go = TestFifo.Make(Path.Combine(_folder, "go"));
        _lease = TimeSpan.FromSeconds(1);
        RecordedMember[] members = await StartAsync(self => [Agent($"agent-{self}", $"cat {go}")], freezes: true);
        _board.Cut(3);
        _agreement.Cut(3);
        await members[0].UntilOperatingAsync(1, 2);
        await _history.UntilAsync(() => members[2].State == StackState.Suspended && members[2].Why.StartsWith("frozen: its lease has run out", StringComparison.Ordinal), "it freezes");
        Assert.Equal(TimeSpan.MaxValue, members[2].Connection!.SafeUntil);
        Assert.Null(((LeasedStack)members[0].Stack).ProofBound);
        Assert.DoesNotContain(members[2].Self, members[0].Fenced.Keys);
        Assert.Equal(StackState.Suspended, members[2].State);
        await DieAsync(members[2]);
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        await members[1].UntilFencedAsync(members[2].Self);
        Assert.Equal(FenceProof.PowerOff, members[1].Fenced[members[2].Self]);
    }

    [Fact]
    public async Task Nodes_that_freeze_go_on_in_the_same_view_when_they_hear_each_other_again()
    {
        _lease = TimeSpan.FromSeconds(1);
        RecordedMember[] members = await StartAsync(self => [Agent($"agent-{self}", "true")], freezes: true);
        foreach (uint node in (uint[])[1, 2, 3]) _board.Cut(node);
        foreach (RecordedMember member in members) await member.UntilAsync(StackState.Suspended);
        foreach (uint node in (uint[])[1, 2, 3]) _board.Heal(node);
        foreach (RecordedMember member in members) await member.UntilOperatingAsync(1, 2, 3);
        Assert.All(members, member => Assert.DoesNotContain(member.Self, members.SelectMany(other => other.Fenced.Keys)));
        Assert.All(members, member => Assert.Equal(members[0].Views[^1].Id, member.Views[^1].Id));
    }

    [Fact]
    public async Task Who_is_cut_off_lets_its_watchdog_starve_and_the_others_wait_for_that_besides()
    {
        string[] bowls = [.. Enumerable.Range(1, 3).Select(node => TestFifo.Make(Path.Combine(_folder, $"watchdog-{node}")))];
        _lease = TimeSpan.FromSeconds(1);
        RecordedMember[] members = await StartAsync(_ => [], watchdog: self => bowls[self - 1]);
        using FileStream bowl = File.OpenRead(bowls[2]);
        Assert.Equal(0, bowl.ReadByte());
        TimeSpan cut = _history.Now;
        _board.Cut(3);
        _agreement.Cut(3);
        await members[2].UntilAsync(StackState.Expelled);
        await members[0].UntilFencedAsync(members[2].Self);
        Assert.Equal(FenceProof.LeaseRanOut, members[0].Fenced[members[2].Self]);
        // It may have been fed until the end of the lease.
        Assert.True(_history.Now - members[2].SafeUntil >= TimeSpan.FromSeconds(2), $"they wait for twice its watchdog's time; cut at {cut}, safe until {members[2].SafeUntil}, now {_history.Now}");
        await DieAsync(members[2]);
        using var rest = new MemoryStream();
        await bowl.CopyToAsync(rest, TestContext.Current.CancellationToken);
        Assert.DoesNotContain((byte)'V', rest.ToArray());
    }

    [Fact]
    public async Task A_watchdog_that_cannot_be_set_going_keeps_the_node_out()
    {
        RecordedMember member = Create(1, 1, _ => [], watchdog: _ => Path.Combine(_folder, "absent"));
        await member.ConnectAsync();
        await member.UntilAsync(StackState.Expelled);
        Assert.Contains("modprobe softdog", member.Why, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RecordedMember member in _running) await member.DisposeAsync();
        _states.Dispose();
        Directory.Delete(_folder, recursive: true);
        _history.Check();
    }

    private async Task<RecordedMember[]> StartAsync(Func<int, ImmutableArray<FenceAgent>> agents, int size = 3, bool freezes = false, Func<int, string>? watchdog = null)
    {
        RecordedMember[] members = [.. Enumerable.Range(1, size).Select(node => Create(node, size, agents, freezes, watchdog))];
        foreach (RecordedMember member in members) await member.ConnectAsync();
        foreach (RecordedMember member in members) await member.UntilOperatingAsync([.. Enumerable.Range(1, size).Select(node => (uint)node)]);
        return members;
    }

    private RecordedMember Create(int node, int size, Func<int, ImmutableArray<FenceAgent>> agents, bool freezes = false, Func<int, string>? watchdog = null)
    {
        StateDirectory state = _states.Open((uint)node);
        ImmutableArray<FenceAgent> own = agents(node);
        var options = new LeasedStackOptions
        {
            Peers = [.. Enumerable.Range(1, size).Where(other => other != node).Select(other => new StaticPeer(new NodeId((uint)other), $"n{other}"))],
            Terms = new LeaseTerms(_lease, TimeSpan.FromMilliseconds(200)),
            Fencing = new FencingOptions
            {
                Agents = own.IsEmpty ? ImmutableDictionary<NodeId, ImmutableArray<FenceAgent>>.Empty : Enumerable.Range(1, size).ToDictionary(other => new NodeId((uint)other), _ => own),
                Freezes = freezes,
                Watchdog = watchdog is null
                    ? null : new WatchdogOptions { Path = watchdog(node), Timeout = TimeSpan.FromSeconds(1), Interval = TimeSpan.FromMilliseconds(50) },
                StarvesWatchdog = watchdog is not null,
            },
        };
        var stack = new LeasedStack(new MemoryEngine(_agreement), options, state, _board.Join((uint)node), BootClock.Instance);
        var member = new RecordedMember(_history, new NodeIncarnation(new NodeId((uint)node), state.Incarnation), stack, () =>
        {
            _board.Leave((uint)node);
            state.Dispose();
            return ValueTask.CompletedTask;
        });
        _running.Add(member);
        return member;
    }

    /// <summary>A member is gone before anybody hears of it.</summary>
    private async Task DieAsync(RecordedMember member)
    {
        _board.Cut(member.Self.Node.Value);
        _running.Remove(member);
        await member.DisposeAsync();
    }

    private FenceAgent Agent(string name, string body, string? password = null) => new()
    {
        Program = AgentScript.Write(_folder, name, body),
        Options = password is null ? ImmutableDictionary<string, string>.Empty : new Dictionary<string, string> { ["password"] = password },
    };
}
