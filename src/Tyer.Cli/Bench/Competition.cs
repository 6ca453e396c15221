namespace Tyer.Cli.Bench;

/// <summary>
/// Tasks that all want one lock: each takes it, counts, and gives it up, so that every acquisition is a hand-off while others wait. It is also a
/// check: what the lock protects is changed without any other protection.
/// </summary>
internal sealed class Competition(ILockspace locks, ResourceName name, int competitors)
{
    private readonly long[] _acquisitions = new long[competitors];
    private TaskCompletionSource? _allQueued;
    private int _queued;
    private int _left;
    private int _inside;

    /// <summary>Acquisitions of the most served divided by those of the least served, over all rounds.</summary>
    public double Fairness => (double)_acquisitions.Max() / Math.Max(1, _acquisitions.Min());

    public async Task RunAsync(int handOffs)
    {
        _left = Math.Max(handOffs, competitors);
        _queued = 0;
        _allQueued = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Held until all wait: else the first would have it to himself for a while, which would look like unfairness.
        LockHandle gate = await locks.LockAsync(name, LockMode.Exclusive).ConfigureAwait(false);
        Task competition = Task.WhenAll(Enumerable.Range(0, competitors).Select(number => Task.Run(() => CompeteAsync(number))));
        await _allQueued.Task.ConfigureAwait(false);
        gate.Dispose();
        await competition.ConfigureAwait(false);
    }

    private async Task CompeteAsync(int number)
    {
        ValueTask<LockHandle> waiting = locks.LockAsync(name, LockMode.Exclusive);
        if (Interlocked.Increment(ref _queued) == competitors) _allQueued!.SetResult();
        while (true)
        {
            LockHandle held = await waiting.ConfigureAwait(false);
            Invariant.Check(Interlocked.Increment(ref _inside) == 1, "one holder of an exclusive lock at a time");
            bool over = --_left < 0;
            if (!over) _acquisitions[number]++;
            Interlocked.Decrement(ref _inside);
            held.Dispose();
            if (over) return;
            waiting = locks.LockAsync(name, LockMode.Exclusive);
        }
    }
}
