using System.Globalization;
using Tyer.Time;

namespace Tyer.System.Tests.Faults;

/// <summary>
/// Clients on every node that go on taking turns at a few locks, and increment what each protects. What each of them believed, and from when until when,
/// is kept on one clock, and compared in the end.
/// </summary>
internal sealed class LockLoad : IAsyncDisposable
{
    private const int Resources = 4;
    private const int ClientsPerNode = 3;

    private const int LongHoldOneIn = 20;

    private static readonly TimeSpan Hold = TimeSpan.FromMilliseconds(2);

    // So that a fault meets some who hold.
    private static readonly TimeSpan LongHold = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ConnectAgainAfter = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly TokenRegister[] _registers = [.. Enumerable.Range(0, Resources).Select(_ => new TokenRegister())];
    private readonly List<Belief>[] _beliefs = [.. Enumerable.Range(0, Resources).Select(_ => new List<Belief>())];
    private readonly Task[] _clients;

    internal LockLoad(FaultNodes nodes) => _clients =
    [
        .. Enumerable.Range(0, FaultNodes.Nodes * ClientsPerNode).Select(number => Task.Run(() => RunAsync(nodes, 1 + (number % FaultNodes.Nodes), number))),
    ];

    internal long Increments => _registers.Sum(register => register.Writes);

    /// <summary>Until so many more turns have been taken.</summary>
    internal async Task MoreAsync(long turns)
    {
        var target = Increments + turns;
        await Support.Patience.UntilAsync($"{turns} more turns", () => Increments >= target);
    }

    /// <summary>Ends it, and compares.</summary>
    internal async Task<string> CheckAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_clients);
        var lost = 0;
        foreach (var (register, beliefs) in _registers.Zip(_beliefs))
        {
            Assert.Equal(register.Writes, register.Value);
            var inOrder = beliefs.OrderBy(belief => belief.From).ToArray();
            for (var i = 1; i < inOrder.Length; i++)
            {
                Assert.True(inOrder[i].From >= inOrder[i - 1].Until, $"two held it at once: {inOrder[i - 1]} and {inOrder[i]}");
                Assert.True(inOrder[i].Token.CompareTo(inOrder[i - 1].Token) > 0, $"a token did not grow: {inOrder[i - 1]} and {inOrder[i]}");
            }

            lost += beliefs.Count(belief => belief.WasLost);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{_beliefs.Sum(beliefs => beliefs.Count)} holds, {lost} of them lost, {_registers.Sum(register => register.Refused)} late writes refused");
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_clients);
        _end.Dispose();
    }

    private async Task RunAsync(FaultNodes nodes, int node, int seed)
    {
        var random = new Random(seed);
        while (!_end.IsCancellationRequested)
        {
            try
            {
                await using var client = await TyerClient.ConnectAsync(nodes.EndpointOf(node), _end.Token);
                await using var space = await client.OpenLockspaceAsync("faults", cancellationToken: _end.Token);
                while (true)
                    await TakeTurnAsync(space, random.Next(Resources), node, random.Next(LongHoldOneIn) == 0 ? LongHold : Hold);
            }
            catch (Exception exception) when (exception is TyerException or IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The node is gone or out; another life of it will come, and the client with it.
                await Task.Delay(ConnectAgainAfter, _end.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }

    private async Task TakeTurnAsync(ILockspace space, int resource, int node, TimeSpan hold)
    {
        await using var held = await space.LockAsync($"r{resource}", LockMode.Exclusive, _end.Token);
        var from = BootClock.Instance.Now;
        var lostAt = TimeSpan.MaxValue;
        await using var registration = held.Lost.UnsafeRegister(_ => lostAt = BootClock.Instance.Now, null);
        var register = _registers[resource];
        var value = register.Read(held.Token);
        await Task.Delay(hold);
        if (value is { } seen && !held.Lost.IsCancellationRequested)
            register.Write(held.Token, seen + 1);
        var until = BootClock.Instance.Now;
        var belief = new Belief(node, held.Token, from, lostAt < until ? lostAt : until, lostAt < until);
        lock (_beliefs[resource])
            _beliefs[resource].Add(belief);
        await held.ReleaseAsync(_end.Token);
    }

    /// <summary>From when until when somebody took a lock for its own.</summary>
    private sealed record Belief(int Node, FencingToken Token, TimeSpan From, TimeSpan Until, bool WasLost);
}
