using System.Buffers.Binary;
using Tyer.Time;

namespace Tyer.System.Tests.Faults;

/// <summary>
/// 64 clients of one node that take locks mastered by another, one turn after the other, each on a resource of its own whose value counts its turns. It knows the
/// longest time in which no turn of anybody ended, and how long each took.
/// </summary>
internal sealed class PathLoad : IAsyncDisposable
{
    private const int Clients = 64;

    private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Lock _gate = new();
    private readonly TyerClient _client;
    private readonly ILockspace _space;
    private readonly Task[] _clients;
    private TimeSpan _lastEnd = BootClock.Instance.Now;
    private TimeSpan _longestGap;
    private List<TimeSpan>? _latencies;
    private long _turns;

    private PathLoad(TyerClient client, ILockspace space)
    {
        _client = client;
        _space = space;
        _clients = [.. Enumerable.Range(0, Clients).Select(number => Task.Run(() => RunAsync(number)))];
    }

    internal static string NameOf(int client) => $"path-load-{client}";

    /// <summary>The names that the clients use; to be mastered elsewhere before.</summary>
    internal static IEnumerable<string> Names => Enumerable.Range(0, Clients).Select(NameOf);

    internal long Turns
    {
        get
        {
            lock (_gate)
                return _turns;
        }
    }

    internal static async Task<PathLoad> StartAsync(string endpoint)
    {
        var client = await TyerClient.ConnectAsync(endpoint, TestContext.Current.CancellationToken);
        return new PathLoad(client, await client.OpenLockspaceAsync("default", cancellationToken: TestContext.Current.CancellationToken));
    }

    /// <summary>The longest time without the end of a turn, since this was last asked.</summary>
    internal TimeSpan TakeLongestGap()
    {
        lock (_gate)
        {
            var gap = _longestGap;
            _longestGap = TimeSpan.Zero;
            return gap;
        }
    }

    /// <summary>How long each turn took that has ended since this was last asked, in order; from the first time on, when there is none.</summary>
    internal TimeSpan[] TakeLatencies()
    {
        List<TimeSpan>? taken;
        lock (_gate)
            (taken, _latencies) = (_latencies, []);
        return [.. (taken ?? []).Order()];
    }

    /// <summary>Until so many more turns have been taken.</summary>
    internal async Task MoreAsync(long turns)
    {
        var target = Turns + turns;
        await Support.Patience.UntilAsync($"{turns} more turns", () => Turns >= target || _clients.Any(client => client.IsFaulted));
        foreach (var faulted in _clients.Where(client => client.IsFaulted))
            await faulted;
    }

    /// <summary>Ends it. A turn that failed, one that was lost, or one that counted twice, fails the test.</summary>
    internal async Task EndAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_clients);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_clients).ContinueWith(static _ => { }, TaskScheduler.Default);
        await _space.DisposeAsync();
        await _client.DisposeAsync();
        _end.Dispose();
    }

    private async Task RunAsync(int number)
    {
        var token = default(FencingToken);
        var value = new byte[sizeof(long)];
        for (long turn = 0; !_end.IsCancellationRequested; turn++)
        {
            var began = BootClock.Instance.Now;
            var held = await _space.LockAsync(NameOf(number), LockMode.ProtectedWrite);
            Assert.True(held.Token.CompareTo(token) > 0, $"{NameOf(number)}: token {held.Token} after {token}");
            token = held.Token;
            Assert.Equal(turn, turn == 0 ? 0 : BinaryPrimitives.ReadInt64LittleEndian(held.Value.Bytes.Span));
            BinaryPrimitives.WriteInt64LittleEndian(value, turn + 1);
            held.SetValue(value);
            await held.ReleaseAsync();
            Count(began);
        }
    }

    private void Count(TimeSpan began)
    {
        var now = BootClock.Instance.Now;
        lock (_gate)
        {
            _turns++;
            _latencies?.Add(now - began);
            if (now - _lastEnd > _longestGap)
                _longestGap = now - _lastEnd;
            _lastEnd = now;
        }
    }
}
