using System.Globalization;
using Tyer.System.Tests.Support;
using Tyer.Time;

namespace Tyer.System.Tests.Faults;

/// <summary>
/// Machines fail, one way after the other, while their clients take turns at locks. In each test a client of the victim holds a lock that a client
/// of a survivor wants: who holds it is told that it is lost before the other has it, and that is no later than status says.
/// </summary>
[Collection(Name)]
public abstract class FaultTests : IAsyncDisposable
{
    internal const string Name = "three machines";

    private protected const int Victim = 3;

    private static readonly TimeSpan ShortLease = TimeSpan.FromSeconds(3);

    private FaultNodes _nodes = null!;
    private LockLoad _load = null!;

    private protected FaultNodes Machines => _nodes;

    /// <summary>Three machines with the engine that is tried.</summary>
    private protected abstract Task<FaultNodes> UpAsync(TimeSpan lease);

    [Fact]
    public async Task A_machine_that_dies_frees_its_locks_and_comes_back()
    {
        await BeginAsync();
        await GoesOnWithoutAsync(() => _nodes.KillAsync(Victim));
        await _nodes.ReviveAsync(Victim);
        await IsWholeAgainAsync();
    }

    [Fact]
    public async Task A_machine_that_is_cut_off_is_out_and_comes_back_when_it_is_healed()
    {
        await BeginAsync();
        await GoesOnWithoutAsync(() => _nodes.Lab.Network.CutAsync(Victim));
        await _nodes.Lab.Network.HealAsync(Victim);
        await IsWholeAgainAsync();
    }

    [Fact]
    public async Task A_machine_that_stands_still_beyond_its_lease_is_out_when_it_goes_on()
    {
        await BeginAsync();
        await GoesOnWithoutAsync(() =>
        {
            _nodes.Freeze(Victim);
            return Task.CompletedTask;
        });
        _nodes.Thaw(Victim);
        await IsWholeAgainAsync();
    }

    [Fact]
    public async Task A_lock_manager_that_stands_still_is_put_out_though_its_engine_may_go_on()
    {
        await BeginAsync();
        await GoesOnWithoutAsync(() =>
        {
            _nodes.Daemon(Victim).Signal(19);
            return Task.CompletedTask;
        });
        _nodes.Daemon(Victim).Signal(18);
        await IsWholeAgainAsync();
    }

    [Fact]
    public async Task After_two_cuts_in_quick_succession_the_two_that_are_healed_go_on_as_they_were()
    {
        // Longer than the daemons take to notice both cuts and to find each other again.
        await BeginAsync(TimeSpan.FromSeconds(10));
        var before = (await _nodes.StatusAsync(2)).Node.Incarnation;
        await GoesOnWithoutAsync(
            async () =>
            {
                await _nodes.Lab.Network.CutAsync(Victim);
                await _nodes.Lab.Network.CutAsync(2);
                await _nodes.Daemon(1).LineWithAsync("Suspended");
                await _nodes.Lab.Network.HealAsync(2);
            },
            isOneFault: false);
        Assert.Equal(before, (await _nodes.StatusAsync(2)).Node.Incarnation);
        await _nodes.Lab.Network.HealAsync(Victim);
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

    private protected Task GoesOnWithoutAsync(Func<Task> fault, bool isOneFault = true) => GoesOnWithoutAsync(Victim, fault, isOneFault);

    /// <param name="victim">Whose client holds the lock.</param>
    /// <param name="fault">What happens to the victim.</param>
    /// <param name="isOneFault">The bound is for one fault at a time.</param>
    private protected async Task GoesOnWithoutAsync(int victim, Func<Task> fault, bool isOneFault = true)
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
        await using var granted = await ours.LockAsync("held", cancellationToken: TestContext.Current.CancellationToken).SoonAsync();
        var grantedAt = BootClock.Instance.Now;

        Tell($"lost after {Seconds(lostAt - failedAt)}, granted again after {Seconds(grantedAt - failedAt)}; status says at most {Seconds(_nodes.Bound)}");
        Assert.True(lostAt < grantedAt, $"the holder was told {Seconds(lostAt - grantedAt)} after the next one had the lock");
        // Who was paused and has not looked writes with the token that it has.
        var register = new TokenRegister();
        Assert.True(register.Write(held.Token, 1));
        Assert.True(register.Write(granted.Token, 2));
        Assert.False(register.Write(held.Token, 3));
        Assert.True(!isOneFault || grantedAt - failedAt < _nodes.Bound, $"granted again after {Seconds(grantedAt - failedAt)}, later than {Seconds(_nodes.Bound)}");
        foreach (var survivor in survivors)
            await _nodes.UntilMembersAsync(survivor, [.. survivors.Select(node => (uint)node)]);
        await _load.MoreAsync(100);
    }

    private protected async Task BeginAsync(TimeSpan? lease = null)
    {
        _nodes = await UpAsync(lease ?? ShortLease);
        _load = new LockLoad(_nodes);
        await _load.MoreAsync(100);
    }

    private protected async Task IsWholeAgainAsync()
    {
        foreach (var node in (int[])[1, 2, 3])
            await _nodes.UntilMembersAsync(node, 1, 2, 3);
        await EndsWellAsync();
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
