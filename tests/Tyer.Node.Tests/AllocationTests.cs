using System.Runtime.CompilerServices;

namespace Tyer.Node.Tests;

/// <summary>What an uncontended lock and its release take from the heap, once all that is pooled is there.</summary>
public sealed class AllocationTests
{
    private const int Rounds = 10_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lock_and_its_release_take_one_small_object(bool inline)
    {
        await using var embedded = await EmbeddedNode.StartAsync(inline);
        var locks = embedded.Locks;
        const string name = "orders/42";

        var bytes = BytesOf(rounds =>
        {
            for (var round = 0; round < rounds; round++)
            {
                var locking = locks.LockAsync(name, LockMode.Exclusive);
                if (!locking.IsCompletedSuccessfully)
                    throw new InvalidOperationException("a lock that nobody holds is granted within the call");
                locking.Result.Dispose();
            }
        });

        await using var handle = await locks.LockAsync("another", cancellationToken: TestContext.Current.CancellationToken);
        var handleBytes = BytesOf(rounds =>
        {
            for (var round = 0; round < rounds; round++)
                RuntimeHelpers.GetUninitializedObject(handle.GetType());
        }) / Rounds;
        // As much as its handle, and nothing beside.
        Assert.Equal(handleBytes, bytes / (double)Rounds);
        Assert.InRange(handleBytes, 1, 128);
    }

    [Fact]
    public async Task The_classic_interface_takes_nothing()
    {
        await using var embedded = await EmbeddedNode.StartAsync(inline: true);
        var raw = embedded.Locks.Raw;
        var told = 0;
        var block = new LockStatusBlock();
        var callbacks = new RawCallbacks(_ => told++);

        var bytes = BytesOf(rounds =>
        {
            for (var round = 0; round < rounds; round++)
            {
                Accept(raw.Lock("orders/42"u8, LockMode.Exclusive, RawFlags.None, block, callbacks));
                Accept(raw.Unlock(block.Id, RawFlags.None, block, callbacks));
            }
        });

        Assert.Equal(2 * 3 * Rounds, told);
        Assert.Equal(RawStatus.Unlocked, block.Status);
        Assert.Equal(0, bytes);

        static void Accept(RawResult result)
        {
            if (result != RawResult.Accepted)
                throw new InvalidOperationException($"refused: {result}");
        }
    }

    /// <summary>Twice to warm up (pools fill, code is compiled), then the round that counts; all of it on this thread.</summary>
    private static long BytesOf(Action<int> run)
    {
        run(Rounds);
        run(Rounds);
        var before = GC.GetAllocatedBytesForCurrentThread();
        run(Rounds);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
