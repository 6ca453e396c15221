namespace Tyer.Node.Shards;

/// <summary>Lets time pass in the shards: a thread of its own, for pool timers starve exactly when a node is in trouble.</summary>
internal sealed class TimerThread : IDisposable
{
    private readonly ShardSet _shards;
    private readonly Action<TimeSpan> _afterTick;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;

    internal TimerThread(ShardSet shards, Action<TimeSpan> afterTick)
    {
        _shards = shards;
        _afterTick = afterTick;
        _thread = new Thread(Run) { IsBackground = true, Name = "tyer-timer" };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Set();
        if (Thread.CurrentThread != _thread)
            _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            var next = _shards.Tick();
            var now = _shards.Clock.Now;
            _afterTick(now);
            var pause = next - now;
            if (pause > NodeLimits.TickMax)
                pause = NodeLimits.TickMax;
            else if (pause < TimeSpan.FromMilliseconds(1))
                pause = TimeSpan.FromMilliseconds(1);
            if (_stop.Wait(pause))
                return;
        }
    }
}
