using System.Globalization;
using Tyer.System.Tests.Support;
using Tyer.Time;

namespace Tyer.System.Tests.Faults;

/// <summary>
/// Machines fail, one way after the other, while their clients take turns at locks. In each test a client of the victim holds a lock that a client
/// of a survivor wants: who holds it is told that it is lost before the other has it, and that is no later than status says. Each fault comes once;
/// <c>TYER_FAULT_ROUNDS</c> says how often instead, in the same cluster, and then how long it took is told in a table.
/// </summary>
/// <param name="table">What all tests of an engine have measured.</param>
[Collection(Name)]
public abstract class FaultTests(FaultTable table) : IClassFixture<FaultTable>, IAsyncDisposable
{
    internal const string Name = "three machines";

    private protected const int Victim = 3;

    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("TYER_FAULT_ROUNDS") ?? "1", CultureInfo.InvariantCulture);

    private static readonly TimeSpan ShortLease = TimeSpan.FromSeconds(3);

    private FaultNodes _nodes = null!;
    private LockLoad _load = null!;

    private protected FaultNodes Machines => _nodes;

    /// <summary>Three machines with the engine that is tried.</summary>
    private protected abstract Task<FaultNodes> UpAsync(TimeSpan lease);

    [Fact]
    public Task A_machine_that_dies_frees_its_locks_and_comes_back() =>
        RoundsAsync("a machine is killed", () => _nodes.KillAsync(Victim), () => _nodes.ReviveAsync(Victim));

    [Fact]
    public Task A_lock_manager_that_dies_frees_its_locks_and_comes_back() =>
        RoundsAsync("a lock manager is killed", () => Now(() => _nodes.Daemon(Victim).Kill()), () => _nodes.StartAgainAsync(Victim));

    [Fact]
    public Task A_machine_that_is_cut_off_is_out_and_comes_back_when_it_is_healed() =>
        RoundsAsync("one is cut from two, and healed", () => _nodes.Lab.Network.CutAsync(Victim), () => _nodes.Lab.Network.HealAsync(Victim));

    [Fact]
    public Task A_machine_that_stands_still_beyond_its_lease_is_out_when_it_goes_on() =>
        RoundsAsync("a machine stands still, and goes on", () => Now(() => _nodes.Freeze(Victim)), () => Now(() => _nodes.Thaw(Victim)));

    [Fact]
    public Task A_lock_manager_that_stands_still_is_put_out_though_its_engine_may_go_on() => RoundsAsync(
        "a lock manager stands still, and goes on", () => Now(() => _nodes.Daemon(Victim).Signal(19)), () => Now(() => _nodes.Daemon(Victim).Signal(18)));

    [Fact]
    public async Task After_two_cuts_in_quick_succession_the_two_that_are_healed_go_on_as_they_were()
    {
        ulong before = 0;
        await RoundsAsync(
            "two are cut off, and one is healed",
            async () =>
            {
                before = (await _nodes.StatusAsync(2)).Node.Incarnation;
                var suspended = _nodes.Daemon(1).NextLineWithAsync("Suspended");
                await _nodes.Lab.Network.CutAsync(Victim);
                await _nodes.Lab.Network.CutAsync(2);
                await suspended;
                await _nodes.Lab.Network.HealAsync(2);
            },
            async () =>
            {
                Assert.Equal(before, (await _nodes.StatusAsync(2)).Node.Incarnation);
                await _nodes.Lab.Network.HealAsync(Victim);
            },
            isOneFault: false,
            // Longer than the daemons take to notice both cuts and to find each other again.
            lease: TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Machines_are_upgraded_one_after_the_other_under_load_and_an_old_build_is_refused_then()
    {
        await BeginAsync();
        for (var node = 1; node <= FaultNodes.Nodes; node++)
        {
            Assert.Equal(1, (await _nodes.StatusAsync(node)).View!.Running);
            await _nodes.InstallAsync(node, "1-2");
            foreach (var each in (int[])[1, 2, 3])
                await _nodes.UntilMembersAsync(each, 1, 2, 3);
            await _load.MoreAsync(50);
        }

        var status = await _nodes.StatusAsync(1);
        Assert.Equal(2, status.View!.Running);
        Assert.Equal(["1-2", "1-2", "1-2"], status.Nodes.Select(each => $"{each.Protocol}"));

        await _nodes.InstallAsync(Victim, "1-1");
        var ended = (await _nodes.Daemon(Victim).EndAsync()).With(7);
        var said = ended.Output + ended.Errors;
        Assert.Contains("runs version 2 of the lock protocol (its nodes offer: n1 1 to 2, n2 1 to 2), and n3 offers 1;", said, StringComparison.Ordinal);
        await _load.MoreAsync(50);
        await _nodes.InstallAsync(Victim, "1-2");
        await IsWholeAgainAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_load is not null)
            await _load.DisposeAsync();
        if (_nodes is not null)
            await _nodes.DisposeAsync();
    }

    /// <summary>The same fault again and again, in one cluster that is whole each time.</summary>
    /// <param name="name">What it is called in the table.</param>
    /// <param name="fault">What happens to the victim.</param>
    /// <param name="mend">What undoes it.</param>
    /// <param name="isOneFault">The bound is for one fault at a time: after more, it counts from the last.</param>
    /// <param name="lease">How long a lease lasts; null: a short time.</param>
    private protected async Task RoundsAsync(string name, Func<Task> fault, Func<Task> mend, bool isOneFault = true, TimeSpan? lease = null)
    {
        await BeginAsync(lease);
        for (var round = 0; round < Rounds; round++)
        {
            var granted = await GoesOnWithoutAsync(Victim, fault, isOneFault);
            var mendedAt = BootClock.Instance.Now;
            await mend();
            await AreTogetherAsync();
            table.Add(GetType(), name, granted, BootClock.Instance.Now - mendedAt, _nodes.Bound);
        }

        await EndsWellAsync();
    }

    /// <param name="victim">Whose client holds the lock.</param>
    /// <param name="fault">What happens to the victim.</param>
    /// <param name="isOneFault">The bound is for one fault at a time: after more, times count from the last.</param>
    /// <returns>After how long the lock was granted again.</returns>
    private protected async Task<TimeSpan> GoesOnWithoutAsync(int victim, Func<Task> fault, bool isOneFault = true)
    {
        int[] survivors = [.. Enumerable.Range(1, FaultNodes.Nodes).Where(node => node != victim)];
        await using var holder = await TyerClient.ConnectAsync(_nodes.EndpointOf(victim), TestContext.Current.CancellationToken);
        await using var theirs = await holder.OpenLockspaceAsync("faults", cancellationToken: TestContext.Current.CancellationToken);
        await using var waiter = await TyerClient.ConnectAsync(_nodes.EndpointOf(survivors[0]), TestContext.Current.CancellationToken);
        await using var ours = await waiter.OpenLockspaceAsync("faults", cancellationToken: TestContext.Current.CancellationToken);
        var held = await theirs.LockAsync("held", cancellationToken: TestContext.Current.CancellationToken);
        var lostAt = TimeSpan.MaxValue;
        await using var registration = held.Lost.UnsafeRegister(_ => lostAt = BootClock.Instance.Now, null);

        var failedAt = BootClock.Instance.Now;
        await fault();
        if (!isOneFault)
            failedAt = BootClock.Instance.Now;
        await using var granted = await ours.LockAsync("held", cancellationToken: TestContext.Current.CancellationToken).SoonAsync();
        var grantedAt = BootClock.Instance.Now;

        Tell($"lost after {(lostAt == TimeSpan.MaxValue ? "never" : Seconds(lostAt - failedAt))}, granted again after {Seconds(grantedAt - failedAt)}; status says at most {Seconds(_nodes.Bound)}");
        Assert.True(lostAt < grantedAt, $"the holder was told {Seconds(lostAt - grantedAt)} after the next one had the lock");
        // Who was paused and has not looked writes with the token that it has.
        var register = new TokenRegister();
        Assert.True(register.Write(held.Token, 1));
        Assert.True(register.Write(granted.Token, 2));
        Assert.False(register.Write(held.Token, 3));
        Assert.True(grantedAt - failedAt < _nodes.Bound, $"granted again after {Seconds(grantedAt - failedAt)}, later than {Seconds(_nodes.Bound)}");
        foreach (var survivor in survivors)
            await _nodes.UntilMembersAsync(survivor, [.. survivors.Select(node => (uint)node)]);
        await _load.MoreAsync(100);
        return grantedAt - failedAt;
    }

    private protected async Task BeginAsync(TimeSpan? lease = null)
    {
        _nodes = await UpAsync(lease ?? ShortLease);
        _load = new LockLoad(_nodes);
        await _load.MoreAsync(100);
    }

    private protected async Task IsWholeAgainAsync()
    {
        await AreTogetherAsync();
        await EndsWellAsync();
    }

    private async Task AreTogetherAsync()
    {
        foreach (var node in (int[])[1, 2, 3])
            await _nodes.UntilMembersAsync(node, 1, 2, 3);
    }

    private protected static Task Now(Action what)
    {
        what();
        return Task.CompletedTask;
    }

    /// <summary>The load has gone on, and nobody has believed in what another had.</summary>
    private protected async Task EndsWellAsync()
    {
        await _load.MoreAsync(200);
        Tell(await _load.CheckAsync());
    }

    private static void Tell(string what) => TestContext.Current.TestOutputHelper?.WriteLine(what);

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.000} s");
}

/// <summary>One cluster at a time, and nothing beside it: a machine that is too busy makes healthy daemons look dead.</summary>
[CollectionDefinition(FaultTests.Name, DisableParallelization = true)]
public sealed class FaultCollection;
