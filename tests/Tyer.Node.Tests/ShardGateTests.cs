using Tyer.Node.Shards;

namespace Tyer.Node.Tests;

/// <summary>The short lock of a shard: one thread at a time, and nobody is left asleep.</summary>
public sealed class ShardGateTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private readonly ShardGate _gate = new();
    private int _inside;
    private int _meetings;
    private long _passages;

    [Fact]
    public void One_thread_is_inside_at_a_time_and_all_get_through()
    {
        const int threads = 4;
        const int rounds = 50_000;
        var running = Start(threads, () =>
        {
            for (var round = 0; round < rounds; round++)
            {
                // Now and then the processor is given away inside, so that others tire of trying and go to sleep.
                Pass(yields: round % 64 == 0);
            }
        });

        JoinAll(running);
        Assert.Equal(0, _meetings);
        Assert.Equal(threads * rounds, _passages);
    }

    [Fact]
    public void Those_who_sleep_are_woken_one_after_the_other()
    {
        _gate.Enter();
        var sleeping = Start(3, () => Pass(yields: false));
        Assert.True(SpinWait.SpinUntil(() => sleeping.All(thread => thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin)), Long));
        Assert.Equal(0, _passages);

        _gate.Leave();

        JoinAll(sleeping);
        Assert.Equal(3, _passages);
    }

    [Fact]
    public void A_thread_that_enters_twice_is_told_instead_of_waiting_for_itself()
    {
        _gate.Enter();

        Assert.Throws<InvariantBrokenException>(_gate.Enter);
        _gate.Leave();
        Pass(yields: false);
    }

    [Fact]
    public void Who_enters_unnamed_is_alone_too_and_is_told_if_he_was_inside()
    {
        _gate.EnterUnnamed();
        var sleeping = Start(2, () => Pass(yields: false));
        Assert.True(SpinWait.SpinUntil(() => sleeping.All(thread => thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin)), Long));
        Assert.Equal(0, _passages);
        _gate.Leave();
        JoinAll(sleeping);

        _gate.Enter();
        Assert.Throws<InvariantBrokenException>(_gate.EnterUnnamed);
        _gate.Leave();
    }

    private void Pass(bool yields)
    {
        _gate.Enter();
        if (++_inside != 1)
            _meetings++;
        if (yields)
            Thread.Yield();
        _passages++;
        _inside--;
        _gate.Leave();
    }

    private static List<Thread> Start(int count, ThreadStart work)
    {
        List<Thread> threads = [.. Enumerable.Range(0, count).Select(_ => new Thread(work) { IsBackground = true })];
        threads.ForEach(thread => thread.Start());
        return threads;
    }

    private static void JoinAll(List<Thread> threads) => Assert.All(threads, thread => Assert.True(thread.Join(Long)));
}
