using System.Runtime.CompilerServices;
using Tyer.Sessions.Administration;
using Tyer.Time;

namespace Tyer.Node.Tests;

/// <summary>Three nodes under the stack <c>external</c>, in one process, over a network in memory; the test is their control daemon.</summary>
public sealed class ViewChangeTests : IAsyncLifetime
{
    private const int Names = 40;

    private readonly InMemoryNetwork _network = new();
    private readonly string _states = Directory.CreateTempSubdirectory("tyer-views-").FullName;
    private readonly Dictionary<uint, NodeCore> _nodes = [];
    private readonly Dictionary<uint, ILockspace> _locks = [];
    private readonly List<NodeCore> _dead = [];
    private readonly ShiftedClock _clock = new();
    private ulong _view;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        for (uint id = 1; id <= 3; id++)
            await StartAsync(id);
        await TellViewAsync(View(1, 2, 3), 1, 2, 3);
        for (uint id = 1; id <= 3; id++)
            await OpenAsync(id);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Values.Concat(_dead))
            await node.DisposeAsync();
        Directory.Delete(_states, recursive: true);
    }

    [Fact]
    public async Task Waiters_for_a_departed_node_are_granted_after_its_proof_and_not_before()
    {
        var held = await LockAllAsync(3, "held");
        var waiting = Enumerable.Range(0, Names).Select(number => _locks[(uint)(number % 2) + 1].LockAsync($"held{number}", LockMode.Exclusive, Token).AsTask()).ToArray();
        await UntilWaitingAsync(Names);
        var departed = Kill(3);

        await TellViewAsync(View(1, 2) with { Unproven = [departed] }, 1, 2);
        foreach (uint node in (uint[])[1, 2])
            await UntilAsync(node, status => status.Recovery is { WaitsFor: [var only] } && only.StartsWith("proof that n3", StringComparison.Ordinal));

        // Nobody can tell what the departed still does.
        Assert.DoesNotContain(waiting, each => each.IsCompleted);
        foreach (uint node in (uint[])[1, 2])
            await FenceAsync(node, departed);

        var granted = await Task.WhenAll(waiting).WaitAsync(EmbeddedNode.Patience, Token);
        for (var number = 0; number < Names; number++)
        {
            Assert.True(granted[number].Token > held[number].Token);
            Assert.Equal(2ul, granted[number].Token.Epoch);
            // The departed may have been writing.
            Assert.Equal(LockValueState.Invalid, granted[number].Value.State);
        }
    }

    [Fact]
    public async Task What_survivors_hold_at_a_departed_master_stays_theirs_with_value_and_token()
    {
        await LockAllAsync(3, "kept", LockMode.Null);
        var held = await LockAllAsync(1, "kept");
        foreach (var handle in held)
            handle.SetValue("written by n1"u8);
        await Task.WhenAll(held.Select(handle => handle.ConvertAsync(LockMode.ProtectedWrite, Token).AsTask()));
        var before = held.Select(handle => handle.Token).ToArray();
        var waiting = Enumerable.Range(0, Names).Select(number => _locks[2].LockAsync($"kept{number}", LockMode.Exclusive, Token).AsTask()).ToArray();
        await UntilWaitingAsync(Names);

        await LoseAsync(3);

        Assert.Equal(before, held.Select(handle => handle.Token));
        Assert.DoesNotContain(waiting, each => each.IsCompleted);
        foreach (var handle in held)
            await handle.ReleaseAsync(Token);
        var granted = await Task.WhenAll(waiting).WaitAsync(EmbeddedNode.Patience, Token);
        for (var number = 0; number < Names; number++)
        {
            Assert.True(granted[number].Token > before[number]);
            Assert.Equal(LockValueState.Valid, granted[number].Value.State);
            Assert.Equal("written by n1"u8.ToArray(), granted[number].Value.Bytes.ToArray());
        }
    }

    [Fact]
    public async Task Locks_between_survivors_go_on_before_the_proof()
    {
        await ReleaseAllAsync(await LockAllAsync(1, "ours"));
        var departed = Kill(3);
        await TellViewAsync(View(1, 2) with { Unproven = [departed] }, 1, 2);

        for (var number = 0; number < Names; number++)
        {
            await using var mine = await _locks[1].LockAsync($"ours{number}", LockMode.Exclusive, Token).AsTask().WaitAsync(EmbeddedNode.Patience, Token);
            Assert.Equal(2ul, mine.Token.Epoch);
        }
    }

    [Fact]
    public async Task A_node_that_starts_again_comes_back_by_a_view_and_locks_against_the_others()
    {
        var kept = await LockAllAsync(1, "again");
        await LoseAsync(3);
        await StartAsync(3);
        await TellViewAsync(View(1, 2, 3), 1, 2, 3);
        await OpenAsync(3);

        Assert.Null(await _locks[3].TryLockAsync("again0", LockMode.ProtectedRead, TimeSpan.Zero, Token));
        var waiting = Enumerable.Range(0, Names).Select(number => _locks[3].LockAsync($"again{number}", LockMode.Exclusive, Token).AsTask()).ToArray();
        await UntilWaitingAsync(Names);
        await ReleaseAllAsync(kept);
        var granted = await Task.WhenAll(waiting).WaitAsync(EmbeddedNode.Patience, Token);
        Assert.All(granted, handle => Assert.Equal(3ul, handle.Token.Epoch));
        await ReleaseAllAsync(granted);

        var counter = 0;
        await Task.WhenAll(Enumerable.Range(0, 12).Select(number => Task.Run(async () =>
        {
            for (var round = 0; round < 50; round++)
            {
                await using var mine = await _locks[(uint)(number % 3) + 1].LockAsync("counter", LockMode.Exclusive, Token);
                counter++;
            }
        }, Token))).WaitAsync(EmbeddedNode.Patience, Token);
        Assert.Equal(12 * 50, counter);
        await UntilAsync(3, status => status.View is { IsSettled: true, Id: 3 } && status.Recovery is null && status.Frozen.Count == 0);
    }

    [Fact]
    public async Task A_node_may_die_and_come_back_in_one_view_and_the_proof_may_come_first()
    {
        var held = await LockAllAsync(3, "swap");
        var waiting = Enumerable.Range(0, Names).Select(number => _locks[2].LockAsync($"swap{number}", LockMode.Exclusive, Token).AsTask()).ToArray();
        await UntilWaitingAsync(Names);
        var departed = Kill(3);
        await FenceAsync(1, departed);
        await FenceAsync(2, departed);
        await StartAsync(3);

        await TellViewAsync(View(1, 2, 3), 1, 2, 3);

        var granted = await Task.WhenAll(waiting).WaitAsync(EmbeddedNode.Patience, Token);
        Assert.All(granted.Zip(held), pair => Assert.True(pair.First.Token > pair.Second.Token));
        await UntilAsync(1, status => status.View!.IsSettled);
        await OpenAsync(3);
        await using var mine = await _locks[3].LockAsync("something else", LockMode.Exclusive, Token);
    }

    [Fact]
    public async Task A_recovery_is_remembered_with_its_cause_its_phases_and_its_work()
    {
        await LockAllAsync(3, "work");
        var waiting = Enumerable.Range(0, Names).Select(number => _locks[1].LockAsync($"work{number}", LockMode.Exclusive, Token).AsTask()).ToArray();
        await UntilWaitingAsync(Names);

        var departed = await LoseAsync(3);
        await Task.WhenAll(waiting).WaitAsync(EmbeddedNode.Patience, Token);

        IReadOnlyList<RecoveryInfo>[] all = [await _nodes[1].Administration.RecoveriesAsync(Token), await _nodes[2].Administration.RecoveriesAsync(Token)];
        Assert.All(all, recoveries =>
        {
            Assert.Equal([2ul, 1ul], recoveries.Select(each => each.View));
            var first = recoveries[1];
            Assert.Equal(3, first.Joined.Count);
            Assert.Empty(first.Left);
            var last = recoveries[0];
            Assert.Equal([$"n3 ({departed})"], last.Left);
            Assert.Empty(last.Joined);
            Assert.Empty(last.WaitsFor);
            Assert.True(last.DirectoryDone <= last.DirectoryComplete);
            Assert.True(last.LocksDone <= last.Settled);
            Assert.True(last.Installed <= last.Settled);
        });
        Assert.Equal(Names, all.Sum(recoveries => recoveries[0].Regrants));
        // What n3 mastered itself died with it; what others mastered of its locks was taken away: its lock on the lockspace's record, too.
        Assert.Contains(all, recoveries => recoveries[0].LastRegrant <= recoveries[0].Age);
        Assert.Contains(all, recoveries => recoveries[0].RecordsSent > 0 || recoveries[0].ResourcesRebuilt > 0);
    }

    [Fact]
    public async Task A_node_that_stops_in_order_hands_over_what_it_masters_and_nobody_waits_for_a_view()
    {
        await LockAllAsync(3, "over", LockMode.Null);
        var held = await LockAllAsync(1, "over");
        var first = Enumerable.Range(0, Names).Select(number => _locks[2].LockAsync($"over{number}", LockMode.Exclusive, Token).AsTask()).ToArray();
        await UntilWaitingAsync(Names);
        var second = Enumerable.Range(0, Names).Select(number => _locks[1].LockAsync($"over{number}", LockMode.Exclusive, Token).AsTask()).ToArray();
        await UntilWaitingAsync(2 * Names);

        await StopAsync(3);

        // Everything below is done in the view that the stopped node is still in.
        await ReleaseAllAsync(held);
        var next = await Task.WhenAll(first).WaitAsync(EmbeddedNode.Patience, Token);
        Assert.DoesNotContain(second, each => each.IsCompleted);
        Assert.All(next.Zip(held), pair => Assert.True(pair.First.Token > pair.Second.Token));
        await ReleaseAllAsync(next);
        var last = await Task.WhenAll(second).WaitAsync(EmbeddedNode.Patience, Token);
        Assert.All(last, handle => Assert.Equal(1ul, handle.Token.Epoch));
        await ReleaseAllAsync(last);
        await TellViewAsync(View(1, 2), 1, 2);
    }

    [Fact]
    public async Task A_node_that_stopped_in_order_is_its_own_proof()
    {
        await LockAllAsync(3, "proof");
        var waiting = Enumerable.Range(0, Names).Select(number => _locks[2].LockAsync($"proof{number}", LockMode.Exclusive, Token).AsTask()).ToArray();
        await UntilWaitingAsync(Names);

        await StopAsync(3);

        // Its sessions ended with it.
        await Task.WhenAll(waiting).WaitAsync(EmbeddedNode.Patience, Token);
        var status = await UntilAsync(1, status => status.Nodes.Single(node => node.Name == "n3").Membership == NodeMembership.Left);
        Assert.Contains("tyer view set", Assert.Single(status.Frozen).Remedy, StringComparison.Ordinal);
        await UntilAsync(2, status => status.Nodes.Single(node => node.Name == "n3").Membership == NodeMembership.Left);
        await TellViewAsync(View(1, 2), 1, 2);
        await UntilAsync(1, status => status.View!.IsSettled && status.Frozen.Count == 0);
        await UntilAsync(2, status => status.View!.IsSettled && status.Frozen.Count == 0);
    }

    [Fact]
    public async Task A_member_that_was_not_told_the_view_is_named_by_those_who_wait_for_it()
    {
        var departed = Kill(3);
        await TellViewAsync(View(1, 2) with { Unproven = [departed] }, 1);

        var status = await UntilAsync(1, status => status.Recovery?.WaitsFor.Count == 2);

        Assert.Equal(["DirectoryDone and LocksDone of n2", $"proof that n3 ({departed}) and its clients have stopped"], status.Recovery!.WaitsFor);
        Assert.False(status.View!.IsSettled);
        Assert.Contains($"tyer view fence {departed}", Assert.Single(status.Frozen).Remedy, StringComparison.Ordinal);
        Assert.Equal(NodeMembership.Lost, status.Nodes.Single(node => node.Name == "n3").Membership);
    }

    [Fact]
    public async Task What_cannot_be_right_is_refused_and_changes_nothing()
    {
        var administration = _nodes[1].Administration;
        var view = View(1, 2, 3);

        Assert.Contains("greater id", (await RefusedAsync(view with { Id = 1 })).Message, StringComparison.Ordinal);
        Assert.Contains("says nothing of n1", (await RefusedAsync(view with { Members = [.. view.Members.Skip(1)] })).Message, StringComparison.Ordinal);
        Assert.Contains("twice", (await RefusedAsync(view with { Members = [.. view.Members, view.Members[1]] })).Message, StringComparison.Ordinal);
        Assert.Contains("1 to 1023", (await RefusedAsync(view with { Members = [.. view.Members, new ViewMember("n5000", 5000, 1)] })).Message, StringComparison.Ordinal);
        Assert.Contains("is null", (await RefusedAsync(view with { Members = [.. view.Members, null!] })).Message, StringComparison.Ordinal);
        Assert.Contains("names no incarnation", (await RefusedAsync(view with { Unproven = ["n3"] })).Message, StringComparison.Ordinal);
        Assert.Contains("names no incarnation", (await RefusedAsync(view with { Unproven = [null!] })).Message, StringComparison.Ordinal);
        foreach (var who in (string[])["n3", "3.0", "x.5", ".5", "3.", "2000.1"])
            await Assert.ThrowsAsync<LockRefusedException>(() => administration.FenceAsync(who, Token).AsTask());
        Assert.Equal(1ul, (await administration.StatusAsync(Token)).View!.Id);

        Task<LockRefusedException> RefusedAsync(ViewOrder order) => Assert.ThrowsAsync<LockRefusedException>(() => administration.SetViewAsync(order, Token).AsTask());
    }

    [Fact]
    public async Task A_node_that_a_view_leaves_out_loses_its_locks_and_takes_no_new_ones()
    {
        var kept = await _locks[3].LockAsync("kept", LockMode.Exclusive, Token);
        var waiting = _locks[3].LockAsync("kept", LockMode.Exclusive, Token).AsTask();

        var result = await _nodes[3].Administration.SetViewAsync(View(1, 2) with { Unproven = [$"3.{_nodes[3].State.Incarnation}"] }, Token);

        Assert.Equal("view 2 leaves this node out", result.OutBecause);
        Assert.Equal(LossReason.NodeExpelled, kept.LostBecause);
        Assert.True(kept.Lost.IsCancellationRequested);
        await Assert.ThrowsAnyAsync<TyerException>(() => waiting).WaitAsync(EmbeddedNode.Patience, Token);
        await Assert.ThrowsAnyAsync<TyerException>(() => _locks[3].LockAsync("other", LockMode.Exclusive, Token).AsTask()).WaitAsync(EmbeddedNode.Patience, Token);
        Assert.Contains("leaves this node out", (await Assert.ThrowsAsync<LockUnavailableException>(
            () => _nodes[3].OpenLockspaceAsync("late", null, Owner(3), Token).AsTask())).Message, StringComparison.Ordinal);
        Assert.Equal(ServingState.Expelled, (await _nodes[3].Administration.StatusAsync(Token)).Node.Serving);
    }

    [Fact]
    public async Task A_node_whose_time_is_not_renewed_loses_its_locks_and_hears_no_more()
    {
        var kept = await _locks[3].LockAsync("kept", LockMode.Exclusive, Token);
        var held = await _locks[1].LockAsync("held", LockMode.Exclusive, Token);
        var late = _locks[3].LockAsync("held", LockMode.Exclusive, Token).AsTask();
        await TellViewAsync(View(1, 2, 3) with { SafeFor = TimeSpan.FromSeconds(10) }, 1, 2, 3);
        Assert.InRange(kept.SafeFor, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9.4));

        // All its threads stood still: time has passed, and what comes first is the grant that it waits for.
        _clock.Advance(TimeSpan.FromSeconds(9.4));
        await held.ReleaseAsync(Token);

        await Assert.ThrowsAnyAsync<TyerException>(() => late).WaitAsync(EmbeddedNode.Patience, Token);
        Assert.Equal(LossReason.NodeExpelled, kept.LostBecause);
        Assert.Contains("not renewed", _nodes[3].Membership.StateReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nobody_else_wants_is_not_granted_either_when_the_time_is_over()
    {
        await using (await _locks[3].LockAsync("own", LockMode.Exclusive, Token))
            await TellViewAsync(View(1, 2, 3) with { SafeFor = TimeSpan.FromSeconds(10) }, 1, 2, 3);
        await using (await _locks[3].LockAsync("own", LockMode.Exclusive, Token))
            _clock.Advance(TimeSpan.FromSeconds(9.4));

        await Assert.ThrowsAnyAsync<TyerException>(() => _locks[3].TryLockAsync("own", LockMode.Exclusive, TimeSpan.Zero, Token).AsTask());
    }

    [Fact]
    public async Task A_node_of_another_stack_is_not_told()
    {
        await using var local = await EmbeddedNode.StartAsync();

        var refused = await Assert.ThrowsAsync<LockRefusedException>(() => local.Node.Administration.SetViewAsync(View(1), Token).AsTask());

        Assert.Contains("the stack of node n1 is 'local'", refused.Message, StringComparison.Ordinal);
    }

    private ViewOrder View(params uint[] members) =>
        new(_view + 1, [.. members.Select(id => new ViewMember($"n{id}", id, _nodes[id].State.Incarnation.Value))], []);

    private async Task TellViewAsync(ViewOrder view, params uint[] whom)
    {
        _view = view.Id;
        foreach (var id in whom)
            Assert.Equal(view.Id, (await _nodes[id].Administration.SetViewAsync(view, Token)).View);
    }

    private async Task<MembershipResult> FenceAsync(uint node, string departed, string[]? expected = null)
    {
        var result = await _nodes[node].Administration.FenceAsync(departed, Token);
        Assert.Equal(expected ?? [], result.Unproven);
        return result;
    }

    /// <summary>Its machine dies; returns who is to be proven gone.</summary>
    private string Kill(uint id)
    {
        _network.Kill(id);
        var node = _nodes[id];
        _nodes.Remove(id);
        _dead.Add(node);
        return $"{id}.{node.State.Incarnation}";
    }

    private async Task StopAsync(uint id)
    {
        var node = _nodes[id];
        _nodes.Remove(id);
        await node.DisposeAsync();
    }

    /// <summary>Its machine dies, the others go on in a view without it, and it is proven gone.</summary>
    private async Task<string> LoseAsync(uint id)
    {
        var departed = Kill(id);
        var others = _nodes.Keys.ToArray();
        await TellViewAsync(View(others) with { Unproven = [departed] }, others);
        foreach (var other in others)
            await FenceAsync(other, departed);
        foreach (var other in others)
            await UntilAsync(other, status => status.View!.IsSettled);
        return departed;
    }

    private async Task StartAsync(uint id)
    {
        foreach (var earlier in _dead.Where(node => node.Id == id).ToArray())
        {
            await earlier.DisposeAsync();
            _dead.Remove(earlier);
        }

        var options = new TyerNodeOptions { Name = $"n{id}", StateDirectory = _states, Stack = "external", Listen = $"tcp://127.0.0.1:{7600 + id}" };
        foreach (var peer in Enumerable.Range(1, 3).Where(peer => peer != id))
            options.Peers[$"n{peer}"] = $"tcp://127.0.0.1:{7600 + peer}";
        if (id == 3)
            options.Clock = _clock;
        _nodes[id] = await NodeStart.RunAsync(NodeSettings.Of(options), (settings, state) => _network.Connect(settings.Id.Value, state.Incarnation.Value), Token);
        Assert.True(SpinWait.SpinUntil(() => _network.Has(id), EmbeddedNode.Patience));
    }

    private async Task OpenAsync(uint id) => _locks[id] = await _nodes[id]
        .OpenLockspaceAsync("orders", null, Owner(id), Token).AsTask().WaitAsync(EmbeddedNode.Patience, Token);

    private static LockOwner Owner(uint node) => new($"n{node}", "host", (int)node, "test", "user", null, true);

    private async Task<LockHandle[]> LockAllAsync(uint node, string prefix, LockMode mode = LockMode.Exclusive)
    {
        var handles = new LockHandle[Names];
        for (var number = 0; number < Names; number++)
            handles[number] = await _locks[node].LockAsync($"{prefix}{number}", mode, Token).AsTask().WaitAsync(EmbeddedNode.Patience, Token);
        return handles;
    }

    private static async Task ReleaseAllAsync(IEnumerable<LockHandle> handles)
    {
        foreach (var handle in handles)
            await handle.ReleaseAsync(Token);
    }

    private async Task UntilWaitingAsync(int count)
    {
        using var patience = new CancellationTokenSource(EmbeddedNode.Patience);
        while (true)
        {
            var waiting = 0;
            await foreach (var snapshot in _locks[1].QueryAsync(new ResourceQuery { ContendedOnly = true }, patience.Token))
                waiting += snapshot.Waiting.Count;
            if (waiting >= count)
                return;
        }
    }

    private async Task<ClusterStatus> UntilAsync(uint node, Func<ClusterStatus, bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "")
    {
        using var patience = new CancellationTokenSource(EmbeddedNode.Patience);
        ClusterStatus? status = null;
        while (!patience.IsCancellationRequested)
        {
            status = await _nodes[node].Administration.StatusAsync(Token);
            if (holds(status))
                return status;
            await Task.Yield();
        }

        throw new TimeoutException($"Never on n{node}: {what}; but {status?.View}, waits for {string.Join("; ", status?.Recovery?.WaitsFor ?? [])}");
    }

    /// <summary>The machine's clock, and as much more as the test says has passed.</summary>
    private sealed class ShiftedClock : IClock
    {
        private long _shift;

        public TimeSpan Now => BootClock.Instance.Now + new TimeSpan(Volatile.Read(ref _shift));

        internal void Advance(TimeSpan by) => Interlocked.Add(ref _shift, by.Ticks);
    }
}
