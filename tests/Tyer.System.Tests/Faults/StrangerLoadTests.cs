using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests.Faults;

/// <summary>
/// Three nodes with keys under lock load, and strangers at their doors in windows of time that come and go: they get in nowhere, are counted, and cost nobody an operation.
/// What they cost in time is printed, and asserted nowhere, as machines are noisy. <c>TYER_ATTACK_WINDOWS</c> makes it as many windows of a second as a figure needs.
/// </summary>
public sealed class StrangerLoadTests : IAsyncDisposable
{
    private const int HalfOpen = 1000;
    private const int Slow = 20;
    private const int Noisy = 4;

    private static readonly int Windows = int.Parse(Environment.GetEnvironmentVariable("TYER_ATTACK_WINDOWS") ?? "2", CultureInfo.InvariantCulture);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly ThreeNodes _nodes = new() { HasKeys = true };
    private long _knocks;

    [Fact]
    public async Task Strangers_in_numbers_are_refused_and_counted_and_cost_no_operation()
    {
        await _nodes.InitializeAsync();
        await using var master = await TyerClient.ConnectAsync($"unix:{_nodes.SocketOf(2)}", TestContext.Current.CancellationToken);
        var space = await master.OpenLockspaceAsync("default", cancellationToken: TestContext.Current.CancellationToken);
        foreach (var name in PathLoad.Names)
            await space.LockAsync(name, LockMode.Null, TestContext.Current.CancellationToken);
        await using var load = await PathLoad.StartAsync($"unix:{_nodes.SocketOf(1)}");
        await load.MoreAsync(2000);

        List<double> ratios = [];
        for (var window = 0; window < Windows; window++)
        {
            var quiet = await MeasureAsync(load);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            var strangers = AttackAsync(end.Token);
            var attacked = await MeasureAsync(load);
            await end.CancelAsync();
            await strangers;
            ratios.Add(attacked / quiet);
        }

        await load.EndAsync();
        var status = await _nodes.JsonAsync(2, "status");
        var refused = status.GetProperty("node").GetProperty("refused");
        Assert.True(refused.TryGetProperty("MalformedFrame", out var malformed) && malformed.GetInt64() > 0, refused.ToString());
        Assert.True(refused.TryGetProperty("TooManyStrangers", out var many) && many.GetInt64() > 0, refused.ToString());
        var inOrder = ratios.Order().ToArray();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"p99 under attack: {inOrder[inOrder.Length / 2]:0.00} x that without (median of {inOrder.Length} pairs of windows; {inOrder[0]:0.00} to {inOrder[^1]:0.00}); {_knocks} strangers, {load.Turns} turns, none lost or doubled; refused: {string.Join(", ", refused.EnumerateObject().Select(each => $"{each.Name} {each.Value}"))}"));
    }

    public ValueTask DisposeAsync() => _nodes.DisposeAsync();

    /// <summary>The 99th percentile of what a turn takes in a window, in milliseconds.</summary>
    private static async Task<double> MeasureAsync(PathLoad load)
    {
        load.TakeLatencies();
        await Task.Delay(Window, TestContext.Current.CancellationToken);
        await load.MoreAsync(100);
        var latencies = load.TakeLatencies();
        return latencies[latencies.Length * 99 / 100].TotalMilliseconds;
    }

    /// <summary>At the doors of both nodes that the load needs, until it is called off.</summary>
    private Task AttackAsync(CancellationToken cancellationToken)
    {
        List<Task> strangers = [];
        foreach (var node in new[] { 1, 2 })
        {
            var door = _nodes.PeerEndpointOf(node);
            strangers.AddRange(Enumerable.Range(0, HalfOpen / 2).Select(_ => KnockAsync(door, static (_, _) => Task.CompletedTask, cancellationToken)));
            strangers.AddRange(Enumerable.Range(0, Slow / 2).Select(_ => KnockAsync(door, SayLittleAsync, cancellationToken)));
            strangers.AddRange(Enumerable.Range(0, Noisy / 2).Select(_ => KnockAsync(door, MakeNoiseAsync, cancellationToken)));
        }

        return Task.WhenAll(strangers);
    }

    /// <summary>Comes, says what it says, waits to be thrown out, and comes again.</summary>
    private async Task KnockAsync(IPEndPoint door, Func<Socket, CancellationToken, Task> say, CancellationToken cancellationToken)
    {
        var buffer = new byte[256];
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(door, cancellationToken);
                Interlocked.Increment(ref _knocks);
                await say(socket, cancellationToken);
                while (await socket.ReceiveAsync(buffer, cancellationToken) > 0)
                {
                }
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // Thrown out, or called off.
            }

            // A stranger with a machine of its own would come faster; this one must leave the cores to those who are measured.
            await Task.Delay(100, cancellationToken).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private static async Task SayLittleAsync(Socket socket, CancellationToken cancellationToken)
    {
        for (byte i = 0; i < 200; i++)
        {
            await socket.SendAsync(new byte[] { i }, cancellationToken);
            await Task.Delay(50, cancellationToken);
        }
    }

    private static Task MakeNoiseAsync(Socket socket, CancellationToken cancellationToken) => socket.SendAsync(RandomNumberGenerator.GetBytes(200), cancellationToken).AsTask();
}
