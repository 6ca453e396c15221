using System.Collections.Immutable;
using Tyer.Cluster.Fencing;
using Tyer.Cluster.Glue;
using Tyer.Cluster.Leases;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
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
        await RunAsync("mkfifo", go);
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

    public async ValueTask DisposeAsync()
    {
        foreach (RecordedMember member in _running) await member.DisposeAsync();
        _states.Dispose();
        Directory.Delete(_folder, recursive: true);
        _history.Check();
    }

    private async Task<RecordedMember[]> StartAsync(Func<int, ImmutableArray<FenceAgent>> agents, int size = 3)
    {
        RecordedMember[] members = [.. Enumerable.Range(1, size).Select(node => Create(node, size, agents))];
        foreach (RecordedMember member in members) await member.ConnectAsync();
        foreach (RecordedMember member in members) await member.UntilOperatingAsync([.. Enumerable.Range(1, size).Select(node => (uint)node)]);
        return members;
    }

    private RecordedMember Create(int node, int size, Func<int, ImmutableArray<FenceAgent>> agents)
    {
        StateDirectory state = _states.Open((uint)node);
        ImmutableArray<FenceAgent> own = agents(node);
        var options = new LeasedStackOptions
        {
            Peers = [.. Enumerable.Range(1, size).Where(other => other != node).Select(other => new StaticPeer(new NodeId((uint)other), $"n{other}"))],
            Terms = new LeaseTerms(TimeSpan.FromMinutes(3), TimeSpan.FromMilliseconds(500)),
            Fencing = own.IsEmpty ? new FencingOptions() : new FencingOptions { Agents = Enumerable.Range(1, size).ToDictionary(other => new NodeId((uint)other), _ => own) },
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

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }
}
