using System.Collections.Concurrent;
using BenchmarkDotNet.Attributes;

namespace Tyer.Bench.Node;

/// <summary>What an application pays for an uncontended lock of a node in its own process, beside what it would do without one.</summary>
[MemoryDiagnoser]
public class EmbeddedNodeBenchmarks
{
    private const string Text = "orders/42";

    private static readonly byte[] Bytes = "orders/42"u8.ToArray();

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _semaphores = new();
    private readonly LockStatusBlock _block = new();
    private readonly RawCallbacks _callbacks = new(static _ => { });
    private readonly ResourceName _name = Text;
    private TyerNode _node = null!;
    private ILockspace _locks = null!;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _node = await TyerNode.StartAsync(new TyerNodeOptions { Name = "n1", Volatile = true, InlineCompletions = true });
        _locks = await _node.OpenLockspaceAsync("orders");
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await _locks.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Benchmark(Description = "SemaphoreSlim in a dictionary", Baseline = true)]
    public async Task SemaphoreAsync()
    {
        var semaphore = _semaphores.GetOrAdd(Text, static _ => new SemaphoreSlim(1, 1));
        await semaphore.WaitAsync();
        semaphore.Release();
    }

    [Benchmark(Description = "lock EX, dispose")]
    public async Task PairAsync()
    {
        await using var held = await _locks.LockAsync(Text, LockMode.Exclusive);
    }

    [Benchmark(Description = "lock EX, dispose, name made once")]
    public async Task PairOfNameAsync()
    {
        await using var held = await _locks.LockAsync(_name, LockMode.Exclusive);
    }

    [Benchmark(Description = "classic interface: lock EX, unlock")]
    public void ClassicPair()
    {
        Expect(_locks.Raw.Lock(Bytes, LockMode.Exclusive, RawFlags.None, _block, _callbacks), RawStatus.Ok);
        Expect(_locks.Raw.Unlock(_block.Id, RawFlags.None, _block, _callbacks), RawStatus.Unlocked);
    }

    private void Expect(RawResult result, RawStatus status)
    {
        if (result != RawResult.Accepted || _block.Status != status)
            throw new InvalidOperationException($"answered {result}, ended {_block.Status}");
    }
}
