using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Tyer.Cli.Bench.Recovery;

/// <summary>
/// The client of one node in a bench of recoveries: holds locks, waits for locks, and takes and releases others meanwhile, noting how long each
/// took. It does what its standard input says, a line at a time, and answers each line when that is done.
/// </summary>
internal sealed class LoadWorker : IAsyncDisposable
{
    /// <summary>The hidden command under which this program is a worker.</summary>
    public const string Verb = "bench-load";

    private const int AtATime = 256;

    private readonly ILockspace _locks;
    private readonly TyerClient _client;
    private readonly ConcurrentDictionary<string, List<LockHandle>> _held = [];
    private readonly CancellationTokenSource _end = new();
    private List<Task<LockHandle>> _waits = [];
    private Task<List<Timing>> _load = Task.FromResult(new List<Timing>());

    private LoadWorker(TyerClient client, ILockspace locks)
    {
        _client = client;
        _locks = locks;
    }

    // What it can be told.

    /// <summary>Takes EX locks on <c>prefix0</c> and on, and keeps them.</summary>
    public static string Hold(string prefix, int count) => $"hold {prefix} {Text(count)}";

    /// <summary>The same with NL locks, which exclude nothing: a node that is first to have one is the master from then on.</summary>
    public static string Know(string prefix, int count) => $"know {prefix} {Text(count)}";

    /// <summary>Asks for EX locks that others hold.</summary>
    public static string Wait(string prefix, int from, int end) => $"wait {prefix} {Text(from)} {Text(end)}";

    /// <summary>Answered when each of them is granted or has failed, with how many are; then they are released.</summary>
    public const string Outcome = "outcome";

    /// <summary>Lets go of what it holds under a prefix.</summary>
    public static string Free(string prefix) => $"free {prefix}";

    /// <summary>From now on takes and releases locks on <c>prefix0</c> and on, one after the other.</summary>
    public static string Load(string prefix, int count) => $"load {prefix} {Text(count)}";

    /// <summary>Ends that, and writes the timings to a file.</summary>
    public static string Stop(string file) => $"stop {file}";

    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        TyerClient client = await TyerClient.ConnectAsync(new TyerClientOptions { Endpoint = $"unix:{args[1]}", Label = "load" }).ConfigureAwait(false);
        ILockspace locks = await client.OpenLockspaceAsync("default").ConfigureAwait(false);
        var worker = new LoadWorker(client, locks);
        await using var end = worker.ConfigureAwait(false);
        while (await Console.In.ReadLineAsync().ConfigureAwait(false) is { } order)
        {
            await Console.Out.WriteLineAsync(await worker.DoAsync(order.Split(' ')).ConfigureAwait(false)).ConfigureAwait(false);
            await Console.Out.FlushAsync().ConfigureAwait(false);
        }

        return ExitCodes.Ok;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _locks.DisposeAsync().ConfigureAwait(false);
        await _client.DisposeAsync().ConfigureAwait(false);
        _end.Dispose();
    }

    private async Task<string> DoAsync(string[] order)
    {
        switch (order)
        {
            case ["hold", string prefix, string count]:
                await TakeAsync(prefix, Number(count), LockMode.Exclusive).ConfigureAwait(false);
                return "held";
            case ["know", string prefix, string count]:
                await TakeAsync(prefix, Number(count), LockMode.Null).ConfigureAwait(false);
                return "known";
            case ["wait", string prefix, string from, string end]:
                _waits = [.. Enumerable.Range(Number(from), Number(end) - Number(from)).Select(each => _locks.LockAsync(Name(prefix, each), LockMode.Exclusive, _end.Token).AsTask())];
                return "waiting";
            case [Outcome]:
                return Text(await EndWaitsAsync().ConfigureAwait(false));
            case ["free", string prefix]:
                if (_held.TryRemove(prefix, out List<LockHandle>? held))
                    await Task.WhenAll(held.Select(each => each.DisposeAsync().AsTask())).ConfigureAwait(false);
                return "free";
            case ["load", string prefix, string count]:
                _load = Task.Run(() => LoadAsync(prefix, Number(count)));
                return "loading";
            case ["stop", string file]:
                await _end.CancelAsync().ConfigureAwait(false);
                List<Timing> timings = await _load.ConfigureAwait(false);
                Timing.Write(file, timings);
                return Text(timings.Count);
            default:
                return "what?";
        }
    }

    private async Task TakeAsync(string prefix, int count, LockMode mode)
    {
        List<LockHandle> taken = _held.GetOrAdd(prefix, _ => []);
        for (int from = 0; from < count; from += AtATime)
        {
            IEnumerable<Task<LockHandle>> some = Enumerable.Range(from, Math.Min(AtATime, count - from)).Select(each => _locks.LockAsync(Name(prefix, each), mode, _end.Token).AsTask());
            taken.AddRange(await Task.WhenAll(some).ConfigureAwait(false));
        }
    }

    private async Task<int> EndWaitsAsync()
    {
        int granted = 0;
        foreach (Task<LockHandle> wait in _waits)
        {
            try
            {
                LockHandle handle = await wait.ConfigureAwait(false);
                granted++;
                await handle.DisposeAsync().ConfigureAwait(false);
            }
            catch (TyerException failure)
            {
                await Console.Error.WriteLineAsync(failure.Message).ConfigureAwait(false);
            }
        }

        _waits = [];
        return granted;
    }

    private async Task<List<Timing>> LoadAsync(string prefix, int count)
    {
        var timings = new List<Timing>(1 << 20);
        for (int each = 0; !_end.IsCancellationRequested; each = (each + 1) % count)
        {
            long began = Stopwatch.GetTimestamp();
            LockHandle handle = await _locks.LockAsync(Name(prefix, each)).ConfigureAwait(false);
            await handle.ReleaseAsync().ConfigureAwait(false);
            timings.Add(new Timing(began, Stopwatch.GetTimestamp() - began));
        }

        return timings;
    }

    private static string Name(string prefix, int number) => prefix + Text(number);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
