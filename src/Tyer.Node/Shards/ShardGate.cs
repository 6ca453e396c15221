using System.Runtime.CompilerServices;

namespace Tyer.Node.Shards;

/// <summary>
/// The short lock of a shard. It is taken for the length of one call of an engine, nearly always by somebody who finds it free; so that is
/// what it is made for: one atomic instruction to enter and none to leave, where the framework's lock has one for each. Who does not find it
/// free tries for a moment, and then sleeps.
/// </summary>
/// <remarks>
/// Leaving is a plain store of "free" followed by a plain load of "does somebody sleep?". A processor may do the two in the other order, and
/// a sleeper that came in between would never be woken. The fence against that is the sleeper's to pay for: one that holds for all processors,
/// after it has said that it is there and before it looks a last time. Who leaves later sees it; who left earlier is seen by it.
/// </remarks>
internal sealed class ShardGate
{
    // A third of them spin, for about a microsecond in all; the others give the processor to whoever else is ready to run.
    private const int TriesMax = 30;

    private readonly object _dormitory = new();
    private const int Somebody = -1;

    private int _holder; // the managed id of the thread inside, or somebody; 0 when nobody is
    private int _sleepers;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Enter()
    {
        if (!TryEnter())
            EnterWhenLeft();
    }

    /// <summary>
    /// The same for who calls nobody while he is inside, and so cannot come to enter twice. He need not say who he is: to find that out takes
    /// as long as to enter.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EnterUnnamed()
    {
        if (Interlocked.CompareExchange(ref _holder, Somebody, 0) != 0)
            EnterWhenLeft();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Leave()
    {
        Volatile.Write(ref _holder, 0);
        if (Volatile.Read(ref _sleepers) != 0)
            Wake();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryEnter() => Interlocked.CompareExchange(ref _holder, Environment.CurrentManagedThreadId, 0) == 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EnterWhenLeft()
    {
        Invariant.Check(_holder != Environment.CurrentManagedThreadId, "a thread enters a shard once");
        var spinner = default(SpinWait);
        while (spinner.Count < TriesMax)
        {
            // Never its sleep of a millisecond: who sleeps here is woken.
            spinner.SpinOnce(sleep1Threshold: -1);
            if (Volatile.Read(ref _holder) == 0 && TryEnter())
                return;
        }

        Interlocked.Increment(ref _sleepers);
        Interlocked.MemoryBarrierProcessWide();
        lock (_dormitory)
        {
            // One that is woken may find that another was quicker; that one's leaving wakes again.
            while (!TryEnter())
                Monitor.Wait(_dormitory);
        }

        Interlocked.Decrement(ref _sleepers);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Wake()
    {
        lock (_dormitory)
            Monitor.Pulse(_dormitory);
    }
}
